"""Calibration: whether 0 and 1 of an encoder's style scale hold, and what moves them."""

import math

import torch
from scipy import stats
from torch import Tensor

from oldbook_diffusion.metrics.inference import FEWEST, sign_flip_p, t_interval
from oldbook_diffusion.metrics.reference_set import ReferenceSet
from oldbook_diffusion.metrics.sample_size import extent
from oldbook_diffusion.metrics.validity.check import Check, at_least, at_most, informational
from oldbook_diffusion.metrics.validity.trial import MIXTURES, Trial

ZERO = 0.1  # of the way to plates, within which replicate seeds of the base model must lie


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
    zero = (references.base.double() @ axis).mean()
    plates = references.held_out.double() @ axis
    whole = plates.mean() - zero

    def moved(others: Tensor) -> float:
        return float(((others.double() @ axis).mean() - plates.mean()).abs() / whole)

    checks = [
        at_most(f"plates do not move under {name}", moved(x), 0.03)
        for name, x in trial.variants.items()
    ]
    return [*checks, at_most("nor under the autoencoder", moved(trial.untouched), 0.1)]


def replication(references: ReferenceSet, trial: Trial) -> list[Check]:
    """Whether replicate seeds of the base model score 0: the whole interval lies near 0.

    A test that finds no gain is not enough: one without power finds none either, and one with
    power finds one in twenty. An interval about 0 that is too wide is inconclusive about the
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
