"""Result of a blind test: what viewers have seen, with intervals."""

import itertools
from collections import Counter
from collections.abc import Sequence
from math import isnan, nan
from typing import Any

import numpy as np

from oldbook_diffusion.blind.answers import Sheet
from oldbook_diffusion.metrics.blind import kappa, naming_p, strengths, wilson

QUESTIONS = {"style": "looks more like plates", "prompt": "shows the prompt better"}


def result(sheets: Sequence[Sheet]) -> dict[str, Any]:
    """The figures of all viewers; those who failed the catch trials are kept apart.

    Args:
        sheets: Of the tests of one run.
    """
    good = [sheet for sheet in sheets if sheet.attentive]
    contestants = dict(pair for sheet in sheets for pair in sheet.key["contestants"].items())
    return {
        "viewers": [viewer(sheet) for sheet in sheets],
        "naming": [
            found for name, about in contestants.items() if (found := naming(name, about, good))
        ],
        "comparisons": [one for kind in QUESTIONS for one in comparisons(kind, good)],
        "strengths": {kind: ranking(kind, good) for kind in QUESTIONS},
        "agreement": agreement(good),
    }


def viewer(sheet: Sheet) -> dict[str, Any]:
    """How attentive and how consistent a viewer was."""
    right, catches = sheet.right_catches()
    again = sheet.repeated()
    return {
        "viewer": sheet.viewer,
        "answered": len(sheet.answers),
        "questions": len(sheet.key["questions"]),
        "catch_trials": f"{right} of {catches}",
        "counted": sheet.attentive,
        "repeats": f"{sum(again)} of {len(again)}",
    }


def naming(name: str, about: dict[str, Any], sheets: Sequence[Sheet]) -> dict[str, Any] | None:
    """How many samples of a contestant were matched to their prompts; null where nobody tried."""
    tried = [(sheet, pairs) for sheet in sheets if (pairs := sheet.named(name))]
    if not tried:
        return None
    hits: dict[str, list[bool]] = {}
    for _, pairs in tried:
        for true, said in pairs:
            hits.setdefault(true, []).append(true == said)
    by_prompt = {prompt: float(np.mean(found)) for prompt, found in hits.items()}
    share = wilson(float(np.mean(list(by_prompt.values()))), len(by_prompt))
    return {
        "contestant": name,
        **about,
        "matched": [f"{sum(a == b for a, b in pairs)} of {len(pairs)}" for _, pairs in tried],
        "p": [chance(sheet, pairs) for sheet, pairs in tried],
        "share": share.value,
        "share_lower": share.lower,
        "share_upper": share.upper,
        "missed": sorted(prompt for prompt, found in by_prompt.items() if found < 0.5),
    }


def chance(sheet: Sheet, pairs: Sequence[tuple[str, str]]) -> float:
    """Chance of as many matches, or more, by guessing."""
    said = Counter(name for _, name in pairs)
    counts = [said[prompt] for prompt in sheet.key["prompts"]]
    return naming_p(counts, sum(a == b for a, b in pairs))


def comparisons(kind: str, sheets: Sequence[Sheet]) -> list[dict[str, Any]]:
    """How often each contestant was preferred to each other, by prompt."""
    found: dict[tuple[str, str], dict[str, list[bool]]] = {}
    for sheet in sheets:
        for winner, loser, prompt in sheet.preferred(kind):
            first, second = sorted((winner, loser))
            by_prompt = found.setdefault((first, second), {})
            by_prompt.setdefault(prompt, []).append(winner == second)
    return [
        {
            "question": QUESTIONS[kind],
            "preferred": second,
            "to": first,
            **share_of([float(np.mean(each)) for each in by_prompt.values()]),
        }
        for (first, second), by_prompt in found.items()
    ]


def share_of(means: Sequence[float]) -> dict[str, Any]:
    """A share over prompts, which are the unit, and its interval."""
    share = wilson(float(np.mean(means)), len(means))
    return {
        "prompts": len(means),
        "share": share.value,
        "share_lower": share.lower,
        "share_upper": share.upper,
    }


def ranking(kind: str, sheets: Sequence[Sheet]) -> dict[str, float]:
    """The Bradley-Terry strengths of three contestants or more; empty for fewer."""
    games = [(winner, loser) for sheet in sheets for winner, loser, _ in sheet.preferred(kind)]
    names = sorted({name for game in games for name in game})
    if len(names) < 3:  # two are told by their share
        return {}
    wins = np.zeros((len(names), len(names)))
    for winner, loser in games:
        wins[names.index(winner), names.index(loser)] += 1
    return dict(zip(names, map(float, strengths(wins)), strict=True))


def agreement(sheets: Sequence[Sheet]) -> dict[str, float | None]:
    """How often two viewers compared alike, and Cohen's kappa, the mean over pairs of viewers."""
    shares, kappas = [], []
    for one, other in itertools.combinations(sheets, 2):
        both = sorted(one.compared() & other.compared())
        if one.key["name"] != other.key["name"] or not both:
            continue
        pairs = [[sheet.answers[number] for number in both] for sheet in (one, other)]
        shares.append(float(np.mean([a == b for a, b in zip(*pairs, strict=True)])))
        kappas.append(kappa(*pairs))
    told = [value for value in kappas if not isnan(value)]
    return {
        "alike": float(np.mean(shares)) if shares else None,
        "kappa": float(np.mean(told)) if told else None,
    }


def table(found: dict[str, Any]) -> list[str]:
    """The result as lines to print."""
    lines = []
    for one in found["viewers"]:
        apart = "" if one["counted"] else "; NOT COUNTED: failed the catch trials"
        lines.append(
            f"{one['viewer']}: {one['answered']} of {one['questions']} answers, catch trials "
            f"{one['catch_trials']}, repeats answered alike {one['repeats']}{apart}"
        )
    for one in found["naming"]:
        chances = ", ".join(f"{p:.2g}" for p in one["p"])
        lines.append(
            f"{one['contestant']}: named {', '.join(one['matched'])}; {interval(one)} of the "
            f"prompts; p {chances} by guessing"
        )
    lines += [
        f"{one['question']}: {one['preferred']} rather than {one['to']} for {interval(one)} of "
        f"{one['prompts']} prompts"
        for one in found["comparisons"]
    ]
    if (alike := found["agreement"]["alike"]) is not None:
        kappas = found["agreement"]["kappa"]
        lines.append(f"viewers agree on {alike:.0%} of the comparisons (kappa {kappas or nan:.2f})")
    return lines


def interval(one: dict[str, Any]) -> str:
    """A share with its interval."""
    return f"{one['share']:.2f} ({one['share_lower']:.2f} to {one['share_upper']:.2f})"
