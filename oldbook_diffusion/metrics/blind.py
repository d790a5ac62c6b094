"""Statistics of a blind test: namings, comparisons of pairs, agreement of viewers."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Z = stats.norm.ppf(0.975)
ROUNDS = 10_000  # of the iteration for strengths, at most


class Share(NamedTuple):
    """A share and the ends of its interval, all in [0, 1]."""

    value: float
    lower: float
    upper: float


def wilson(share: float, number: int) -> Share:
    """The 95 % interval of a share of independent trials (Wilson 1927).

    Args:
        share: In [0, 1]; a mean over viewers, where they answered the same trials.
        number: Trials, such as prompts; 0 gives all of [0, 1].
    """
    if number == 0:
        return Share(math.nan, 0.0, 1.0)
    centre = (share + Z**2 / (2 * number)) / (1 + Z**2 / number)
    reach = share * (1 - share) / number + Z**2 / (4 * number**2)
    half = Z * math.sqrt(reach) / (1 + Z**2 / number)
    return Share(share, max(0.0, centre - half), min(1.0, centre + half))


def naming_p(counts: Sequence[int], hits: int) -> float:
    """Chance of as many right namings or more, if the images were in random order.

    Exact, whether a viewer has used each name once, some twice, or left images out: the hits of a
    random order on a board with `counts[j]` cells in column j (Riordan 1958, rook polynomials).

    Args:
        counts: [N], how often each of N names was given to one of N images.
        hits: Right namings.
    """
    number = len(counts)
    rooks = [1] + [0] * number  # elementary symmetric polynomials of the counts
    for count in counts:
        for size in range(number, 0, -1):
            rooks[size] += count * rooks[size - 1]
    total = 0
    for exactly in range(hits, number + 1):
        total += sum(
            (-1) ** (size - exactly)
            * math.comb(size, exactly)
            * rooks[size]
            * math.factorial(number - size)
            for size in range(exactly, number + 1)
        )
    return total / math.factorial(number)


def strengths(wins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log strengths of contestants, their mean zero (Bradley and Terry 1952).

    The chance that i is preferred to j is 1 / (1 + exp(s_j - s_i)). By the iteration of Hunter
    (2004); half a win each way is added to every pair that met, so that a contestant which always
    won has a finite strength.

    Args:
        wins: [C, C], how often the first was preferred to the second.
    """
    met = (wins + wins.T) > 0
    wins = wins + 0.5 * met
    games, won = wins + wins.T, wins.sum(axis=1)
    strength = np.ones(len(wins))
    for _ in range(ROUNDS):
        present = won / (games / (strength[:, None] + strength[None])).sum(axis=1)
        present /= np.exp(np.log(present).mean())
        if np.abs(np.log(present / strength)).max() < 1e-10:
            break
        strength = present
    return np.log(strength)


def kappa(one: Sequence[object], other: Sequence[object]) -> float:
    """Agreement of two viewers on the same questions beyond chance (Cohen 1960).

    1 where they always agree, 0 where they agree as often as by chance; NaN where neither could
    have disagreed.
    """
    answers = sorted({*one, *other}, key=str)
    agreed = np.mean([a == b for a, b in zip(one, other, strict=True)])
    shares = np.array([[list(v).count(x) / len(v) for x in answers] for v in (one, other)])
    chance = float((shares[0] * shares[1]).sum())
    return math.nan if chance == 1 else float((agreed - chance) / (1 - chance))
