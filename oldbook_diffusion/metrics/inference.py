"""Intervals and tests whose unit is the prompt, because samples of one prompt are not independent.

Taking 60 samples of 15 prompts as 60 observations calls a tie a gain in one case out of five;
taking the 15 means of the prompts does so in one out of twenty, as it should
(`benchmarks/inference.py` measures both).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from scipy import stats
from torch import Tensor

EXACT = 15  # prompts up to which every vector of signs is tried
FEWEST = 5  # prompts below which no interval is given: 2 ** 5 sign vectors end at p = 0.06


class Interval(NamedTuple):
    """A value and the ends of its interval."""

    value: float
    lower: float
    upper: float


def prompt_means(values: Tensor, prompts: Tensor) -> Tensor:  # => [P] float64
    """Average values [N] over the samples of each prompt; prompts [N] holds their numbers."""
    number = int(prompts.max()) + 1
    sums = torch.zeros(number, dtype=torch.float64).index_add_(0, prompts, values.double())
    return sums / prompts.bincount(minlength=number)


def t_interval(means: Tensor, confidence: float = 0.95) -> Interval:
    """The mean over prompts and its interval by Student's t.

    Args:
        means: [P], one mean of each prompt. Of fewer than `FEWEST` the ends of the interval
            are NaN.
        confidence: Fraction of such intervals that cover the true mean.
    """
    means = means.double()
    if len(means) < FEWEST:
        return Interval(float(means.mean()), math.nan, math.nan)
    error = float(means.std() / len(means) ** 0.5)
    reach = float(stats.t.ppf((1 + confidence) / 2, len(means) - 1)) * error
    centre = float(means.mean())
    return Interval(centre, centre - reach, centre + reach)


def ratio_interval(now: Tensor, before: Tensor) -> Interval:
    """The ratio of two means over prompts and its interval, by the delta method.

    Args:
        now: [P], one mean of each prompt.
        before: [P], what each is compared with.
    """
    ratio = now.mean() / before.mean()
    return t_interval(ratio + (now - ratio * before) / before.mean())


def jackknife_interval(statistic: Callable[[Tensor], Tensor], prompts: Tensor) -> Interval:
    """A statistic of samples and its interval, by the jackknife over prompts and Student's t.

    Args:
        statistic: Maps the samples to keep, [N] bool, to a number.
        prompts: [N], the prompt of each sample. Of fewer than `FEWEST` the ends of the interval
            are NaN.
    """
    names = prompts.unique()
    value = float(statistic(torch.ones_like(prompts, dtype=torch.bool)))
    if len(names) < FEWEST:
        return Interval(value, math.nan, math.nan)
    without = torch.stack([statistic(prompts != name) for name in names])
    error = ((len(names) - 1) / len(names) * (without - without.mean()).square().sum()).sqrt()
    reach = float(stats.t.ppf(0.975, len(names) - 1) * error)
    return Interval(value, value - reach, value + reach)


def sign_vectors(number: int) -> Tensor:  # => [S, P] of -1 and 1
    """Every vector of signs of some prompts; of more than `EXACT`, a fixed sample of them.

    The first is all ones, so that no p-value is zero.
    """
    if number <= EXACT:
        codes = torch.arange(2**number)[:, None]
        return 1.0 - 2.0 * (codes >> torch.arange(number) & 1).double()
    generator = torch.Generator().manual_seed(0)
    signs = torch.randint(2, (2**EXACT, number), generator=generator).double() * 2 - 1
    signs[0] = 1
    return signs


def sign_flip_p(means: Tensor) -> float:
    """Two-sided p of a mean gain of zero, by the exact sign-flip test (Fisher 1935).

    Args:
        means: [P], the mean paired gain of each prompt.
    """
    return float(max_t_p(means[None])[0])


def max_t_p(means: Tensor) -> Tensor:  # => [T]
    """Two-sided p of each of several checkpoints, adjusted for looking at all of them.

    The same signs flip every checkpoint, and the largest statistic is kept (Westfall and Young
    1993). A statistic is the mean over the root of the mean square: unlike the deviation, that
    root does not change with the signs, and so the test is exact.

    Args:
        means: [T, P], the mean paired gain of each prompt at each checkpoint.
    """
    means = means.double()
    scaled = means / means.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-300)
    flipped = (sign_vectors(means.shape[1]) @ scaled.T / means.shape[1]).abs()  # [S, T]
    largest = flipped.max(dim=1).values
    observed = flipped[0]
    return (largest[:, None] >= observed - 1e-12).double().mean(dim=0)
