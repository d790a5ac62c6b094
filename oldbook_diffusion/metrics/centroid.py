"""CentroidSimilarity: mean cosine of samples to the centroid of held-out plates."""

from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor
from torchmetrics import Metric

Kind = Literal["reference", "ceiling", "base", "sample"]
KINDS = get_args(Kind)


class CentroidSimilarity(Metric):
    """Mean cosine of samples to the centroid of held-out plates, raw and normalized.

    The normalized form is 0 for the samples of the base model and 1 for held-out plates that
    did not build the centroid, both through the pixel path of the samples. It is familiar and
    cheap, and it is not proof: tone and grain alone move it.

    Only sums are kept, so that batches, their order and the number of processes do not matter.
    Like `torchmetrics.image.FrechetInceptionDistance`, `reset` keeps what the samples are
    compared with.

    Args:
        embedding_dim: Length of the embeddings.
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False

    sums: Tensor
    counts: Tensor

    def __init__(self, embedding_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sums = torch.zeros(len(KINDS), embedding_dim, dtype=torch.float64)
        self.add_state("sums", sums, dist_reduce_fx="sum")
        self.add_state("counts", torch.zeros(len(KINDS)).double(), dist_reduce_fx="sum")

    def update(self, embeddings: Tensor, kind: Kind) -> None:
        """Take in embeddings.

        Args:
            embeddings: [N, D], of length one.
            kind: Plates that build the centroid (`reference`), plates that set the 1 (`ceiling`),
                samples of the base model, or samples of the model that learns.
        """
        index = KINDS.index(kind)
        self.sums[index] += embeddings.to(self.sums).sum(dim=0)
        self.counts[index] += len(embeddings)

    def compute(self) -> dict[Kind | Literal["cosine", "normalized"], Tensor]:
        """The mean cosine of each kind, the samples' own, and its normalized form."""
        centroid = F.normalize(self.sums[0], dim=0)
        cosines = dict(zip(KINDS, self.sums @ centroid / self.counts, strict=True))
        gain, whole = cosines["sample"] - cosines["base"], cosines["ceiling"] - cosines["base"]
        return {**cosines, "cosine": cosines["sample"], "normalized": gain / whole}

    def reset(self) -> None:
        """Forget the samples, keep what they are compared with."""
        sums, counts = self.sums.clone(), self.counts.clone()
        super().reset()
        kept = [KINDS.index(kind) for kind in KINDS if kind != "sample"]
        self.sums[kept] = sums[kept]
        self.counts[kept] = counts[kept]


def halves(books: list[str | None]) -> Tensor:  # => bool [N]: plates that build the centroid
    """Split held-out plates in two without splitting a book; plate by plate where none is known.

    Books are dealt out from the largest to the smallest, each to the smaller half.
    """
    names = [book if book is not None else f"plate {i}" for i, book in enumerate(books)]
    if len(set(names)) < 2:
        names = [str(i) for i in range(len(books))]
    sizes = {name: names.count(name) for name in names}
    first: set[str] = set()
    balance = 0
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        if balance <= 0:
            first.add(name)
        balance += sizes[name] if name in first else -sizes[name]
    return torch.tensor([name in first for name in names])
