"""Contestants of a blind test: the checkpoints whose samples are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.run.folder import RunFolder


@dataclass(frozen=True)
class Contestant:
    """A checkpoint whose samples are shown; step 0 is the base model.

    Attributes:
        run: Folder of its run.
        step: Of the checkpoint.
        samples: By prompt, its samples in the order of their seeds.
    """

    run: RunFolder
    step: int
    samples: dict[str, list[Path]]

    @property
    def name(self) -> str:
        """Its name in keys and results."""
        return f"{self.run.name} step {self.step}" if self.step else f"{self.run.name} base"


def choose(
    runs: Sequence[RunFolder], steps: Sequence[int] | None, notes: list[str]
) -> list[Contestant]:
    """The checkpoints to show; the base model once, of the first run.

    Raises:
        OldBookError: A run has no samples, or none of a step that was asked for.
    """
    found: list[Contestant] = []
    for number, run in enumerate(runs):
        there = sampled(run)
        wanted = steps or [0, run.read_selection().get("step") or there[-1]]
        if 0 in wanted and 0 not in there:
            notes.append(f"{run.name} has no samples of its base model: they are not shown")
        if missing := [step for step in wanted if step and step not in there]:
            raise OldBookError(
                f"{run.path} has no samples of step {missing[0]}: take some of "
                f"{', '.join(map(str, there))}"
            )
        shown = [step for step in wanted if step or (0 in there and not number)]
        found += [Contestant(run, step, samples_of(run, step)) for step in shown]
    return found


def sampled(run: RunFolder) -> list[int]:
    """The steps that a run has samples of, 0 for the base model.

    Raises:
        OldBookError: There is none of a checkpoint.
    """
    there = [step for step in (0, *run.sampled_steps) if run.samples_of(step).is_dir()]
    if not any(there):
        raise OldBookError(
            f"{run.path} has no samples of a checkpoint: give the folder of a run with samples, "
            "such as runs/nano/version_0"
        )
    return there


def samples_of(run: RunFolder, step: int) -> dict[str, list[Path]]:
    """The samples of a step by prompt."""
    found: dict[str, list[Path]] = {}
    for sample in run.read_samples(step):
        found.setdefault(sample.metadata.get("prompt", ""), []).append(sample.file)
    return found


def shared_prompts(contestants: Sequence[Contestant]) -> list[str]:
    """The prompts that all have samples of.

    Raises:
        OldBookError: There is none.
    """
    prompts = [p for p in contestants[0].samples if all(p in one.samples for one in contestants)]
    if not prompts:
        raise OldBookError("these runs have no prompt in common: give runs of the same prompts")
    return prompts
