"""Plan of a blind test: whose samples are named, and which are compared."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from oldbook_diffusion.blind.contestants import Contestant, choose, shared_prompts
from oldbook_diffusion.blind.questions import Question, ask
from oldbook_diffusion.run.folder import RunFolder

STRIP = 6  # plates that are shown
FEWEST = 5  # prompts for an interval


@dataclass(frozen=True)
class Plan:
    """A whole test.

    Attributes:
        runs: Folders of the runs.
        contestants: Whose samples are shown.
        prompts: All names to choose from, sorted.
        questions: In the order of the page.
        plates: What the style of an image is compared with.
        notes: What is left out and why, in sentences.
    """

    runs: list[RunFolder]
    contestants: list[Contestant]
    prompts: list[str]
    questions: list[Question]
    plates: list[Path]
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """A name that depends on all that is asked; it tells nothing."""
        asked = [
            (q.kind, q.shown, q.prompt, [file.name for file in q.images]) for q in self.questions
        ]
        return blake2b(repr(asked).encode(), digest_size=6).hexdigest()

    @property
    def key(self) -> dict[str, Any]:
        """Whose images are shown, to be kept beside the runs."""
        return {
            "name": self.name,
            "runs": [run.name for run in self.runs],
            "contestants": {
                one.name: {"run": self.runs.index(one.run), "step": one.step}
                for one in self.contestants
            },
            "last_steps": [max(run.sampled_steps, default=0) for run in self.runs],
            "prompts": self.prompts,
            "questions": [
                {"kind": q.kind, "shown": q.shown, "prompt": q.prompt, "repeats": q.repeats}
                for q in self.questions
            ],
        }


def make_plan(runs: Sequence[RunFolder], steps: Sequence[int] | None, seed: int) -> Plan:
    """Choose contestants and questions.

    Args:
        runs: Folders of runs.
        steps: Checkpoints of each run, 0 being the base model; the base model and the selected
            or last one when null.
        seed: Of the order and the sides.

    Raises:
        OldBookError: There is nothing to show.
    """
    notes: list[str] = []
    contestants = choose(runs, steps, notes)
    prompts = shared_prompts(contestants)
    if len(prompts) < FEWEST:
        notes.append(
            f"there are {len(prompts)} prompts: intervals need {FEWEST}, and the smallest p of "
            f"naming is 1 / {len(prompts)} factorial"
        )
    dice = random.Random(repr((seed, [one.name for one in contestants])))
    plates = sorted(itertools.chain.from_iterable(run.kept_plates for run in runs))
    dice.shuffle(plates)
    if len(plates) <= STRIP:
        notes.append(
            "the runs keep too few plates (where samples are scored): none are asked about style"
        )
        plates = []
    questions = ask(contestants, prompts, plates[STRIP:], dice)
    return Plan([*runs], contestants, sorted(prompts), questions, plates[:STRIP], notes)
