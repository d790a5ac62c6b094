"""Scores of a checkpoint, as one function of stored embeddings.

Embeddings are [N, D] of length one. Nothing here samples, embeds or writes anything, so that a
score in a curve and a score recomputed years later from the same files are the same.
"""

from dataclasses import replace

import torch
from torch import Tensor

from oldbook_diffusion.metrics import catalogue as c
from oldbook_diffusion.metrics import diversity, fidelity, memorization
from oldbook_diffusion.metrics.curve import Curve, Values, flat
from oldbook_diffusion.metrics.distance import cluster_mmd, cubic, gaussian, median_distance
from oldbook_diffusion.metrics.inference import (
    FEWEST,
    prompt_means,
    ratio_interval,
    sign_flip_p,
    t_interval,
)
from oldbook_diffusion.metrics.reference_set import ReferenceSet
from oldbook_diffusion.metrics.sample_embeddings import SampleEmbeddings


def compute_scores(references: ReferenceSet, samples: SampleEmbeddings) -> dict[str, float]:
    """Every score of one checkpoint by its tag; what is NaN is not there.

    Args:
        references: What it is compared with.
        samples: Its samples.
    """
    return flat(
        {
            **guides(references),
            **style(references, samples.prompts),
            **prompt_fidelity(references, samples.prompts),
            **distance(references, samples.prompts),
            **copying(references, samples.prompts),
            **spread(references, samples.prompts),
            **leakage(references, samples.off_style),
            **captions(references, samples.captions),
        }
    )


def confirm(
    references: ReferenceSet,
    base: Tensor,
    samples: Tensor,
    prompt_ids: Tensor,
    prompt_embeddings: Tensor,
) -> dict[str, float]:
    """Style, fidelity and copying of samples that nothing was selected by.

    Args:
        references: What directions and plates come from.
        base: [N, D], the base model's samples from the same noise.
        samples: [N, D].
        prompt_ids: [N], the prompt of each.
        prompt_embeddings: [P, D], the prompts; [0, D] where the encoder cannot read.
    """
    fresh = replace(
        references, base=base, prompt_ids=prompt_ids, prompt_embeddings=prompt_embeddings
    )
    return flat(
        {**style(fresh, samples), **prompt_fidelity(fresh, samples), **copying(fresh, samples)}
    )


def guides(references: ReferenceSet) -> Values:
    """What the style score has to be compared with, and the band of plates themselves."""
    lower, upper = references.band
    return {
        c.STYLE_WORDS: float(references.gain(references.style_words).mean()),
        c.SHORTCUT: max(references.shortcut_gains.values()),
        c.LINE_DIVERSITY: references.line_diversity,
        c.REAL_LOWER: lower,
        c.REAL_UPPER: upper,
    }


def style(references: ReferenceSet, samples: Tensor) -> Values:
    """How much of the way to plates the samples have gone, by each direction."""
    curves = {
        "score": c.STYLE,
        "projection": c.STYLE_PROJECTION,
        "beyond_tone": c.STYLE_BEYOND_TONE,
    }
    gains = {name: references.gain(samples, name) for name in references.directions}
    intervals = {curves[name]: t_interval(gain) for name, gain in gains.items()}
    return {**intervals, c.STYLE_P: sign_flip_p(gains["score"])}


def prompt_fidelity(references: ReferenceSet, samples: Tensor) -> Values:
    """How much of their prompts samples still show."""
    own, texts = references.prompt_ids, references.prompt_embeddings
    axes = torch.stack([references.directions["score"], references.directions["projection"]])
    kept = fidelity.content_similarity(samples, references.base, axes)
    content: Values = {c.CONTENT_SIMILARITY: t_interval(prompt_means(kept, own))}
    if len(texts) < 2:  # an encoder without text, or one prompt alone
        return content
    centered = fidelity.centered_clip_score(samples, texts, own)
    rank = fidelity.reciprocal_rank(samples, texts, own)
    score = fidelity.clip_score(samples, texts, own)
    return {
        **content,
        c.CLIP_SCORE: t_interval(prompt_means(score, own)),
        c.CENTERED_CLIP_SCORE: t_interval(prompt_means(centered, own)),
        c.RECALL: t_interval(prompt_means((rank == 1).double(), own)),
        c.RECIPROCAL_RANK: t_interval(prompt_means(rank, own)),
    }


def distance(references: ReferenceSet, samples: Tensor) -> Values:
    """How far the samples as a set are from held-out plates as a set."""
    kernels = {
        c.CMMD: gaussian(10.0),
        c.MMD_MEDIAN: gaussian(median_distance(references.held_out)),
        c.KID: cubic,
    }
    plates, books = references.held_out, references.book_ids
    return {
        curve: cluster_mmd(samples, references.prompt_ids, plates, kernel, books)
        for curve, kernel in kernels.items()
    }


def copying(references: ReferenceSet, samples: Tensor) -> dict[Curve, float]:
    """Whether samples lie nearer to training plates than unseen plates do."""
    similarity = references.nearest(samples).similarity
    found = memorization.exceedance(similarity, references.prompt_ids, references.held_out_nearest)
    return {
        c.NEAR_FRACTION: found.above / found.total,
        c.NEAR_P: found.p,
        c.NEAR_MAX: float(similarity.max()),
        c.NEAR_THRESHOLD: found.threshold,
        c.PLATE_MAX: most_similar(references),
    }


def most_similar(references: ReferenceSet) -> float:
    """How near plates come to others at the most (99.9 %): held-out ones and training ones."""
    nulls = (references.held_out_nearest, references.train_nearest)
    return max(float(null.double().quantile(0.999)) for null in nulls)


def leakage(references: ReferenceSet, samples: Tensor) -> Values:
    """Off-prompt style leakage: style in samples of prompts for another style."""
    if not len(samples):
        return {}
    return {c.STYLE_LEAKAGE: t_interval(references.off_style_gain(samples))}


def captions(references: ReferenceSet, samples: Tensor) -> Values:
    """Whether captions of training plates give those plates, and what held-out ones give."""
    seen = references.trained_on
    if not len(samples) or not seen.any() or seen.all():
        return {}
    contrast = references.contrast(samples)
    values: Values = {
        c.STYLE_CAPTIONS: t_interval(references.caption_gain(samples)),
        c.CAPTION_CONTRAST: float(contrast[seen].mean() - contrast[~seen].mean()),
    }
    if min(seen.sum(), (~seen).sum()) < FEWEST:
        return values
    return {**values, c.CAPTION_P: memorization.contrast_p(contrast[seen], contrast[~seen])}


def spread(references: ReferenceSet, samples: Tensor) -> Values:
    """How much samples still differ, where 1 is how much the base model's do."""
    prompts = references.prompt_ids
    across = diversity.across_prompts(references.base, prompts)
    ratio: Values = {c.DIVERSITY_ACROSS: diversity.across_prompts(samples, prompts) / across}
    if len(prompts) == len(prompts.unique()):
        return ratio
    base = diversity.within_prompts(references.base, prompts)
    within = diversity.within_prompts(samples, prompts)
    return {**ratio, c.DIVERSITY: ratio_interval(within, base)}
