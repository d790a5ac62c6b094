"""Questions of a blind test: names, comparisons, catch trials and repeats, in their order."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from oldbook_diffusion.blind.contestants import Contestant

CATCH, REPEATS, PAIRS = 6, 6, 2  # trials, trials, pairs of a prompt
PLATE = "plate"
Kind = Literal["name", "style", "prompt"]


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
