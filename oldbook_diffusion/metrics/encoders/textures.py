"""Encoders without trained weights: textures and tones, and nothing of what an image shows.

They measure line style rather well and content not at all, so they cannot score a run; the
measurement itself is tested with them, where no weights are available.
"""

import math
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from oldbook_diffusion.metrics.encoders.base import ImageEncoder, hash_of

SCALES = (1, 2, 4)
LUMA = (0.299, 0.587, 0.114)
RED_GREEN = (0.5, -0.5, 0.0)
BLUE_YELLOW = (-0.25, -0.25, 0.5)


def opponent(images: Tensor) -> Tensor:  # => [N, 3, H, W]
    """Lightness and two contrasts of colour."""
    axes = torch.tensor([LUMA, RED_GREEN, BLUE_YELLOW])
    return torch.einsum("kc,nchw->nkhw", axes, images)


class Textures(ImageEncoder):
    """Second moments of a bank of filters at several scales (Gatys et al. 2015).

    Args:
        filters: [K, 3, S, S], on lightness and the two contrasts of colour.
        name: Name of the bank.
    """

    def __init__(self, filters: Tensor, name: str) -> None:
        self.filters = F.normalize(filters.flatten(1), dim=1).view_as(filters)
        self.name = name
        self.weights = hash_of({"filters": self.filters})
        self.embedding_dim = len(SCALES) * len(filters) * (len(filters) + 1) // 2 + 2 * 3

    def to(self, device: torch.device) -> Self:
        """Stay on the CPU, where the samples are."""
        return self

    @torch.no_grad()
    def encode_images(self, images: Tensor) -> Tensor:  # => [N, D] of length one
        """Embed images [N, 3, H, W] in [0, 1]."""
        if not len(images):
            return torch.zeros(0, self.embedding_dim)
        seen = opponent(images.cpu().float())
        parts = [self.moments(F.avg_pool2d(seen, scale) if scale > 1 else seen) for scale in SCALES]
        tones = [seen.mean(dim=(2, 3)), seen.std(dim=(2, 3))]
        return F.normalize(torch.cat([*parts, *tones], dim=1), dim=1)

    def moments(self, seen: Tensor) -> Tensor:  # => [N, K (K + 1) / 2]
        """Square roots of the second moments of all pairs of filters, their signs kept."""
        answers = F.conv2d(seen, self.filters).flatten(2)
        gram = answers @ answers.mT / answers.shape[-1]
        first, second = torch.triu_indices(len(self.filters), len(self.filters))
        pairs = gram[:, first, second]
        return pairs.sign() * pairs.abs().sqrt()


class RandomTextures(Textures):
    """Random filters without a mean: as good as trained ones at distinguishing textures.

    Args:
        number: Filters.
        side: Side of each, in pixels.
        seed: Which filters.
    """

    def __init__(self, number: int = 24, side: int = 5, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        filters = torch.randn(number, 3, side, side, generator=generator)
        super().__init__(filters - filters.mean(dim=(2, 3), keepdim=True), f"gram-{seed}")


class GaborTextures(Textures):
    """Gabor filters of two wavelengths on lightness, and blobs on the contrasts of colour.

    Args:
        orientations: Directions of the waves.
        side: Side of each filter, in pixels.
    """

    def __init__(self, orientations: int = 8, side: int = 9) -> None:
        axis = torch.arange(side) - side // 2
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        blob = torch.exp(-(x**2 + y**2) / (2 * (side / 5) ** 2))
        filters = []
        for turn in range(orientations):
            angle = math.pi * turn / orientations
            along = x * math.cos(angle) + y * math.sin(angle)
            for wavelength in (3.0, 6.0):
                wave = blob * torch.cos(2 * math.pi * along / wavelength)
                filters.append(torch.stack([wave - wave.mean(), torch.zeros_like(wave), wave * 0]))
        for contrast in (1, 2):
            colour = torch.zeros(3, side, side)
            colour[contrast] = blob
            filters.append(colour)
        super().__init__(torch.stack(filters), "gabor")
