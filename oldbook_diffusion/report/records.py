"""What a run has left in its folder, read without a model."""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.compute import measure
from oldbook_diffusion.metrics.reference_set import ReferenceSet, SampleEmbeddings

Key = tuple[str, str]  # a prompt and a seed
ENDS = ("", "_lower", "_upper")
CHANGES = tuple(f"val/change_band_{band}{end}" for band in range(1, 6) for end in ENDS)
MEMBERSHIP = "memorisation/loss_auc"
LOSSES = ("train/loss", *(f"val/loss{end}" for end in ENDS), *CHANGES, MEMBERSHIP)


@dataclass(frozen=True)
class Drawing:
    """A drawing and what is written inside it about its making."""

    file: Path
    origin: dict[str, str]

    @property
    def key(self) -> Key:
        """What tells drawings of one checkpoint apart."""
        return self.origin.get("prompt", self.file.stem), self.origin.get("seed", "")


@dataclass(frozen=True)
class Near:
    """The training plate that a drawing is nearest to."""

    file: Path
    caption: str
    similarity: float


@dataclass(frozen=True)
class Checkpoint:
    """What was drawn and measured at one step; step 0 is the base model."""

    step: int
    drawings: dict[Key, Drawing]
    scores: dict[str, float]
    nearest: dict[Key, Near]


@dataclass
class Run:
    """One run's folder.

    Attributes:
        folder: Where it is.
        missing: What should be there and is not, in sentences.

    Raises:
        OldBookError: The folder is no run's.
    """

    folder: Path
    missing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not (self.folder / "images/base").is_dir():
            raise OldBookError(
                f"{self.folder} is not the folder of a run with drawings: it has no images/base; "
                "give one such as runs/nano/version_0"
            )

    @property
    def name(self) -> str:
        """The last two parts of its path."""
        return "/".join(self.folder.resolve().parts[-2:])

    @cached_property
    def panel(self) -> ReferenceSet | None:
        """What its checkpoints are measured against, where it was kept."""
        try:
            return ReferenceSet.from_tensors(load_file(self.folder / "images/panel.safetensors"))
        except (OSError, SafetensorError, TypeError):
            self.missing.append("images/panel.safetensors: the scores shown are those kept")
            return None

    @cached_property
    def origin(self) -> dict[str, str]:
        """The encoder that its scores were measured with, by name, and the hash of its weights."""
        try:
            with safe_open(self.folder / "images/panel.safetensors", "pt") as file:
                return dict(file.metadata() or {})
        except (OSError, SafetensorError):
            return {}

    @property
    def encoder(self) -> str:
        """That encoder in words."""
        if "encoder" not in self.origin:
            return "an encoder that is not known"
        return f"{self.origin['encoder']} (weights {self.origin.get('weights')})"

    @cached_property
    def config(self) -> str:
        """The config as it was written at the start of the run."""
        file = self.folder / "config.yaml"
        return file.read_text() if file.is_file() else ""

    @cached_property
    def choice(self) -> dict[str, Any]:
        """Which checkpoint the run recommends, and why."""
        return read_record(self.folder / "checkpoints/best.json")

    @cached_property
    def confirmed(self) -> dict[str, dict[str, float]]:
        """What the chosen checkpoint scores on fresh noise and fresh prompts."""
        record = read_record(self.folder / "checkpoints/confirmed.json")
        current = record.get("step") == self.choice.get("step")
        return dict(record.get("scores", {})) if current else {}

    @cached_property
    def gate(self) -> dict[str, Any]:
        """What the encoder was asked before the first step, and how it answered."""
        return read_record(self.folder / "images/gate.json")

    @cached_property
    def checkpoints(self) -> list[Checkpoint]:
        """Everything that was drawn, the base model first."""
        folders = sorted((self.folder / "images").glob("step=*"))
        if not folders:
            self.missing.append("checkpoints: the run has drawn nothing but the base model yet")
        steps = [(0, self.folder / "images/base"), *((int(f.name[5:]), f) for f in folders)]
        told = {step: {MEMBERSHIP: value} for step, value in self.losses.get(MEMBERSHIP, [])}
        whole = [
            Checkpoint(s, read_drawings(f), self.scores(f) | told.get(s, {}), read_nearest(f))
            for s, f in steps
        ]
        for checkpoint in whole[1:]:
            lost = len(whole[0].drawings.keys() - checkpoint.drawings.keys())
            if lost:
                self.missing.append(f"{lost} drawings of step {checkpoint.step}")
        return whole

    def scores(self, folder: Path) -> dict[str, float]:
        """The scores of one checkpoint, computed again where its embeddings were kept."""
        file = folder / "scores.json"
        kept: dict[str, float] = read_record(file).get("scores", {})
        try:
            drawings = SampleEmbeddings.from_tensors(load_file(folder / "embeddings.safetensors"))
        except (OSError, SafetensorError, KeyError):
            self.missing.append(f"images/{folder.name}/embeddings.safetensors")
            return kept
        return kept if self.panel is None else {**kept, **measure(self.panel, drawings)}

    @cached_property
    def losses(self) -> dict[str, list[tuple[int, float]]]:
        """The curves of the losses, from TensorBoard's files."""
        reader = EventAccumulator(str(self.folder), size_guidance={"scalars": 500})
        reader.Reload()
        tags = [tag for tag in reader.Tags()["scalars"] if tag in LOSSES]
        return {tag: [(e.step, e.value) for e in reader.Scalars(tag)] for tag in tags}


def read_record(file: Path) -> dict[str, Any]:
    """A JSON file of a run; empty where there is none, or half of one."""
    try:
        content: dict[str, Any] = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return content


def read_nearest(folder: Path) -> dict[Key, Near]:
    """The nearest training plates of the drawings of one checkpoint, where they were kept."""
    plates, nearest = folder.parent / "plates", {}
    for row in read_record(folder / "scores.json").get("drawings", []):
        file = plates / f"{row.get('plate', -1):05d}.jpg"
        if file.is_file():
            words = str(read_record(file.with_suffix(".json")).get("caption", ""))
            nearest[row["prompt"], str(row["seed"])] = Near(file, words, row["similarity"])
    return nearest


def by_numbers(file: Path) -> list[tuple[int, str]]:
    """Order names as a reader does: seed 10 comes after seed 9."""
    return [
        (int(part or 0), "") if part.isdigit() else (-1, part)
        for part in re.split(r"(\d+)", file.name)
    ]


def read_drawings(folder: Path) -> dict[Key, Drawing]:
    """The drawings of one checkpoint, by prompt and seed; what cannot be read is left out."""
    drawings = {}
    for file in sorted(folder.glob("*.png"), key=by_numbers):
        try:
            with Image.open(file) as picture:
                origin = {str(name): str(value) for name, value in picture.info.items()}
        except OSError:
            continue
        drawing = Drawing(file, origin)
        drawings[drawing.key] = drawing
    return drawings
