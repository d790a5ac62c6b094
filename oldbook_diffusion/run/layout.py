"""RunLayout: where everything of a run is.

config.yaml  report.html  before_after.png  bad_samples.jsonl
checkpoints/  step=N.ckpt, step=N/ (the adapter), last.ckpt, best/, best.ckpt, best.json,
confirmed.json
images/       base/ and step=N/ (samples, scores.json, embeddings.safetensors), plates/,
reference_set.safetensors, validity.json
blind/        page.html, NAME.key.json of each test, answers.json, result.json
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

STEP = "step={step:06d}"  # a checkpoint's name, as Lightning formats it
CHECKPOINT = ".ckpt"
EVENTS = re.compile(r"events\.out\.tfevents\.(\d+)")


@dataclass(frozen=True)
class RunLayout:
    """The paths of one run.

    Attributes:
        path: The run's folder, such as runs/nano/version_0.
    """

    path: Path

    @classmethod
    def of_checkpoint(cls, checkpoint: Path) -> Self:
        """The run that a checkpoint file belongs to."""
        return cls(checkpoint.resolve().parent.parent)

    @property
    def name(self) -> str:
        """The last two parts of its path."""
        return "/".join(self.path.resolve().parts[-2:])

    @property
    def config(self) -> Path:
        """The config as it was at the start of the run."""
        return self.path / "config.yaml"

    @property
    def lock(self) -> Path:
        """The file that a process locks while it writes to the run."""
        return self.path / ".lock"

    @property
    def report(self) -> Path:
        """The report page."""
        return self.path / "report.html"

    @property
    def bad_samples(self) -> Path:
        """A line of JSON for each sample of the data that could not be used."""
        return self.path / "bad_samples.jsonl"

    @property
    def before_after(self) -> Path:
        """The sheet of the base model's and the fine-tuned model's samples."""
        return self.path / "before_after.png"

    @property
    def images(self) -> Path:
        """The folder of all samples."""
        return self.path / "images"

    @property
    def checkpoints(self) -> Path:
        """The folder of all checkpoints."""
        return self.path / "checkpoints"

    @property
    def drafts(self) -> list[Path]:
        """Files that a killed process has left half written."""
        return list(self.path.rglob(".*.tmp"))

    @property
    def is_unused(self) -> bool:
        """Whether it is a run's own and holds no more than is written before a run begins."""
        first = (self.config, self.lock, self.path / "hparams.yaml")
        return self.path.name.startswith("version_") and all(
            file in first or EVENTS.match(file.name) for file in self.path.glob("*")
        )

    @property
    def checkpoint_files(self) -> list[Path]:
        """Every checkpoint file that is no link, in the order of their steps."""
        found = self.checkpoints.glob(f"*{CHECKPOINT}")
        return sorted((file for file in found if not file.is_symlink()), key=natural)

    @property
    def version(self) -> int:
        """The number at the end of its name, or -1."""
        digits = re.search(r"\d+$", self.path.name)
        return int(digits[0]) if digits else -1

    @property
    def started(self) -> float:
        """When training in it began last, in seconds since 1970.

        The names of TensorBoard's files say so; times of files, where there are none, are those
        of the copy in a copy.
        """
        found = (EVENTS.match(file.name) for file in self.path.glob("events.out.tfevents.*"))
        times = [float(name[1]) for name in found if name]
        return max(times or [file.stat().st_mtime for file in self.checkpoint_files], default=0.0)

    def checkpoint(self, step: int) -> Path:
        """The checkpoint file of a step."""
        return self.checkpoints / (STEP.format(step=step) + CHECKPOINT)

    def adapter(self, step: int) -> Path:
        """The folder of a step's exported adapter."""
        return self.checkpoints / STEP.format(step=step)

    @property
    def best_adapter(self) -> Path:
        """The link to the selected checkpoint's adapter."""
        return self.checkpoints / "best"

    @property
    def best_checkpoint(self) -> Path:
        """The link to the selected checkpoint's file."""
        return self.checkpoints / f"best{CHECKPOINT}"

    @property
    def sampled_steps(self) -> list[int]:
        """The steps that samples were kept of, without the base model's."""
        return sorted(int(folder.name[5:]) for folder in self.images.glob("step=*"))

    def samples_of(self, step: int) -> Path:
        """The folder of a step's samples; step 0 is the base model."""
        return self.images / (STEP.format(step=step) if step else "base")

    def embeddings_of(self, step: int) -> Path:
        """The file of the embeddings of a step's samples."""
        return self.samples_of(step) / "embeddings.safetensors"

    @property
    def reference_set(self) -> Path:
        """The file of everything that samples are compared with."""
        return self.images / "reference_set.safetensors"

    def plate(self, number: int) -> Path:
        """The image of a training plate that samples are nearest to."""
        return self.images / f"plates/{number:05d}.jpg"

    @property
    def kept_plates(self) -> list[Path]:
        """The images of all training plates that samples were nearest to."""
        return sorted((self.images / "plates").glob("*.jpg"))

    @property
    def blind(self) -> Path:
        """The folder of blind tests."""
        return self.path / "blind"

    @property
    def blind_page(self) -> Path:
        """The page of the last blind test that was made."""
        return self.blind / "page.html"

    def blind_key(self, name: str) -> Path:
        """The key of a blind test: whose images it shows."""
        return self.blind / f"{name}.key.json"

    @property
    def blind_answers(self) -> Path:
        """What viewers have answered."""
        return self.blind / "answers.json"

    @property
    def blind_result(self) -> Path:
        """What came of the answers."""
        return self.blind / "result.json"

    @property
    def validity(self) -> Path:
        """The validity checks of the encoder, as data."""
        return self.images / "validity.json"

    @property
    def selection(self) -> Path:
        """Which checkpoint is selected, and why."""
        return self.checkpoints / "best.json"

    @property
    def confirmation(self) -> Path:
        """The scores of the selected checkpoint on noise and prompts it was not selected by."""
        return self.checkpoints / "confirmed.json"

    def scores_of(self, step: int) -> Path:
        """The scores of a step's samples."""
        return self.samples_of(step) / "scores.json"


def natural(file: Path) -> list[tuple[int, str]]:
    """Sort key of a name by its numbers: seed 10 comes after seed 9."""
    return [
        (int(part or 0), "") if part.isdigit() else (-1, part)
        for part in re.split(r"(\d+)", file.name)
    ]
