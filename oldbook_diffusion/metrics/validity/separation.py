"""Separation: whether an encoder scores plates above all that is no plate."""

from collections.abc import Mapping, Set
from dataclasses import replace

import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor

from oldbook_diffusion.metrics.inference import FEWEST
from oldbook_diffusion.metrics.negative_controls import FAMILIES
from oldbook_diffusion.metrics.reference_set import SPLITS, ReferenceSet
from oldbook_diffusion.metrics.validity.check import Check, at_least, at_most, informational
from oldbook_diffusion.metrics.validity.trial import Trial

SAME = 1 - 1e-6  # the cosine from which two images are one


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

    It is informational: immunity holds for what the probe was fitted on, and this shows how much
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
