"""Whether drawings still differ: a style score alone rewards a model that draws one picture."""

import torch
from torch import Tensor

from oldbook_diffusion.metrics.inference import prompt_means


def within_prompts(drawings: Tensor, prompts: Tensor) -> Tensor:  # => [P]
    """Mean distance, one minus cosine, of two drawings of one prompt from different noise.

    Args:
        drawings: [N, D] embeddings of length one, at least two of each prompt.
        prompts: [N], the prompt of each.
    """
    first, second = pairs(prompts, alike=True)
    distances = 1 - (drawings[first].double() * drawings[second].double()).sum(dim=1)
    return prompt_means(distances, prompts[first])


def across_prompts(drawings: Tensor, prompts: Tensor) -> float:
    """Mean distance of two drawings of different prompts."""
    first, second = pairs(prompts, alike=False)
    return float((1 - (drawings[first].double() * drawings[second].double()).sum(dim=1)).mean())


def pairs(prompts: Tensor, alike: bool) -> tuple[Tensor, Tensor]:
    """Every pair of drawings of the same prompt, or of different ones, once."""
    first, second = torch.triu_indices(len(prompts), len(prompts), offset=1)
    kept = (prompts[first] == prompts[second]) == alike
    return first[kept], second[kept]
