"""Everything that is measured at a checkpoint, as one function of stored embeddings.

Embeddings are [N, D] of length one. Nothing here draws, encodes or keeps anything, so that a
number in a curve and a number computed again years later from the same files are the same.
"""

import math

import torch
from torch import Tensor

from oldbook_diffusion.metrics import diversity, memorisation, prompt_fidelity
from oldbook_diffusion.metrics.distribution_distance import (
    cluster_mmd,
    cubic,
    gaussian,
    median_distance,
)
from oldbook_diffusion.metrics.paired_inference import (
    Interval,
    prompt_means,
    sign_flip_p,
    t_interval,
)
from oldbook_diffusion.metrics.panel import Panel

Numbers = dict[str, Interval | float]


def measure(panel: Panel, drawings: Tensor) -> dict[str, float]:
    """Every number of one checkpoint, by the name of its curve; those that are not known are not.

    Args:
        panel: What it is measured against.
        drawings: [N, D], in the order of `panel.base`.
    """
    numbers: dict[str, float] = dict(panel.guides)
    for part in (style, fidelity, distance, copying, spread):
        for name, value in part(panel, drawings).items():
            numbers |= curves(name, value) if isinstance(value, Interval) else {name: value}
    return {name: number for name, number in numbers.items() if not math.isnan(number)}


def curves(name: str, interval: Interval) -> dict[str, float]:
    """Three curves of an interval."""
    return {
        name: interval.value,
        f"{name}_lower": interval.lower,
        f"{name}_upper": interval.upper,
    }


def style(panel: Panel, drawings: Tensor) -> Numbers:
    """How much of the way to plates the drawings have gone, by each direction."""
    gains = {name: panel.gain(drawings, name) for name in panel.directions}
    intervals = {f"style/{name}": t_interval(gain) for name, gain in gains.items()}
    return {**intervals, "style/p": sign_flip_p(gains["score"])}


def fidelity(panel: Panel, drawings: Tensor) -> Numbers:
    """Whether drawings still show what their prompts say."""
    own, texts = panel.prompts, panel.texts
    centred = prompt_fidelity.centred_agreement(drawings, texts, own)
    rank = prompt_fidelity.reciprocal_rank(drawings, texts, own)
    axes = torch.stack([panel.directions["score"], panel.directions["projection"]])
    kept = prompt_fidelity.retention(drawings, panel.base, axes)
    return {
        "fidelity/centred_agreement": t_interval(prompt_means(centred, own)),
        "fidelity/identified": t_interval(prompt_means((rank == 1).double(), own)),
        "fidelity/reciprocal_rank": t_interval(prompt_means(rank, own)),
        "fidelity/retention": t_interval(prompt_means(kept, own)),
    }


def distance(panel: Panel, drawings: Tensor) -> Numbers:
    """How far the drawings as a set are from held-out plates as a set."""
    kernels = {
        "cmmd": gaussian(10.0),
        "mmd_median": gaussian(median_distance(panel.held_out)),
        "kid": cubic,
    }
    return {
        f"distance/{name}": cluster_mmd(drawings, panel.prompts, panel.held_out, kernel)
        for name, kernel in kernels.items()
    }


def copying(panel: Panel, drawings: Tensor) -> Numbers:
    """Whether drawings lie nearer to training plates than unseen plates do."""
    similarity = panel.nearest(drawings).similarity
    found = memorisation.exceedance(similarity, panel.unseen_nearest)
    return {
        "memorisation/share": found.above / found.total,
        "memorisation/p": found.p,
        "memorisation/largest": float(similarity.max()),
        "memorisation/threshold": found.threshold,
    }


def spread(panel: Panel, drawings: Tensor) -> Numbers:
    """How much drawings still differ, where 1 is how much the base model's do."""
    across = diversity.across_prompts(panel.base, panel.prompts)
    ratios: Numbers = {
        "diversity/across": diversity.across_prompts(drawings, panel.prompts) / across
    }
    if len(panel.prompts) == len(panel.prompts.unique()):
        return ratios
    base = diversity.within_prompts(panel.base, panel.prompts).mean()
    within = diversity.within_prompts(drawings, panel.prompts)
    return {**ratios, "diversity/within": t_interval(within / base)}
