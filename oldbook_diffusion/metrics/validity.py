"""Validity checks of an encoder: whether it can measure this style, asked before the first step.

Nothing is trained here. All inputs are known before: the base model's samples, negative controls
and hard negatives made from them, and plates. Limits are proposals, and are reported beside what
was found.
"""

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor

from oldbook_diffusion.metrics.check import Check, at_least, at_most, informational
from oldbook_diffusion.metrics.inference import FEWEST, sign_flip_p, t_interval
from oldbook_diffusion.metrics.negative_controls import FAMILIES
from oldbook_diffusion.metrics.reference_set import SPLITS, ReferenceSet
from oldbook_diffusion.metrics.sample_size import extent

SAME = 1 - 1e-6  # the cosine from which two images are one
ZERO = 0.1  # of the way to plates, within which replicate seeds of the base model must lie
MIXTURES = (0.0, 0.25, 0.5, 0.75, 1.0)  # fractions of the plate in a blend


@dataclass(frozen=True)
class Trial:
    """Embeddings that the checks need beyond the reference set.

    Attributes:
        replicates: The base model's samples of the prompts, from other noise.
        hard_negatives: For each hard negative, the base's samples of the prompts changed by it.
        variants: Held-out plates changed by what should not matter, in the same order.
        untouched: Held-out plates that have not been through the autoencoder.
        mixtures: [5, K, D], samples of held-out captions blended with the plates of them.
        negatives: Images that are not of the style; [0, D] where none are given.
    """

    replicates: Tensor
    hard_negatives: Mapping[str, Tensor]
    variants: Mapping[str, Tensor]
    untouched: Tensor
    mixtures: Tensor
    negatives: Tensor


def check_validity(references: ReferenceSet, trial: Trial) -> list[Check]:
    """Run every check."""
    return [
        no_overlap(references),
        *separation(references, trial),
        *shortcuts(references),
        *other_styles(references, trial),
        content(references),
        calibration(references),
        mixing(references, trial),
        *stability(references, trial),
        *replication(references, trial),
    ]


def no_overlap(references: ReferenceSet) -> Check:
    """Whether no held-out plate is a copy of a training plate."""
    train, held_out = (
        F.normalize(x.double(), dim=1) for x in (references.train, references.held_out)
    )
    copies = ((held_out @ train.T).max(dim=1).values > SAME).double().mean()
    return at_most("held-out plates that are training plates too (fraction)", float(copies), 0.02)


def separation(references: ReferenceSet, trial: Trial) -> list[Check]:
    """Whether plates of unseen books score above the base's samples and above other images."""
    axis = references.directions["score"]
    plates, base, negatives = (
        x.double() @ axis for x in (references.held_out, references.base, trial.negatives)
    )
    return [
        at_least("plates score above base samples (AUC)", auc(plates, base), 0.95),
        at_least("plates score above other images (AUC)", auc(plates, negatives), 0.95),
    ]


def auc(high: Tensor, low: Tensor) -> float:
    """Chance that one of the first lies above one of the second; NaN without either."""
    if not len(high) or not len(low):
        return float("nan")
    statistic = stats.mannwhitneyu(high.numpy(), low.numpy()).statistic
    return float(statistic / (len(high) * len(low)))


def shortcuts(references: ReferenceSet) -> list[Check]:
    """How far negative controls get: by the probe, and by one fitted without their family."""
    gains = {key: float(references.gain(x).mean()) for key, x in references.shortcuts.items()}
    best = max(gains, key=gains.__getitem__)
    families = {f: {change.__name__ for change in changes} for f, changes in FAMILIES.items()}
    return [
        at_most(f"the best shortcut gets no style ({best})", gains[best], 0.35),
        *(
            held_out_gain(
                references,
                f"shortcuts of a held-out family: {family}",
                references.shortcuts,
                changes,
            )
            for family, changes in families.items()
            if changes & references.shortcuts.keys()
        ),
    ]


def held_out_gain(
    references: ReferenceSet, what: str, samples: Mapping[str, Tensor], left_out: Set[str]
) -> Check:
    """The best that changed samples get from a probe that was fitted without their kind.

    It is informational: immunity holds for what the probe was fitted on, and this says how much
    may be claimed of the rest.

    Args:
        references: What the probe is fitted on.
        what: What they are, in words.
        samples: By the change, those of `left_out` among others.
        left_out: The changes that the probe is fitted without.
    """
    controls, hard_negatives = (
        {name: x for name, x in fitted.items() if name not in left_out}
        for fitted in (references.controls, references.hard_negatives)
    )
    axis = replace(references, controls=controls, hard_negatives=hard_negatives).probe()
    gains = {
        name: float(references.gain_along(axis, x).mean())
        for name, x in samples.items()
        if name in left_out
    }
    best = max(gains, key=gains.__getitem__)
    return informational(f"{what} ({best})", gains[best])


def other_styles(references: ReferenceSet, trial: Trial) -> list[Check]:
    """Whether hard negatives, other printed styles, can be separated from this one."""
    gains = {key: float(references.gain(x).mean()) for key, x in trial.hard_negatives.items()}
    best = max(gains, key=gains.__getitem__)
    gaps = {name: discrimination(references, x) for name, x in trial.hard_negatives.items()}
    least = min(gaps, key=gaps.__getitem__)
    return [
        at_most(f"the best hard negative gets no style ({best})", gains[best], 0.5),
        *(
            held_out_gain(references, "a held-out hard negative", trial.hard_negatives, {name})
            for name in gains
        ),
        at_least(f"plates are more alike than like {least} (lower end)", gaps[least], 0.0),
    ]


def discrimination(references: ReferenceSet, others: Tensor) -> float:
    """Lower end of the gap between likeness among plates and likeness to others, over books.

    Medians of cosines (Frochte 2026), plates of one book left out, by a bootstrap over books.
    """
    books = references.book_ids
    own = [torch.where(books == book)[0] for book in books.unique()]
    if len(own) < FEWEST:
        return float("nan")
    among, across = (
        references.held_out @ references.held_out.T,
        references.held_out @ others.to(references.held_out).T,
    )
    generator, gaps = torch.Generator().manual_seed(0), []
    for _ in range(SPLITS):
        picked = torch.randint(len(own), (len(own),), generator=generator)
        rows = torch.cat([own[book] for book in picked])  # of a book picked twice, all plates twice
        different = books[rows][:, None] != books[rows][None]
        gaps.append(among[rows][:, rows][different].median() - across[rows].median())
    return float(torch.stack(gaps).nanquantile(0.025))  # one book picked each time has no pairs


def content(references: ReferenceSet) -> Check:
    """How much of the score is style, between samples of captions and the plates of them."""
    axis, unseen = references.directions["score"], ~references.trained_on
    name = "of the score's variance, style and not content (fraction)"
    if unseen.sum() < FEWEST:
        return at_least(name, float("nan"), 0.7)
    table = torch.stack(
        [x[unseen].double() @ axis for x in (references.base_captions, references.caption_plates)]
    )
    between = len(table[0]) * (table.mean(dim=1) - table.mean()).square().sum()
    return at_least(name, float(between / (table - table.mean()).square().sum()), 0.7)


def calibration(references: ReferenceSet) -> Check:
    """Whether one half of the books puts the other half at 1."""
    lower, upper = references.band
    name = f"halves of the books agree on 1 (distance of the {extent(references)})"
    return at_most(name, max(abs(lower - 1), abs(upper - 1)), 0.1)


def mixing(references: ReferenceSet, trial: Trial) -> Check:
    """Whether the score rises as a sample is blended into its plate."""
    name, scores = "the score rises from sample to plate (Spearman)", trial.mixtures
    if not scores.shape[1]:
        return at_least(name, float("nan"), 0.9)
    found = [
        float(stats.spearmanr(MIXTURES, one.numpy()).statistic)
        for one in (scores.double() @ references.directions["score"]).T
    ]
    return at_least(name, sum(found) / len(found), 0.9)


def stability(references: ReferenceSet, trial: Trial) -> list[Check]:
    """How far plates move under what should not matter."""
    axis = references.directions["score"]
    origin = (references.base.double() @ axis).mean()
    plates = references.held_out.double() @ axis
    whole = plates.mean() - origin

    def moved(others: Tensor) -> float:
        return float(((others.double() @ axis).mean() - plates.mean()).abs() / whole)

    checks = [
        at_most(f"plates do not move under {name}", moved(x), 0.03)
        for name, x in trial.variants.items()
    ]
    return [*checks, at_most("nor under the autoencoder", moved(trial.untouched), 0.1)]


def replication(references: ReferenceSet, trial: Trial) -> list[Check]:
    """Whether replicate seeds of the base model score 0: the whole interval lies near 0.

    That no test finds a gain would not do: one that hardly sees finds none either, and one that
    sees all finds one in twenty. An interval about 0 that is too wide says nothing about the
    encoder: with two samples of each prompt, most are.
    """
    gain = references.gain(trial.replicates)
    value, lower, upper = t_interval(gain)
    farthest = max(-lower, upper)
    why = "the farther end of its 95 % interval"
    if farthest > ZERO and lower <= 0 <= upper:
        why, farthest = f"{lower:.2f} to {upper:.2f} is inconclusive without more seeds", math.nan
    elif farthest > ZERO:
        why += f": {value:.2f} is a {'gain' if value > 0 else 'loss'}"
    p = math.nan if math.isnan(value + lower) else sign_flip_p(gain)
    return [
        at_most(f"replicate seeds of the base model score 0 ({why})", farthest, ZERO),
        informational("p of as much from noise alone", p),
    ]
