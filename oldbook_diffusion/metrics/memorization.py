"""Memorization: whether samples are copies of training plates, by tails against a null.

A few copies among many samples move no mean; they show as samples nearer to their nearest
training plate than nearly all plates of unseen books are (Pizzi et al. 2022 for the similarity,
Somepalli et al. 2023 for the background).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor

from oldbook_diffusion.metrics.inference import FEWEST, Interval

TAIL = 100  # a sample counts as near if at most one plate in so many of the null is nearer


class Nearest(NamedTuple):
    """The nearest training plate of each sample.

    Attributes:
        similarity: [N], cosines.
        plate: [N], its number.
    """

    similarity: Tensor
    plate: Tensor


class Exceedance(NamedTuple):
    """How many samples lie nearer to training plates than unseen plates do.

    Attributes:
        above: Samples above the threshold.
        total: All samples.
        threshold: The similarity that at most one unseen plate in `TAIL` exceeds.
        p: One-sided p of so many or more without copying.
    """

    above: int
    total: int
    threshold: float
    p: float


class Whitening:
    """Centres and decorrelates on training plates, then scales to length one.

    Plates of one style have most of their direction in common; the rest
    distinguishes one plate from another.

    Args:
        train: [N, D] embeddings of training plates.
        ridge: Fraction of the mean variance that is added to every direction.
    """

    def __init__(self, train: Tensor, ridge: float = 0.1) -> None:
        train = train.double()
        self.mean = train.mean(0)
        spread = (train - self.mean).T @ (train - self.mean) / len(train)
        variances, axes = torch.linalg.eigh(spread)
        self.map = axes * (variances.clamp_min(0) + ridge * variances.mean()).rsqrt()

    def __call__(self, embeddings: Tensor) -> Tensor:  # => [M, D] of length one
        """Whiten embeddings."""
        return F.normalize((embeddings.double() - self.mean) @ self.map, dim=1)


def nearest(samples: Tensor, train: Tensor, views: int = 1) -> Nearest:
    """The nearest training plate of each sample; both are embeddings of length one.

    Args:
        samples: [N, D].
        train: [V * T, D], one view of all plates after the other.
        views: V, in how many ways training shows a plate.
    """
    best = (samples @ train.T).max(dim=1)
    return Nearest(best.values, best.indices % (len(train) // views))


def nearest_other(train: Tensor, views: int = 1) -> Tensor:  # => [T]
    """Similarity of each training plate to the nearest view of another one."""
    number = len(train) // views
    similarity = (train[:number] @ train.T).view(number, views, number)
    similarity.diagonal(dim1=0, dim2=2).fill_(-1)
    return similarity.flatten(1).max(dim=1).values


def exceedance(samples: Tensor, prompts: Tensor, unseen: Tensor) -> Exceedance:
    """Count the samples beyond the null's tail.

    One sample of each prompt and the unseen plates are ranked together: where nothing is copied,
    every order is as likely, so that the chance is exact though the threshold is estimated. The
    samples of a prompt are alike: each takes its turn, and the least chance counts as often as
    there are rounds (Bonferroni).

    Args:
        samples: [N], similarity of each sample to its nearest training plate.
        prompts: [N], the prompt of each.
        unseen: [M], the same similarity of plates from unseen books.
    """
    beyond = len(unseen) // TAIL  # plates that lie above the threshold
    threshold = float(unseen.sort(descending=True).values[beyond])
    above = (samples > threshold).long()
    rounds = rounds_of(prompts)
    near = torch.zeros(int(rounds.max()) + 1, dtype=torch.long).index_add_(0, rounds, above).numpy()
    units = rounds.bincount().numpy()
    # so many are above where at least so many are among as many of the first
    chances = stats.hypergeom.sf(near - 1, units + len(unseen), units, near + beyond)
    p = min(1.0, len(chances) * float(chances.min()))
    return Exceedance(int(above.sum()), len(samples), threshold, p)


def rounds_of(prompts: Tensor) -> Tensor:  # => [N]
    """Which of its prompt's samples each sample is: 0 for the first."""
    alike = prompts[:, None] == prompts[None]
    return alike.tril(-1).sum(dim=1)


def own_plate_contrast(samples: Tensor, plates: Sequence[Tensor], train: Tensor) -> Tensor:
    """How much nearer each sample is to the plate of its caption than to any training plate, [N].

    Args:
        samples: [N, D], samples of captions.
        plates: Of each view, the plate of each caption, [N, D].
        train: [M, D], all views of the training plates.
    """
    own = torch.stack([(samples * view).sum(dim=1) for view in plates]).amax(0)
    similarity = samples @ train.T
    for view in plates:
        similarity[(view @ train.T) > 1 - 1e-6] = -1  # the own plate is no rival of itself
    return own - similarity.max(dim=1).values


def contrast_p(seen: Tensor, unseen: Tensor) -> float:
    """One-sided p that training captions give their own plates more than unseen captions do.

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


def membership_auc(seen: Tensor, unseen: Tensor) -> Interval:
    """Chance that the loss fell more on a training plate than on an unseen one; 0.5 if healthy.

    The interval is that of DeLong et al. (1988), by Student's t over the smaller side.

    Args:
        seen: [N], loss of the fine-tuned model minus loss of the base on training plates.
        unseen: [M], the same on plates of unseen books.
    """
    fell = seen[:, None].double() - unseen[None].double()
    wins = (fell < 0).double() + (fell == 0).double() / 2
    value, fewest = float(wins.mean()), min(wins.shape)
    if fewest < FEWEST:
        return Interval(value, math.nan, math.nan)
    by_plate = wins.mean(1).var() / len(seen), wins.mean(0).var() / len(unseen)
    reach = float(stats.t.ppf(0.975, fewest - 1)) * float(sum(by_plate)) ** 0.5
    return Interval(value, max(0.0, value - reach), min(1.0, value + reach))
