"""Which checkpoint to take, by a rule that was written down before the run."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from oldbook_diffusion.metrics.compute import captions, copying, spread
from oldbook_diffusion.metrics.fidelity import centred_agreement, reciprocal_rank
from oldbook_diffusion.metrics.inference import (
    FEWEST,
    Interval,
    max_t_p,
    prompt_means,
    t_interval,
)
from oldbook_diffusion.metrics.reference_set import ReferenceSet, SampleEmbeddings


@dataclass(frozen=True)
class Rule:
    """What a checkpoint must keep to be taken.

    Attributes:
        identified_loss: Largest loss of prompts that are identified, as a share of all.
        agreement_loss: Largest loss of agreement with the prompts, as a share of the base's.
        diversity: Smallest diversity within prompts, as a share of what the base's drawings keep
            of theirs when nothing but their lines is drawn, which makes them more alike.
        copying_p: Smallest chance of so many drawings near training plates without copying, and
            of training captions drawing their own plates so much without memory.
        steering: Largest share of the style that may come where another style is asked for; any
            when null, as an adapter without words of its own changes all that is drawn.
        level: Of the test that the style lies above every shortcut and above words of style.
    """

    identified_loss: float = 0.10
    agreement_loss: float = 0.20
    diversity: float = 0.70
    copying_p: float = 0.01
    steering: float | None = None
    level: float = 0.05


@dataclass(frozen=True)
class Choice:
    """A checkpoint, or none, and why.

    Attributes:
        step: The step of the checkpoint; null where none may be taken.
        reason: One paragraph.
    """

    step: int | None
    reason: str


def choose(panel: ReferenceSet, checkpoints: Mapping[int, SampleEmbeddings], rule: Rule) -> Choice:
    """Take the earliest checkpoint that is as good as the best of those that may be taken.

    Earlier means less memorisation, and a tie is no reason to train on. As good as the best is
    within one standard error of the paired difference (Breiman et al. 1984).

    Args:
        panel: What the checkpoints are measured against.
        checkpoints: What each checkpoint has drawn, by step.
        rule: What must be kept.
    """
    if lack := lacking(panel):
        return Choice(None, lack)
    faults = {step: fault(panel, drawings, rule) for step, drawings in checkpoints.items()}
    said = " ".join(f"Step {step} {why}." for step, why in faults.items() if why)
    feasible = [step for step, why in sorted(faults.items()) if not why]
    if not feasible:
        return Choice(None, f"No checkpoint may be taken. {said}".strip())
    step, why = take(panel, {step: checkpoints[step] for step in feasible}, rule)
    return Choice(step, f"{why} {said}".strip())


def lacking(panel: ReferenceSet) -> str:
    """Why nothing can be chosen, whatever was drawn."""
    if (number := int(panel.prompts.max()) + 1) < FEWEST:
        return f"A choice needs at least {FEWEST} prompts, not {number}."
    if not len(panel.texts):
        return "A choice needs an encoder that reads: this one takes pictures alone."
    return ""


def take(
    panel: ReferenceSet, feasible: Mapping[int, SampleEmbeddings], rule: Rule
) -> tuple[int | None, str]:
    """The earliest of the best checkpoints that may be taken, and why."""
    steps = list(feasible)
    gains = torch.stack([panel.gain(drawings.own) for drawings in feasible.values()])
    rivals = {name: panel.gain(rival) for name, rival in rivals_of(panel).items()}
    name = max(rivals, key=lambda name: float(rivals[name].mean()))
    # above the best of them on average is not above each: another may be as near in most prompts
    above = [gains - rival for rival in rivals.values()]
    proven = torch.stack([(max_t_p(x) < rule.level) & (x.mean(dim=1) > 0) for x in above]).all(0)
    if not proven.any():
        return None, f"No checkpoint lies above {name} beyond doubt."
    best = int(torch.where(proven, gains.mean(dim=1), -torch.inf).argmax())
    row = next(i for i in range(len(gains)) if proven[i] and ties(gains[i], gains[best]))
    tie = "" if row == best else f" It ties with the best, step {steps[best]}, and comes earlier."
    return steps[row], (
        f"Step {steps[row]} has gone {float(gains[row].mean()):.2f} of the way to held-out "
        f"plates, above {name} ({float(rivals[name].mean()):.2f}).{tie} "
        f"{kept(panel, feasible[steps[row]], rule)}"
    )


def kept(panel: ReferenceSet, drawings: SampleEmbeddings, rule: Rule) -> str:
    """What a checkpoint was asked to keep, and what could not be asked."""
    numbers = {**spread(panel, drawings.own), **captions(panel, drawings.captioned)}
    asked = {
        "its diversity": "diversity/within" in numbers,
        "its distance from training plates": True,
        "captions of training plates apart from their plates": "memorisation/caption_p" in numbers,
        "other styles where they are asked for": rule.steering is not None
        and len(drawings.steered) > 0,
    }
    found = ["its prompts", *(what for what, known in asked.items() if known)]
    lost = [what for what, known in asked.items() if not known]
    unasked = f" Whether it keeps {' and '.join(lost)} was not asked." if lost else ""
    return f"No loss was found of {', '.join(found[:-1])} and {found[-1]}.{unasked}"


def rivals_of(panel: ReferenceSet) -> dict[str, Tensor]:
    """What a checkpoint has to beat: every shortcut, and words of style."""
    shortcuts = {f"the shortcut {name!r}": part for name, part in panel.shortcuts.items()}
    return {"the base model with words of style": panel.worded, **shortcuts}


def ties(gain: Tensor, best: Tensor) -> bool:
    """Whether a gain [P] lies within one standard error of the best's, prompt by prompt."""
    lost = best - gain
    return float(lost.mean()) <= float(lost.std() / len(lost) ** 0.5)


def fault(panel: ReferenceSet, drawings: SampleEmbeddings, rule: Rule) -> str:
    """Why a checkpoint may not be taken, as the end of a sentence; nothing where it may."""
    checks = (lost_prompts, lost_diversity, copied, lost_steering)
    return next((why for check in checks if (why := check(panel, drawings, rule))), "")


def lost_prompts(panel: ReferenceSet, drawings: SampleEmbeddings, rule: Rule) -> str:
    """Whether drawings may show less of what their prompts say."""
    own, texts = panel.prompts, panel.texts

    def change(score: Tensor, base: Tensor) -> Interval:
        return t_interval(prompt_means(score, own) - prompt_means(base, own))

    sets = (drawings.own, panel.base)
    ranks = [reciprocal_rank(part, texts, own) == 1 for part in sets]
    identified = change(ranks[0].double(), ranks[1].double())
    agreed = [centred_agreement(part, texts, own) for part in sets]
    agreement = change(*agreed)
    if identified.lower < -rule.identified_loss:
        return f"may have lost {-identified.lower:.0%} of the prompts"
    if agreement.lower < -rule.agreement_loss * float(agreed[1].mean().abs()):
        return "may agree too little with its prompts"
    return ""


def lost_diversity(panel: ReferenceSet, drawings: SampleEmbeddings, rule: Rule) -> str:
    """Whether drawings of one prompt have become too much alike."""
    within = spread(panel, drawings.own).get("diversity/within")
    if not isinstance(within, Interval):
        return ""
    lines = panel.guides["guide/diversity"]
    if within.upper < rule.diversity * lines:
        found = f"{within.value:.2f} of the base's, where lines alone leave {lines:.2f}"
        return f"has lost diversity ({found})"
    return ""


def copied(panel: ReferenceSet, drawings: SampleEmbeddings, rule: Rule) -> str:
    """Whether drawings may be copies of training plates."""
    found = {**copying(panel, drawings.own), **captions(panel, drawings.captioned)}
    p, paired = found["memorisation/p"], found.get("memorisation/caption_p", 1.0)
    largest, most = found["memorisation/largest"], found["memorisation/most"]
    assert isinstance(p, float)
    assert isinstance(paired, float)
    assert isinstance(largest, float)
    assert isinstance(most, float)
    if p < rule.copying_p:
        return f"lies too near to training plates (p = {p:.2g})"
    if largest > most:
        return "has a drawing nearer to a training plate than plates are to each other"
    if paired < rule.copying_p:
        return f"draws training plates from their captions (p = {paired:.2g})"
    return ""


def lost_steering(panel: ReferenceSet, drawings: SampleEmbeddings, rule: Rule) -> str:
    """Whether the style comes where another is asked for."""
    if rule.steering is None or not len(drawings.steered):
        return ""
    come = t_interval(panel.steered_gain(drawings.steered))
    return f"brings {come.value:.0%} of the style unasked" if come.value > rule.steering else ""
