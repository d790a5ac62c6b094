"""Training noise other than white: each sample's is a function of its own seed."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from oldbook_diffusion.randomness import key, normal, uniform

LEVELS = 10  # of a pyramid at most; it ends at one pixel


def channel_offsets(seeds: Sequence[int], num_channels: int) -> Tensor:  # => [B, C, 1, 1]
    """A standard normal number for each sample and channel (noise offset, Guttenberg 2023)."""
    return normal([key(seed, "noise_offset") for seed in seeds], (num_channels, 1, 1))


def pyramid(noise: Tensor, seeds: Sequence[int], discount: float) -> Tensor:  # => like noise
    """Noise with larger patches in it (multi-resolution noise, Whitaker 2023).

    Each level is smaller than the one before by a factor of 2 to 4, is scaled up again, and weighs
    `discount` times as much; a sample is then divided by its own standard deviation.

    Args:
        noise: White noise [B, C, h, w], the first level.
        seeds: Seeds of the samples.
        discount: Weight of a level over that of the one before, in [0, 1).
    """
    samples = zip(noise, seeds, strict=True)
    return torch.stack([one_pyramid(level, seed, discount) for level, seed in samples])


def one_pyramid(noise: Tensor, seed: int, discount: float) -> Tensor:  # [C, h, w] => the same
    """The pyramid of a sample."""
    channels, *size = noise.shape
    total, height, width = noise.clone(), *map(float, size)
    for level in range(1, LEVELS):
        ratio = 2 + 2 * uniform(seed, "pyramid ratio", level)
        height, width = max(1, height / ratio), max(1, width / ratio)
        drawn = normal([key(seed, "pyramid", level)], (channels, int(height), int(width)))
        total += discount**level * F.interpolate(drawn, size=size, mode="bilinear")[0]
        if height == 1 or width == 1:
            break
    return total / total.std()
