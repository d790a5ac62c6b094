"""Whether an encoder can judge this style at all: asked before the first step, with one answer.

Nothing is trained here. All that is looked at is known before: the base model's drawings, what
controls and decoys make of them, and plates. Limits are proposals, and are shown beside what was
found. A human's look at thirty triplets is no part of it.
"""

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor

from oldbook_diffusion.metrics.check import Check, at_least, at_most, told
from oldbook_diffusion.metrics.inference import FEWEST, sign_flip_p, t_interval
from oldbook_diffusion.metrics.negative_controls import FAMILIES
from oldbook_diffusion.metrics.reference_set import SPLITS, ReferenceSet
from oldbook_diffusion.metrics.sample_size import extent

SAME = 1 - 1e-6  # the cosine from which two pictures are one
NOUGHT = 0.1  # of the way to plates, within which another draw of the base model must lie
MIXTURES = (0.0, 0.25, 0.5, 0.75, 1.0)  # shares of the plate in a blend


@dataclass(frozen=True)
class Trial:
    """Embeddings of what the gate needs beyond the panel.

    Attributes:
        again: The base model's drawings of the prompts, from other noise.
        siblings: For each decoy style, the base's drawings of the prompts in it.
        variants: Held-out plates changed by what should not matter, in the panel's order.
        untouched: Held-out plates that have not been through the autoencoder.
        mixtures: [5, K, D], drawings of held-out captions blended with the plates of them.
        contrast: Images that are not of the style; [0, D] where none are given.
    """

    again: Tensor
    siblings: Mapping[str, Tensor]
    variants: Mapping[str, Tensor]
    untouched: Tensor
    mixtures: Tensor
    contrast: Tensor


def examine(panel: ReferenceSet, trial: Trial) -> list[Check]:
    """Ask every question."""
    return [
        apart(panel),
        *separation(panel, trial),
        *shortcuts(panel),
        *siblings(panel, trial),
        content(panel),
        *calibration(panel),
        mixing(panel, trial),
        *stability(panel, trial),
        *nothing_learnt(panel, trial),
    ]


def apart(panel: ReferenceSet) -> Check:
    """Whether held-out plates are pictures of their own: a copy of a training plate is none."""
    train, held_out = (F.normalize(x.double(), dim=1) for x in (panel.train, panel.held_out))
    copies = ((held_out @ train.T).max(dim=1).values > SAME).double().mean()
    return at_most("held-out plates that are training plates too (share)", float(copies), 0.02)


def separation(panel: ReferenceSet, trial: Trial) -> list[Check]:
    """Whether plates of unseen books are told from the base's drawings and from other pictures."""
    axis = panel.directions["score"]
    plates, base, contrast = (
        x.double() @ axis for x in (panel.held_out, panel.base, trial.contrast)
    )
    return [
        at_least("plates score above base drawings (AUC)", auc(plates, base), 0.95),
        at_least("plates score above other pictures (AUC)", auc(plates, contrast), 0.95),
    ]


def auc(high: Tensor, low: Tensor) -> float:
    """Chance that one of the first lies above one of the second; not a number without either."""
    if not len(high) or not len(low):
        return float("nan")
    statistic = stats.mannwhitneyu(high.numpy(), low.numpy()).statistic
    return float(statistic / (len(high) * len(low)))


def shortcuts(panel: ReferenceSet) -> list[Check]:
    """How far tone, edges and grain get: by the probe, and by one that has met none of a family."""
    gains = {name: float(panel.gain(x).mean()) for name, x in panel.shortcuts.items()}
    best = max(gains, key=gains.__getitem__)
    families = {f: {change.__name__ for change in changes} for f, changes in FAMILIES.items()}
    return [
        at_most(f"the best shortcut gets no style ({best})", gains[best], 0.35),
        *(
            never_met(panel, f"a shortcut of a family never met: {family}", panel.shortcuts, kin)
            for family, kin in families.items()
            if kin & panel.shortcuts.keys()
        ),
    ]


def never_met(
    panel: ReferenceSet, what: str, drawings: Mapping[str, Tensor], kin: Set[str]
) -> Check:
    """The best that changed drawings of the prompts get where the probe has met no kin of theirs.

    It is told and has no limit: immunity holds for what the probe has met, and this says how
    much may be claimed of the rest.

    Args:
        panel: What the probe is fitted on.
        what: They are.
        drawings: By the change, those of kin among others.
        kin: The changes that are kept from the probe.
    """
    controls, decoys = (
        {name: x for name, x in met.items() if name not in kin}
        for met in (panel.controls, panel.decoys)
    )
    axis = replace(panel, controls=controls, decoys=decoys).probe()
    gains = {
        name: float(panel.gain_along(axis, x).mean()) for name, x in drawings.items() if name in kin
    }
    best = max(gains, key=gains.__getitem__)
    return told(f"{what} ({best})", gains[best])


def siblings(panel: ReferenceSet, trial: Trial) -> list[Check]:
    """Whether other printed styles are told from this one."""
    gains = {name: float(panel.gain(x).mean()) for name, x in trial.siblings.items()}
    best = max(gains, key=gains.__getitem__)
    gaps = {name: discrimination(panel, x) for name, x in trial.siblings.items()}
    least = min(gaps, key=gaps.__getitem__)
    return [
        at_most(f"the nearest other style gets no style ({best})", gains[best], 0.5),
        *(never_met(panel, "another style never met", trial.siblings, {name}) for name in gains),
        at_least(f"plates are more alike than like {least} (lower end)", gaps[least], 0.0),
    ]


def discrimination(panel: ReferenceSet, others: Tensor) -> float:
    """Lower end of the gap between likeness among plates and likeness to others, over books.

    Medians of cosines (Frochte 2026), plates of one book left out, by a bootstrap over books.
    """
    books = panel.books
    own = [torch.where(books == book)[0] for book in books.unique()]
    if len(own) < FEWEST:
        return float("nan")
    among, across = panel.held_out @ panel.held_out.T, panel.held_out @ others.to(panel.held_out).T
    generator, gaps = torch.Generator().manual_seed(0), []
    for _ in range(SPLITS):
        drawn = torch.randint(len(own), (len(own),), generator=generator)
        rows = torch.cat([own[book] for book in drawn])  # of a book drawn twice, all plates twice
        apart = books[rows][:, None] != books[rows][None]
        gaps.append(among[rows][:, rows][apart].median() - across[rows].median())
    return float(torch.stack(gaps).nanquantile(0.025))  # one book drawn each time has no pairs


def content(panel: ReferenceSet) -> Check:
    """How much of the score is style, where the same captions are drawn and are plates."""
    axis, unseen = panel.directions["score"], ~panel.trained_on
    question = "of the score's variance, style and not content (share)"
    if unseen.sum() < FEWEST:
        return at_least(question, float("nan"), 0.7)
    table = torch.stack([x[unseen].double() @ axis for x in (panel.captioned, panel.pages)])
    between = len(table[0]) * (table.mean(dim=1) - table.mean()).square().sum()
    return at_least(question, float(between / (table - table.mean()).square().sum()), 0.7)


def calibration(panel: ReferenceSet) -> list[Check]:
    """Whether one half of the books puts the other half at 1."""
    lower, upper = panel.band()
    question = f"halves of the books agree on 1 (distance of the {extent(panel)})"
    return [at_most(question, max(abs(lower - 1), abs(upper - 1)), 0.1)]


def mixing(panel: ReferenceSet, trial: Trial) -> Check:
    """Whether the score rises as a drawing is blended into its plate."""
    question, scores = "the score rises from drawing to plate (Spearman)", trial.mixtures
    if not scores.shape[1]:
        return at_least(question, float("nan"), 0.9)
    found = [
        float(stats.spearmanr(MIXTURES, one.numpy()).statistic)
        for one in (scores.double() @ panel.directions["score"]).T
    ]
    return at_least(question, sum(found) / len(found), 0.9)


def stability(panel: ReferenceSet, trial: Trial) -> list[Check]:
    """How far plates move under what should not matter."""
    axis = panel.directions["score"]
    origin = (panel.base.double() @ axis).mean()
    plates = panel.held_out.double() @ axis
    whole = plates.mean() - origin

    def moved(others: Tensor) -> float:
        return float(((others.double() @ axis).mean() - plates.mean()).abs() / whole)

    checks = [
        at_most(f"plates do not move under {name}", moved(x), 0.03)
        for name, x in trial.variants.items()
    ]
    return [*checks, at_most("nor under the autoencoder", moved(trial.untouched), 0.1)]


def nothing_learnt(panel: ReferenceSet, trial: Trial) -> list[Check]:
    """Whether another draw of the base model reads as nothing: the whole interval lies near 0.

    That no test finds a gain would not do: one that hardly sees finds none either, and one that
    sees all finds one in twenty. An interval about 0 that is too wide is no fault of the encoder:
    with two drawings of each prompt, most are.
    """
    gain = panel.gain(trial.again)
    value, lower, upper = t_interval(gain)
    farthest = max(-lower, upper)
    why = "the farther end of its 95 % interval"
    if farthest > NOUGHT and lower <= 0 <= upper:
        why, farthest = f"{lower:.2f} to {upper:.2f} tells nothing without more seeds", math.nan
    elif farthest > NOUGHT:
        why += f": {value:.2f} is a {'gain' if value > 0 else 'loss'}"
    p = math.nan if math.isnan(value + lower) else sign_flip_p(gain)
    return [
        at_most(f"another draw of the base model scores nought ({why})", farthest, NOUGHT),
        told("the chance of as much from noise alone (p)", p),
    ]
