"""Everything that is measured at a checkpoint, as one function of stored embeddings.

Embeddings are [N, D] of length one. Nothing here draws, encodes or keeps anything, so that a
number in a curve and a number computed again years later from the same files are the same.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from oldbook_diffusion.metrics import diversity, memorization
from oldbook_diffusion.metrics.distance import (
    cluster_mmd,
    cubic,
    gaussian,
    median_distance,
)
from oldbook_diffusion.metrics.fidelity import (
    agreement,
    centred_agreement,
    reciprocal_rank,
    retention,
)
from oldbook_diffusion.metrics.inference import (
    FEWEST,
    Interval,
    prompt_means,
    ratio_interval,
    sign_flip_p,
    t_interval,
)
from oldbook_diffusion.metrics.reference_set import ReferenceSet, SampleEmbeddings

Numbers = dict[str, Interval | float]


def confirm(
    panel: ReferenceSet, base: Tensor, drawings: Tensor, prompts: Tensor, texts: Tensor
) -> dict[str, float]:
    """Style, fidelity and copying of drawings that nothing was chosen by.

    Args:
        panel: What directions and plates come from.
        base: [N, D], the base model's drawings from the same noise.
        drawings: [N, D].
        prompts: [N], the prompt of each.
        texts: [P, D], the prompts; [0, D] where the encoder cannot read.
    """
    fresh = replace(panel, base=base, prompts=prompts, texts=texts)
    return flat(part(fresh, drawings) for part in (style, fidelity, copying))


def measure(panel: ReferenceSet, drawings: SampleEmbeddings) -> dict[str, float]:
    """Every number of one checkpoint, by the name of its curve; those that are not known are not.

    Args:
        panel: What it is measured against.
        drawings: What the checkpoint has drawn.
    """
    parts = [part(panel, drawings.own) for part in (style, fidelity, distance, copying, spread)]
    parts += [steering(panel, drawings.steered), captions(panel, drawings.captioned)]
    return flat([{**panel.guides}, *parts])


def flat(parts: Iterable[Numbers]) -> dict[str, float]:
    """Every number by the name of its curve; those that are not known are not there."""
    numbers: dict[str, float] = {}
    for part in parts:
        for name, value in part.items():
            numbers |= curves(name, value) if isinstance(value, Interval) else {name: value}
    return {name: number for name, number in numbers.items() if not math.isnan(number)}


def curves(name: str, interval: Interval) -> dict[str, float]:
    """Three curves of an interval."""
    return {
        name: interval.value,
        f"{name}_lower": interval.lower,
        f"{name}_upper": interval.upper,
    }


def style(panel: ReferenceSet, drawings: Tensor) -> Numbers:
    """How much of the way to plates the drawings have gone, by each direction."""
    gains = {name: panel.gain(drawings, name) for name in panel.directions}
    intervals = {f"style/{name}": t_interval(gain) for name, gain in gains.items()}
    return {**intervals, "style/p": sign_flip_p(gains["score"])}


def fidelity(panel: ReferenceSet, drawings: Tensor) -> Numbers:
    """Whether drawings still show what their prompts say."""
    own, texts = panel.prompts, panel.texts
    axes = torch.stack([panel.directions["score"], panel.directions["projection"]])
    kept = retention(drawings, panel.base, axes)
    numbers: Numbers = {"fidelity/retention": t_interval(prompt_means(kept, own))}
    if len(texts) < 2:  # an encoder that cannot read, or nothing to tell a prompt from
        return numbers
    centred = centred_agreement(drawings, texts, own)
    rank = reciprocal_rank(drawings, texts, own)
    agreed = agreement(drawings, texts, own)
    return {
        **numbers,
        "fidelity/agreement": t_interval(prompt_means(agreed, own)),
        "fidelity/centred_agreement": t_interval(prompt_means(centred, own)),
        "fidelity/identified": t_interval(prompt_means((rank == 1).double(), own)),
        "fidelity/reciprocal_rank": t_interval(prompt_means(rank, own)),
    }


def distance(panel: ReferenceSet, drawings: Tensor) -> Numbers:
    """How far the drawings as a set are from held-out plates as a set."""
    kernels = {
        "cmmd": gaussian(10.0),
        "mmd_median": gaussian(median_distance(panel.held_out)),
        "kid": cubic,
    }
    return {
        f"distance/{name}": cluster_mmd(
            drawings, panel.prompts, panel.held_out, kernel, panel.books
        )
        for name, kernel in kernels.items()
    }


def copying(panel: ReferenceSet, drawings: Tensor) -> Numbers:
    """Whether drawings lie nearer to training plates than unseen plates do."""
    similarity = panel.nearest(drawings).similarity
    found = memorization.exceedance(similarity, panel.prompts, panel.unseen_nearest)
    return {
        "memorisation/share": found.above / found.total,
        "memorisation/p": found.p,
        "memorisation/largest": float(similarity.max()),
        "memorisation/threshold": found.threshold,
        "memorisation/most": most_similar(panel),
    }


def most_similar(panel: ReferenceSet) -> float:
    """How near plates come to others at the most (99.9 %): of held-out ones and of fellows."""
    nulls = (panel.unseen_nearest, panel.fellow_nearest)
    return max(float(null.double().quantile(0.999)) for null in nulls)


def steering(panel: ReferenceSet, drawings: Tensor) -> Numbers:
    """Whether the style comes where another is asked for."""
    if not len(drawings):
        return {}
    return {"forgetting/style_where_not_asked": t_interval(panel.steered_gain(drawings))}


def captions(panel: ReferenceSet, drawings: Tensor) -> Numbers:
    """Whether captions of training plates draw those plates, and how held-out ones are drawn."""
    seen = panel.trained_on
    if not len(drawings) or not seen.any() or seen.all():
        return {}
    contrast = panel.contrast(drawings)
    numbers: Numbers = {
        "style/matched": t_interval(panel.matched_gain(drawings)),
        "memorisation/caption_contrast": float(contrast[seen].mean() - contrast[~seen].mean()),
    }
    if min(seen.sum(), (~seen).sum()) >= FEWEST:
        p = memorization.contrast_p(contrast[seen], contrast[~seen])
        numbers["memorisation/caption_p"] = p
    return numbers


def spread(panel: ReferenceSet, drawings: Tensor) -> Numbers:
    """How much drawings still differ, where 1 is how much the base model's do."""
    across = diversity.across_prompts(panel.base, panel.prompts)
    ratios: Numbers = {
        "diversity/across": diversity.across_prompts(drawings, panel.prompts) / across
    }
    if len(panel.prompts) == len(panel.prompts.unique()):
        return ratios
    base = diversity.within_prompts(panel.base, panel.prompts)
    within = diversity.within_prompts(drawings, panel.prompts)
    return {**ratios, "diversity/within": ratio_interval(within, base)}
