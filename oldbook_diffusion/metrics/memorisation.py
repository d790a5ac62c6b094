"""Whether drawings are copies of training plates: tails against a null, not means.

A few copies among many drawings move no mean; they show as drawings nearer to their nearest
training plate than nearly all plates of unseen books are (Pizzi et al. 2022 for the similarity,
Somepalli et al. 2023 for the background).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor

TAIL = 0.99  # of the null; a drawing above it counts as near


class Nearest(NamedTuple):
    """The nearest training plate of each drawing.

    Attributes:
        similarity: [N], cosines.
        plate: [N], its number.
    """

    similarity: Tensor
    plate: Tensor


class Exceedance(NamedTuple):
    """How many drawings lie nearer to training plates than unseen plates do.

    Attributes:
        above: Drawings above the threshold.
        total: All drawings.
        threshold: The null's quantile.
        p: Chance of so many or more where nothing is copied, one-sided, exact binomial.
    """

    above: int
    total: int
    threshold: float
    p: float


class Whitening:
    """Centres and decorrelates on training plates, then scales to length one.

    Plates of one style share most of their direction; what is left tells one plate from another.

    Args:
        train: [N, D] embeddings of training plates.
        ridge: Share of the mean variance that is added to every direction.
    """

    def __init__(self, train: Tensor, ridge: float = 0.1) -> None:
        train = train.double()
        self.mean = train.mean(0)
        spread = (train - self.mean).T @ (train - self.mean) / len(train)
        variances, axes = torch.linalg.eigh(spread)
        self.map = axes * (variances.clamp_min(0) + ridge * variances.mean()).rsqrt()

    def __call__(self, embeddings: Tensor) -> Tensor:  # => [M, D] of length one
        """See embeddings in this way."""
        return F.normalize((embeddings.double() - self.mean) @ self.map, dim=1)


def nearest(drawings: Tensor, train: Tensor) -> Nearest:
    """The nearest training plate of each drawing; both are embeddings of length one."""
    best = (drawings @ train.T).max(dim=1)
    return Nearest(best.values, best.indices)


def nearest_fellow(train: Tensor) -> Tensor:  # => [M]
    """Similarity of each training plate to the nearest other one."""
    similarity = train @ train.T
    return similarity.fill_diagonal_(-1).max(dim=1).values


def exceedance(drawings: Tensor, unseen: Tensor) -> Exceedance:
    """Count the drawings beyond the null's tail.

    Args:
        drawings: [N], similarity of each drawing to its nearest training plate.
        unseen: [M], the same of plates from unseen books.
    """
    threshold = float(torch.quantile(unseen.double(), TAIL))
    above = int((drawings > threshold).sum())
    rate = 1 - TAIL
    p = float(stats.binom.sf(above - 1, len(drawings), rate))
    return Exceedance(above, len(drawings), threshold, p)


def own_plate_contrast(drawings: Tensor, plates: Tensor, train: Tensor) -> Tensor:  # => [N]
    """How much nearer each drawing is to the plate of its caption than to any training plate.

    Args:
        drawings: [N, D], drawings of captions.
        plates: [N, D], the plate of each caption.
        train: [M, D], all training plates.
    """
    own = (drawings * plates).sum(dim=1)
    similarity = drawings @ train.T
    similarity[(plates @ train.T) > 1 - 1e-6] = -1  # the own plate is no rival of itself
    return own - similarity.max(dim=1).values


def contrast_p(seen: Tensor, unseen: Tensor) -> float:
    """One-sided p that training captions draw their own plates more than unseen captions do.

    A permutation over captions of [N] and [M] contrasts, with a fixed seed.
    """
    result = stats.permutation_test(
        (seen.numpy(), unseen.numpy()),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        vectorized=True,
        n_resamples=9999,
        alternative="greater",
        rng=0,
    )
    return float(result.pvalue)


def membership_auc(seen: Tensor, unseen: Tensor) -> float:
    """Chance that a training plate's loss fell more than an unseen plate's; 0.5 is healthy.

    Args:
        seen: [N], loss of the tuned model minus loss of the base on training plates.
        unseen: [M], the same on plates of unseen books.
    """
    statistic = stats.mannwhitneyu(-seen.numpy(), -unseen.numpy()).statistic
    return float(statistic / (len(seen) * len(unseen)))
