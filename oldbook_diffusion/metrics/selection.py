"""Selection rule: which checkpoint a run recommends, fixed before the run."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jsonargparse.typing import ClosedUnitInterval, NonNegativeFloat
from torch import Tensor

from oldbook_diffusion.metrics import catalogue as c
from oldbook_diffusion.metrics.compute import captions, copying, spread
from oldbook_diffusion.metrics.fidelity import centered_clip_score, reciprocal_rank
from oldbook_diffusion.metrics.inference import (
    FEWEST,
    Interval,
    max_t_p,
    prompt_means,
    t_interval,
)
from oldbook_diffusion.metrics.reference_set import ReferenceSet
from oldbook_diffusion.metrics.sample_embeddings import SampleEmbeddings


@dataclass(frozen=True)
class Rule:
    """What a checkpoint must keep to be selected.

    Attributes:
        max_rank_drop: Largest drop of the mean reciprocal rank of a sample's own prompt among all,
            at the worst end of its interval. Recall@1 would need twice the seeds to tell a loss
            from chance (`benchmarks/inference.py`).
        max_clip_score_drop: Largest drop of the centered CLIP score, as a fraction of the base's.
        min_diversity: Smallest diversity within prompts, as a fraction of what outlines of the
            base's samples keep, since these are more alike.
        min_copying_p: Smallest p of so many samples near training plates without copying, and of
            training captions giving their own plates so much without memorization.
        max_style_leakage: Largest fraction of the style that may come where another style is
            asked for; any when null, as an adapter without a trigger word changes all samples.
        alpha: Level of the test that the style lies above every shortcut and above style words.
    """

    max_rank_drop: ClosedUnitInterval = 0.10
    max_clip_score_drop: NonNegativeFloat = 0.20
    min_diversity: NonNegativeFloat = 0.70
    min_copying_p: ClosedUnitInterval = 0.01
    max_style_leakage: NonNegativeFloat | None = None
    alpha: ClosedUnitInterval = 0.05


@dataclass(frozen=True)
class Choice:
    """A checkpoint, or none, and why.

    Attributes:
        step: The step of the checkpoint; null where none may be selected.
        reason: One paragraph.
    """

    step: int | None
    reason: str


def choose(
    references: ReferenceSet, checkpoints: Mapping[int, SampleEmbeddings], rule: Rule
) -> Choice:
    """Select the earliest checkpoint that is as good as the best of the feasible ones.

    Earlier means less memorization, and a tie is no reason to train on. As good as the best is
    within one standard error of the paired difference (Breiman et al. 1984).

    Args:
        references: What the checkpoints are compared with.
        checkpoints: The samples of each checkpoint, by step.
        rule: What must be kept.
    """
    if lack := lacking(references):
        return Choice(None, lack)
    rejected = {step: reject(references, samples, rule) for step, samples in checkpoints.items()}
    reasons = " ".join(f"Step {step} {why}." for step, why in rejected.items() if why)
    feasible = [step for step, why in sorted(rejected.items()) if not why]
    if not feasible:
        return Choice(None, f"No checkpoint is feasible. {reasons}".strip())
    step, why = take(references, {step: checkpoints[step] for step in feasible}, rule)
    return Choice(step, f"{why} {reasons}".strip())


def lacking(references: ReferenceSet) -> str:
    """Why nothing can be selected, whatever the samples."""
    if (number := int(references.prompt_ids.max()) + 1) < FEWEST:
        return f"A selection needs at least {FEWEST} prompts, not {number}."
    if not len(references.prompt_embeddings):
        return "A selection needs an encoder of text too: this one takes images alone."
    return ""


def take(
    references: ReferenceSet, feasible: Mapping[int, SampleEmbeddings], rule: Rule
) -> tuple[int | None, str]:
    """The earliest of the best feasible checkpoints, and why."""
    steps = list(feasible)
    gains = torch.stack([references.gain(samples.prompts) for samples in feasible.values()])
    rivals = {name: references.gain(rival) for name, rival in rivals_of(references).items()}
    name = max(rivals, key=lambda name: float(rivals[name].mean()))
    # above the best of them on average is not above each: another may be as near in most prompts
    above = [gains - rival for rival in rivals.values()]
    proven = torch.stack([(max_t_p(x) < rule.alpha) & (x.mean(dim=1) > 0) for x in above]).all(0)
    if not proven.any():
        return None, f"No checkpoint is significantly above {name}."
    best = int(torch.where(proven, gains.mean(dim=1), -torch.inf).argmax())
    row = next(i for i in range(len(gains)) if proven[i] and ties(gains[i], gains[best]))
    tie = "" if row == best else f" It ties with the best, step {steps[best]}, and comes earlier."
    return steps[row], (
        f"Step {steps[row]} has gone {float(gains[row].mean()):.2f} of the way to held-out "
        f"plates, above {name} ({float(rivals[name].mean()):.2f}).{tie} "
        f"{kept(references, feasible[steps[row]], rule)}"
    )


def kept(references: ReferenceSet, samples: SampleEmbeddings, rule: Rule) -> str:
    """What a checkpoint was checked for, and what could not be checked."""
    known = {**spread(references, samples.prompts), **captions(references, samples.captions)}
    checks = {
        "diversity": c.DIVERSITY in known,
        "copies of training plates": True,
        "memorized captions": c.CAPTION_P in known,
        "style leakage": rule.max_style_leakage is not None and len(samples.off_style) > 0,
    }
    run = ["prompt fidelity", *(name for name, was_run in checks.items() if was_run)]
    missing = [name for name, was_run in checks.items() if not was_run]
    not_run = f" Not checked: {', '.join(missing)}." if missing else ""
    return f"Checked: {', '.join(run)}.{not_run}"


def rivals_of(references: ReferenceSet) -> dict[str, Tensor]:
    """What a checkpoint has to beat: every shortcut, and style words."""
    shortcuts = {f"the shortcut {name!r}": part for name, part in references.shortcuts.items()}
    return {"the base model with style words": references.style_words, **shortcuts}


def ties(gain: Tensor, best: Tensor) -> bool:
    """Whether a gain [P] lies within one standard error of the best's, prompt by prompt."""
    lost = best - gain
    return float(lost.mean()) <= float(lost.std() / len(lost) ** 0.5)


def reject(references: ReferenceSet, samples: SampleEmbeddings, rule: Rule) -> str:
    """All reasons why a checkpoint is not feasible, as the end of a sentence; empty where it is.

    Copying comes first: no other fault may hide it.
    """
    checks = (copied, lost_prompts, lost_diversity, leaks_style)
    return "; it ".join(why for check in checks if (why := check(references, samples, rule)))


def lost_prompts(references: ReferenceSet, samples: SampleEmbeddings, rule: Rule) -> str:
    """Whether prompt fidelity has dropped too far, or is not shown to have been kept."""
    own, texts = references.prompt_ids, references.prompt_embeddings

    def change(score: Tensor, base: Tensor) -> Interval:
        return t_interval(prompt_means(score, own) - prompt_means(base, own))

    sets = (samples.prompts, references.base)
    rank = change(*(reciprocal_rank(part, texts, own) for part in sets))
    scores = [centered_clip_score(part, texts, own) for part in sets]
    score = change(*scores)
    fell = (
        f"(the reciprocal rank of a sample's own prompt fell by {-rank.value:z.2f}, "
        f"{-rank.upper:z.2f} to {-rank.lower:z.2f}, and may fall by {rule.max_rank_drop:g})"
    )
    if rank.upper < -rule.max_rank_drop:
        return f"has lost prompts {fell}"
    if rank.lower < -rule.max_rank_drop:
        return f"is not shown to keep its prompts {fell}"
    if score.lower < -rule.max_clip_score_drop * float(scores[1].mean().abs()):
        return "is not shown to keep its CLIP score"
    return ""


def lost_diversity(references: ReferenceSet, samples: SampleEmbeddings, rule: Rule) -> str:
    """Whether samples of one prompt have become too similar, as far as they tell.

    By the value, not by the end of its interval: that is proof of a collapse of nearly all prompts
    alone.
    """
    within = spread(references, samples.prompts).get(c.DIVERSITY)
    if not isinstance(within, Interval):
        return ""
    lines = references.line_diversity
    if within.value < rule.min_diversity * lines:
        found = f"{within.value:.2f} of the base's, where outlines alone leave {lines:.2f}"
        return f"has lost diversity ({found})"
    return ""


def copied(references: ReferenceSet, samples: SampleEmbeddings, rule: Rule) -> str:
    """Whether samples may be copies of training plates."""
    near = copying(references, samples.prompts)
    paired = captions(references, samples.captions).get(c.CAPTION_P, 1.0)
    assert isinstance(paired, float)
    if near[c.NEAR_P] < rule.min_copying_p:
        return f"lies too near to training plates (p = {near[c.NEAR_P]:.2g})"
    if near[c.NEAR_MAX] > near[c.PLATE_MAX]:
        return "has a sample nearer to a training plate than plates are to each other"
    if paired < rule.min_copying_p:
        return f"gives training plates from their captions (p = {paired:.2g})"
    return ""


def leaks_style(references: ReferenceSet, samples: SampleEmbeddings, rule: Rule) -> str:
    """Whether the style leaks to prompts of another style."""
    if rule.max_style_leakage is None or not len(samples.off_style):
        return ""
    leakage = t_interval(references.off_style_gain(samples.off_style))
    leaks = leakage.value > rule.max_style_leakage
    return f"leaks {leakage.value:.0%} of the style to off-style prompts" if leaks else ""
