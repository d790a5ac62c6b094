"""Distances between samples and plates as sets: unbiased kernel distances.

The published CMMD (Jayasumana et al. 2024) keeps each image's kernel with itself, which adds a
term that grows as sets get small; samples of one prompt and plates of one book resemble each
other, which adds others. All are left out here: samples are only compared with samples of other
prompts, and plates with plates of other books.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from oldbook_diffusion.metrics.inference import Interval, jackknife_interval

Kernel = Callable[[Tensor, Tensor], Tensor]
SCALE = 1000.0  # as CMMD is reported


def gaussian(sigma: float) -> Kernel:
    """The kernel of CMMD, whose sigma is 10; on the unit sphere that one sees little but means."""
    return lambda x, y: torch.exp(-torch.cdist(x, y).square() / (2 * sigma**2))


def cubic(x: Tensor, y: Tensor) -> Tensor:
    """The kernel of KID (Bińkowski et al. 2018), for embeddings of length one."""
    return (x @ y.T + 1) ** 3


def median_distance(plates: Tensor) -> float:
    """The median distance between two plates: a sigma that sees more than means."""
    return float(torch.pdist(plates.double()).median())


def cluster_mmd(
    samples: Tensor, prompts: Tensor, plates: Tensor, kernel: Kernel, books: Tensor | None = None
) -> Interval:
    """Unbiased squared MMD (Gretton et al. 2012) with the prompt as the unit of its jackknife.

    Args:
        samples: [N, D] embeddings.
        prompts: [N], the prompt of each.
        plates: [M, D] embeddings.
        kernel: Compares two sets of embeddings: [N, D], [M, D] to [N, M].
        books: [M], the book of each plate; each plate is one of its own when null, and where
            all are of one book.
    """
    samples, plates = samples.double(), plates.double()
    within, across = kernel(samples, samples), kernel(samples, plates).mean(dim=1)
    if books is None or len(books.unique()) < 2:
        books = torch.arange(len(plates))
    among_plates = kernel(plates, plates)[books[:, None] != books[None]].mean()

    def distance(kept: Tensor) -> Tensor:
        others = prompts[kept][:, None] != prompts[kept][None]
        mmd = within[kept][:, kept][others].mean() + among_plates - 2 * across[kept].mean()
        return mmd * SCALE

    return jackknife_interval(distance, prompts)
