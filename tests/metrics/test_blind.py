"""The statistics of a blind test agree with enumeration, with libraries and with what they say."""

import itertools
import math

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.metrics import cohen_kappa_score

from oldbook_diffusion.metrics.blind import kappa, naming_p, strengths, wilson


@pytest.mark.parametrize(
    "said", [[0, 1, 2, 3, 4], [0, 0, 1, 1, 1], [3, 3, 3, 3, 3], [0, 1, 2, None, None]]
)
def test_the_chance_of_namings_is_that_of_all_orders_of_the_images(said: list[int | None]) -> None:
    orders = list(itertools.permutations(range(5)))
    hits = [sum(a == b for a, b in zip(said, order, strict=True)) for order in orders]
    counts = [said.count(name) for name in range(5)]
    for least in range(6):
        expected = np.mean([found >= least for found in hits])
        assert naming_p(counts, least) == pytest.approx(expected, abs=1e-12)


def test_all_of_fifteen_named_by_guessing_is_one_in_fifteen_factorial() -> None:
    assert naming_p([1] * 15, 15) == pytest.approx(1 / math.factorial(15))
    assert naming_p([1] * 15, 0) == pytest.approx(1)


@pytest.mark.parametrize(("hits", "number"), [(0, 15), (6, 15), (15, 15), (1, 2)])
def test_the_interval_of_a_share_is_wilsons(hits: int, number: int) -> None:
    found = wilson(hits / number, number)
    expected = stats.binomtest(hits, number).proportion_ci(method="wilson")
    assert found.lower == pytest.approx(expected.low, abs=1e-9)
    assert found.upper == pytest.approx(expected.high, abs=1e-9)


def test_strengths_are_those_of_greatest_likelihood() -> None:
    wins = np.array([[0, 7, 9], [3, 0, 6], [1, 4, 0]], float)
    found = strengths(wins)
    counted = wins + 0.5 * (wins + wins.T > 0)

    def loss(free: np.ndarray) -> float:
        s = np.array([*free, -free.sum()])
        return float((counted * np.log1p(np.exp(s[None] - s[:, None]))).sum())

    best = optimize.minimize(loss, np.zeros(2), tol=1e-12).x
    assert found == pytest.approx([*best, -best.sum()], abs=1e-4)
    assert found[0] > found[1] > found[2]
    assert np.isfinite(strengths(np.array([[0.0, 15.0], [0.0, 0.0]]))).all()


def test_agreement_is_cohens_kappa() -> None:
    rng = np.random.default_rng(0)
    one = rng.integers(2, size=40)
    other = np.where(rng.random(40) < 0.7, one, 1 - one)
    assert kappa(list(one), list(other)) == pytest.approx(cohen_kappa_score(one, other))
    assert math.isnan(kappa([1, 1], [1, 1]))
