"""Diversity of samples: a style score alone rewards a model that gives one image only."""

import torch
from torch import Tensor

from oldbook_diffusion.metrics.inference import prompt_means


def within_prompts(samples: Tensor, prompts: Tensor) -> Tensor:  # => [P]
    """Mean distance, one minus cosine, of two samples of one prompt from different noise.

    Args:
        samples: [N, D] embeddings of length one, at least two of each prompt.
        prompts: [N], the prompt of each.
    """
    first, second = pairs(prompts, alike=True)
    distances = 1 - (samples[first].double() * samples[second].double()).sum(dim=1)
    return prompt_means(distances, prompts[first])


def across_prompts(samples: Tensor, prompts: Tensor) -> float:
    """Mean distance of two samples of different prompts."""
    first, second = pairs(prompts, alike=False)
    return float((1 - (samples[first].double() * samples[second].double()).sum(dim=1)).mean())


def pairs(prompts: Tensor, alike: bool) -> tuple[Tensor, Tensor]:
    """Every pair of samples of the same prompt, or of different ones, once."""
    first, second = torch.triu_indices(len(prompts), len(prompts), offset=1)
    kept = (prompts[first] == prompts[second]) == alike
    return first[kept], second[kept]
