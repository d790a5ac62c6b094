"""Plan of a blind test: whose samples are named, and which are compared."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.run.folder import RunFolder

CATCH, REPEATS, PAIRS, STRIP = (
    6,
    6,
    2,
    6,
)  # trials, trials, pairs of a prompt, plates that are shown
FEWEST = 5  # prompts for an interval
PLATE = "plate"
Kind = Literal["name", "style", "prompt"]


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


@dataclass(frozen=True)
class Question:
    """One question of the page.

    Attributes:
        kind: What is asked: the name of one image, or which of two is more like plates or shows
            the prompt better.
        images: One image, or two from left to right.
        shown: Whose they are: names of contestants, or a plate.
        prompt: The true prompt.
        repeats: The earlier question that it is, with its sides exchanged.
        sheet: Number of the contestant that is named, in the order of the page.
    """

    kind: Kind
    images: tuple[Path, ...]
    shown: tuple[str, ...]
    prompt: str | None = None
    repeats: int | None = None
    sheet: int | None = None


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


def ask(
    contestants: Sequence[Contestant],
    prompts: Sequence[str],
    plates: Sequence[Path],
    dice: random.Random,
) -> list[Question]:
    """All questions in their order: names, then comparisons, then some of these again.

    The last checkpoints are named first and the base model last: samples of one noise are twins,
    and a plain one would tell what an obscure one shows.
    """
    named = []
    for sheet, one in enumerate(sorted(contestants, key=lambda one: -one.step)):
        named += dice.sample([name(one, prompt, sheet) for prompt in prompts], len(prompts))
    compared = comparisons(contestants, prompts, bool(plates), dice)
    compared += catch_trials(contestants, prompts, plates, dice)
    dice.shuffle(compared)
    questions = [*named, *compared]
    return questions + repeated(questions, dice)


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


def name(contestant: Contestant, prompt: str, sheet: int) -> Question:
    """Name a sample of a prompt, of another seed in each sheet as far as there are others."""
    samples = contestant.samples[prompt]
    image = samples[sheet % len(samples)]
    return Question("name", (image,), (contestant.name,), prompt, sheet=sheet)


def comparisons(
    contestants: Sequence[Contestant], prompts: Sequence[str], style: bool, dice: random.Random
) -> list[Question]:
    """Compare samples of one prompt and seed, a few pairs of contestants for each prompt."""
    pairs = list(itertools.combinations(contestants, 2))
    dice.shuffle(pairs)
    turns = itertools.cycle(pairs)
    kinds: tuple[Kind, ...] = ("style", "prompt") if style else ("prompt",)
    return [
        compare(kind, dice.sample(next(turns), 2), prompt)
        for kind in kinds
        for prompt in prompts
        for _ in range(min(PAIRS, len(pairs)))
    ]


def compare(kind: Kind, pair: Sequence[Contestant], prompt: str) -> Question:
    """Compare the last samples of a prompt, of the same noise."""
    number = min(len(one.samples[prompt]) for one in pair) - 1
    images = tuple(one.samples[prompt][number] for one in pair)
    return Question(kind, images, tuple(one.name for one in pair), prompt)


def catch_trials(
    contestants: Sequence[Contestant],
    prompts: Sequence[str],
    plates: Sequence[Path],
    dice: random.Random,
) -> list[Question]:
    """Comparisons of a plate with a sample of the base model, which have a right answer."""
    base = next((one for one in contestants if one.step == 0), None)
    if base is None:
        return []
    trials = []
    for plate, prompt in zip(plates[:CATCH], itertools.cycle(prompts), strict=False):
        sides = [(plate, PLATE), (base.samples[prompt][0], base.name)]
        dice.shuffle(sides)
        images, shown = zip(*sides, strict=True)
        trials.append(Question("style", images, shown))
    return trials


def repeated(questions: Sequence[Question], dice: random.Random) -> list[Question]:
    """Some of the comparisons again, with their sides exchanged."""
    pairs = [n for n, q in enumerate(questions) if len(q.images) == 2 and PLATE not in q.shown]
    again = dice.sample(pairs, min(REPEATS, len(pairs)))
    return [
        Question(q.kind, q.images[::-1], q.shown[::-1], q.prompt, number)
        for number in again
        for q in [questions[number]]
    ]
