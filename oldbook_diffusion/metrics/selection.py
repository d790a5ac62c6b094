"""Which checkpoint to take, by a rule that was written down before the run."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from oldbook_diffusion.metrics.paired_inference import (
    FEWEST,
    Interval,
    max_t_p,
    prompt_means,
    t_interval,
)
from oldbook_diffusion.metrics.panel import Panel
from oldbook_diffusion.metrics.prompt_fidelity import centred_agreement, reciprocal_rank
from oldbook_diffusion.metrics.suite import copying, spread


@dataclass(frozen=True)
class Rule:
    """What a checkpoint must keep to be taken.

    Attributes:
        identified_loss: Largest loss of prompts that are identified, as a share of all.
        agreement_loss: Largest loss of agreement with the prompts, as a share of the base's.
        diversity: Smallest diversity within prompts, as a share of the base's.
        copying_p: Smallest chance of so many drawings near training plates without copying.
        level: Of the test that the style lies above every shortcut and above words of style.
    """

    identified_loss: float = 0.10
    agreement_loss: float = 0.20
    diversity: float = 0.70
    copying_p: float = 0.01
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


def choose(panel: Panel, checkpoints: Mapping[int, Tensor], rule: Rule) -> Choice:
    """Take the earliest checkpoint that is as good as the best of those that may be taken.

    Earlier means less memorisation, and a tie is no reason to train on. As good as the best is
    within one standard error of the paired difference (Breiman et al. 1984).

    Args:
        panel: What the checkpoints are measured against.
        checkpoints: Embeddings [N, D] of each checkpoint's drawings, by step.
        rule: What must be kept.
    """
    if len(panel.texts) < FEWEST:
        return Choice(None, f"A choice needs at least {FEWEST} prompts, not {len(panel.texts)}.")
    faults = {step: fault(panel, drawings, rule) for step, drawings in checkpoints.items()}
    said = " ".join(f"Step {step} {why}." for step, why in faults.items() if why)
    feasible = [step for step, why in sorted(faults.items()) if not why]
    if not feasible:
        return Choice(None, f"No checkpoint may be taken. {said}".strip())
    gains = torch.stack([panel.gain(checkpoints[step]) for step in feasible])
    rivals = {name: panel.gain(rival) for name, rival in rivals_of(panel).items()}
    name = max(rivals, key=lambda name: float(rivals[name].mean()))
    above = gains - rivals[name]
    proven = (max_t_p(above) < rule.level) & (above.mean(dim=1) > 0)
    if not proven.any():
        return Choice(None, f"No checkpoint lies above {name} beyond doubt. {said}".strip())
    best = int(torch.where(proven, gains.mean(dim=1), -torch.inf).argmax())
    row = next(i for i in range(len(gains)) if proven[i] and ties(gains[i], gains[best]))
    tie = (
        "" if row == best else f" It ties with the best, step {feasible[best]}, and comes earlier."
    )
    reason = (
        f"Step {feasible[row]} has gone {float(gains[row].mean()):.2f} of the way to held-out "
        f"plates, above {name} ({float(rivals[name].mean()):.2f}), and keeps its prompts, its "
        f"diversity and its distance from training plates.{tie} {said}"
    )
    return Choice(feasible[row], reason.strip())


def rivals_of(panel: Panel) -> dict[str, Tensor]:
    """What a checkpoint has to beat: every shortcut, and words of style."""
    shortcuts = {f"the shortcut {name!r}": part for name, part in panel.shortcuts.items()}
    return {"the base model with words of style": panel.worded, **shortcuts}


def ties(gain: Tensor, best: Tensor) -> bool:
    """Whether a gain [P] lies within one standard error of the best's, prompt by prompt."""
    lost = best - gain
    return float(lost.mean()) <= float(lost.std() / len(lost) ** 0.5)


def fault(panel: Panel, drawings: Tensor, rule: Rule) -> str:
    """Why a checkpoint may not be taken, as the end of a sentence; nothing where it may."""
    own, texts = panel.prompts, panel.texts

    def change(score: Tensor, base: Tensor) -> Interval:
        return t_interval(prompt_means(score, own) - prompt_means(base, own))

    ranks = [reciprocal_rank(part, texts, own) == 1 for part in (drawings, panel.base)]
    identified = change(ranks[0].double(), ranks[1].double())
    agreed = [centred_agreement(part, texts, own) for part in (drawings, panel.base)]
    agreement = change(*agreed)
    if identified.lower < -rule.identified_loss:
        return f"may have lost {-identified.lower:.0%} of the prompts"
    if agreement.lower < -rule.agreement_loss * float(agreed[1].mean().abs()):
        return "may agree too little with its prompts"
    within = spread(panel, drawings).get("diversity/within")
    if isinstance(within, Interval) and within.upper < rule.diversity:
        return f"has lost diversity ({within.value:.2f} of the base's)"
    p = copying(panel, drawings)["memorisation/p"]
    assert isinstance(p, float)
    return f"lies too near to training plates (p = {p:.2g})" if p < rule.copying_p else ""
