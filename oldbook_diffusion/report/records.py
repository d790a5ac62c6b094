"""Run: the results in a run's folder, read without a model."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.catalogue import BAND_CHANGES, LOSS_AUC, TRAIN_LOSS, VAL_LOSS
from oldbook_diffusion.metrics.compute import compute_scores
from oldbook_diffusion.metrics.reference_set import ReferenceSet
from oldbook_diffusion.run.folder import Plate, RunFolder, Sample

Key = tuple[str, str]  # a prompt and a seed
NAMED = {"prompt", "seed"}  # what is kept of each sample, among others
NEAREST = {"plate", "similarity"}  # and of those that were compared with the training plates
LOSSES = {tag for curve in (VAL_LOSS, *BAND_CHANGES) for tag in curve.tags}
LOSSES |= {TRAIN_LOSS.tag, LOSS_AUC.tag}


@dataclass(frozen=True)
class Near:
    """The training plate that a sample is nearest to."""

    plate: Plate
    similarity: float


@dataclass(frozen=True)
class Checkpoint:
    """What was sampled and scored at one step; step 0 is the base model."""

    step: int
    samples: dict[Key, Sample]
    scores: dict[str, float]
    nearest: dict[Key, Near]


@dataclass
class Run:
    """One run.

    Attributes:
        path: Its folder.
        missing: Results that are missing or unreadable, in sentences.

    Raises:
        OldBookError: The folder is no run's.
    """

    path: Path
    missing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = RunFolder(self.path)
        if not self.folder.samples_of(0).is_dir():
            raise OldBookError(
                f"{self.path} is not the folder of a run with samples: it has no "
                f"{self.relative(self.folder.samples_of(0))}; give one such as runs/nano/version_0"
            )

    def relative(self, file: Path) -> str:
        """The place of a file in the folder."""
        return str(file.relative_to(self.path))

    def damaged(self, file: Path) -> dict[str, Any]:
        """Note a file whose content is of another kind than it should be; nothing is read of it."""
        told = f"{self.relative(file)}: it is damaged"
        if told not in self.missing:
            self.missing.append(told)
        return {}

    @property
    def name(self) -> str:
        """The last two parts of its path."""
        return self.folder.name

    @cached_property
    def references(self) -> ReferenceSet | None:
        """What its checkpoints are compared with, where it was kept."""
        try:
            return self.folder.read_reference_set()
        except OldBookError:
            file = self.relative(self.folder.reference_set)
            self.missing.append(f"{file}: the scores shown are those kept")
            return None

    @cached_property
    def metadata(self) -> dict[str, str]:
        """The encoder that its scores were measured with, by name, and the hash of its weights."""
        return self.folder.read_encoder()

    @property
    def encoder(self) -> str:
        """That encoder in words."""
        if "encoder" not in self.metadata:
            return "an unknown encoder"
        return f"{self.metadata['encoder']} (weights {self.metadata.get('weights')})"

    @cached_property
    def config(self) -> str:
        """The config as it was written at the start of the run."""
        file = self.folder.config
        return file.read_text(errors="replace") if file.is_file() else ""

    @cached_property
    def selection(self) -> dict[str, Any]:
        """Which checkpoint the run recommends, and why."""
        return self.folder.read_selection()

    @cached_property
    def confirmed(self) -> dict[str, dict[str, float]]:
        """What the selected checkpoint scores on fresh noise and fresh prompts."""
        return self.folder.read_confirmation()

    @cached_property
    def validity(self) -> dict[str, Any]:
        """The validity checks of the encoder."""
        record = self.folder.read_validity()
        lists = [record.get(name) or [] for name in ("checks", "not_run", "unverified")]
        if not all(isinstance(one, list) for one in lists) or not all(
            isinstance(check, dict) for check in lists[0]
        ):
            return self.damaged(self.folder.validity)
        return record

    @cached_property
    def checkpoints(self) -> list[Checkpoint]:
        """Everything that was sampled, the base model first."""
        steps = [0, *self.folder.sampled_steps]
        if len(steps) == 1:
            self.missing.append("checkpoints: only the base model was sampled so far")
        logged = {step: {LOSS_AUC.tag: value} for step, value in self.losses.get(LOSS_AUC.tag, [])}
        whole = [
            Checkpoint(
                step, self.samples(step), self.scores(step) | logged.get(step, {}), self.near(step)
            )
            for step in steps
        ]
        for checkpoint in whole[1:]:
            lost = len(whole[0].samples.keys() - checkpoint.samples.keys())
            if lost:
                self.missing.append(f"{lost} samples of step {checkpoint.step}")
        return whole

    def samples(self, step: int) -> dict[Key, Sample]:
        """The samples of one checkpoint, by prompt and seed."""
        samples = self.folder.read_samples(step)
        return {
            (s.metadata.get("prompt", s.file.stem), s.metadata.get("seed", "")): s for s in samples
        }

    def record(self, step: int) -> dict[str, Any]:
        """What was kept of the scores of one checkpoint."""
        record = self.folder.read_scores(step)
        scores, samples = record.get("scores", {}), record.get("samples", [])
        whole = isinstance(scores, dict) and isinstance(samples, list)
        if not whole or not all(isinstance(score, int | float) for score in scores.values()):
            return self.damaged(self.folder.scores_of(step))
        if not all(isinstance(row, dict) and row.keys() >= NAMED for row in samples):
            return self.damaged(self.folder.scores_of(step))
        return record

    def scores(self, step: int) -> dict[str, float]:
        """The scores of one checkpoint, recomputed where its embeddings were kept."""
        kept = self.record(step).get("scores", {})
        try:
            embeddings = self.folder.read_embeddings(step)
        except OldBookError:
            self.missing.append(self.relative(self.folder.embeddings_of(step)))
            return kept
        if self.references is None:
            return kept
        return {**kept, **compute_scores(self.references, embeddings)}

    def near(self, step: int) -> dict[Key, Near]:
        """The nearest training plates of the samples of one checkpoint, where they were kept."""
        nearest = {}
        for row in self.record(step).get("samples", []):
            if row.keys() >= NEAREST and (plate := self.folder.read_plate(row["plate"])):
                nearest[row["prompt"], str(row["seed"])] = Near(plate, row["similarity"])
        return nearest

    @cached_property
    def losses(self) -> dict[str, list[tuple[int, float]]]:
        """The curves of the losses, from TensorBoard's files."""
        reader = EventAccumulator(str(self.path), size_guidance={"scalars": 500})
        try:
            reader.Reload()
        except (OSError, ValueError):
            self.missing.append("the curves of TensorBoard")
            return {}
        tags = [tag for tag in reader.Tags()["scalars"] if tag in LOSSES]
        return {tag: [(e.step, e.value) for e in reader.Scalars(tag)] for tag in tags}
