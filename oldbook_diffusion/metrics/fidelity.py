"""Prompt fidelity: whether samples still show their prompts, whatever style they are in.

All take samples [N, D] and texts [P, D] of length one, and own [N], the prompt of each sample.
Products are taken in float64: in float32 the last digits depend on where a tensor lies in memory.
"""

import torch
from torch import Tensor


def clip_score(samples: Tensor, texts: Tensor, own: Tensor) -> Tensor:  # => [N]
    """Cosine of each sample to its prompt: CLIPScore without its factor (Hessel et al. 2021)."""
    return (samples.double() * texts[own].double()).sum(dim=1)


def centered_clip_score(samples: Tensor, texts: Tensor, own: Tensor) -> Tensor:  # => [N]
    """CLIP score less the mean with the other prompts: a shift of style cancels."""
    cosines = samples.double() @ texts.double().T
    mine = clip_score(samples, texts, own)
    return mine - (cosines.sum(dim=1) - mine) / (len(texts) - 1)


def reciprocal_rank(samples: Tensor, texts: Tensor, own: Tensor) -> Tensor:  # => [N]
    """One over the rank of a sample's own prompt among all; 1 where it is the nearest."""
    cosines = samples.double() @ texts.double().T
    above = cosines > cosines.gather(1, own[:, None])
    return 1 / (1 + above.sum(dim=1)).double()


def content_similarity(samples: Tensor, base: Tensor, directions: Tensor) -> Tensor:  # => [N]
    """Cosine of each sample to the base's of the same prompt and noise, the style projected out.

    Args:
        samples: [N, D].
        base: [N, D], in the same order.
        directions: [K, D], the directions of style.
    """
    axes = torch.linalg.qr(directions.T.double()).Q
    left, right = (x.double() - x.double() @ axes @ axes.T for x in (samples, base))
    return torch.cosine_similarity(left, right)
