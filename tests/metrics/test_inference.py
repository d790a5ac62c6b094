"""Intervals, tests and distances against independent references and simulations."""

import math

import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor

from oldbook_diffusion.metrics.distance import (
    SCALE,
    cluster_mmd,
    cubic,
    gaussian,
    median_distance,
)
from oldbook_diffusion.metrics.inference import (
    max_t_p,
    prompt_means,
    sign_flip_p,
    t_interval,
)
from oldbook_diffusion.metrics.style import beyond_tone, normalized, probe, projection

PROMPTS = 15


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def cloud(centre: Tensor, number: int, seed: int) -> Tensor:
    """Embeddings of length one around a centre."""
    return F.normalize(centre + 0.3 * normal(number, len(centre), seed=seed), dim=1)


def test_an_interval_is_that_of_students_t() -> None:
    means = normal(PROMPTS) + 0.3
    ours = t_interval(means)
    theirs = stats.ttest_1samp(means.numpy(), 0).confidence_interval()
    assert ours.lower == pytest.approx(theirs.low)
    assert ours.upper == pytest.approx(theirs.high)


def test_an_interval_of_four_prompts_is_not_known() -> None:
    four = t_interval(normal(4))
    assert four.value == pytest.approx(float(normal(4).mean()))
    assert math.isnan(four.lower)
    assert math.isnan(four.upper)
    assert not math.isnan(t_interval(normal(5)).lower)


def test_an_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    trials = [t_interval(normal(PROMPTS, seed=seed) + 0.2) for seed in range(2000)]
    share = sum(trial.lower <= 0.2 <= trial.upper for trial in trials) / len(trials)
    assert abs(share - 0.95) < 0.02  # four standard errors


def test_a_sample_counted_twice_makes_no_interval_narrower() -> None:
    values, prompts = normal(PROMPTS * 2), torch.arange(PROMPTS).repeat(2)
    once = t_interval(prompt_means(values, prompts))
    twice = t_interval(prompt_means(values.repeat(2), prompts.repeat(2)))
    assert twice == pytest.approx(once)


def test_the_order_of_samples_does_not_matter() -> None:
    values, prompts = normal(PROMPTS * 2), torch.arange(PROMPTS).repeat(2)
    order = torch.randperm(len(values), generator=torch.Generator().manual_seed(1))
    means = prompt_means(values, prompts)
    torch.testing.assert_close(means, prompt_means(values[order], prompts[order]))


def test_the_sign_flip_test_is_scipys_permutation_test() -> None:
    means = normal(8) + 0.4
    theirs = stats.permutation_test(
        (means.numpy(),), lambda x: x.mean(), permutation_type="samples", n_resamples=math.inf
    )
    assert sign_flip_p(means) == pytest.approx(theirs.pvalue)


def test_the_sign_flip_test_keeps_its_level() -> None:
    p = torch.tensor([sign_flip_p(means) for means in normal(5000, 10)])
    for level in (0.05, 0.25, 0.5):
        error = (level * (1 - level) / len(p)) ** 0.5
        assert abs(float((p <= level).double().mean()) - level) < 3 * error


def test_looking_at_twenty_checkpoints_finds_no_more_than_looking_at_one() -> None:
    false = 0
    for seed in range(300):
        shared = normal(1, 10, seed=seed)  # checkpoints of one run resemble each other
        p = max_t_p(shared + normal(20, 10, seed=10_000 + seed))
        false += bool((p <= 0.05).any())
    assert false / 300 < 0.1


def test_adjusted_p_is_between_the_plain_one_and_bonferronis() -> None:
    means = normal(6, 12) + 0.4
    adjusted = max_t_p(means)
    for row, p in zip(means, adjusted, strict=True):
        plain = sign_flip_p(row)
        assert plain <= p + 1e-12
        assert p <= min(1.0, 6 * plain) + 1e-12


@pytest.fixture
def groups() -> dict[str, Tensor]:
    """Plates, base samples, and grey base samples: grey is half of the way to plates."""
    tone, lines = torch.eye(16, dtype=torch.float64)[:2] * 2
    base = cloud(torch.ones(16).double(), 60, seed=1)
    return {
        "base": base,
        "grey": F.normalize(base + 0.5 * tone, dim=1),
        "plates": cloud(torch.ones(16) + tone + lines, 80, seed=2),
        "fresh": cloud(torch.ones(16) + tone + lines, 60, seed=3),
    }


OWN = torch.arange(PROMPTS).repeat_interleave(4)


def test_the_base_model_scores_zero_and_plates_score_one(groups: dict[str, Tensor]) -> None:
    w = probe(groups["plates"], [groups["base"], groups["grey"]])
    base, plates = groups["base"] @ w, groups["fresh"] @ w
    assert float(normalized(base, base, plates, OWN).abs().max()) == 0
    assert float(normalized(plates, base, plates, OWN).mean()) == pytest.approx(1)


def test_the_score_does_not_depend_on_axes_or_on_the_directions_length(
    groups: dict[str, Tensor],
) -> None:
    turn = torch.linalg.qr(normal(16, 16, seed=5)).Q

    def score(parts: dict[str, Tensor], length: float) -> Tensor:
        w = probe(parts["plates"], [parts["base"], parts["grey"]]) * length
        return normalized(parts["grey"] @ w, parts["base"] @ w, parts["fresh"] @ w, OWN)

    turned = {name: part @ turn for name, part in groups.items()}
    torch.testing.assert_close(score(groups, 1), score(turned, 7))


def test_the_probe_resists_the_shortcut_that_it_knows(groups: dict[str, Tensor]) -> None:
    def score(w: Tensor) -> float:
        parts = (groups["grey"] @ w, groups["base"] @ w, groups["fresh"] @ w)
        return float(normalized(*parts, OWN).mean())

    naive = score(projection(groups["plates"], groups["base"]))
    assert naive > 0.3
    assert abs(score(probe(groups["plates"], [groups["base"], groups["grey"]]))) < naive / 2
    beyond = beyond_tone(groups["plates"], groups["base"], [groups["grey"]])
    assert abs(score(beyond)) < 1e-9


def test_where_controls_leave_no_direction_none_is_made_up(groups: dict[str, Tensor]) -> None:
    base = groups["base"]
    every = [base + axis for axis in torch.eye(16, dtype=torch.float64)]
    assert beyond_tone(groups["plates"], base, every).isnan().all()
    assert not beyond_tone(groups["plates"], base, every[:5]).isnan().any()


def test_one_sample_for_each_prompt_gives_the_ordinary_unbiased_distance() -> None:
    samples, plates = cloud(normal(8), PROMPTS, 1), cloud(normal(8, seed=4), 30, 2)
    x, y = cubic(samples, samples), cubic(plates, plates)
    among = [(k.sum() - k.trace()) / (len(k) * (len(k) - 1)) for k in (x, y)]
    expected = sum(among) - 2 * cubic(samples, plates).mean()
    ours = cluster_mmd(samples, torch.arange(PROMPTS), plates, cubic)
    assert ours.value == pytest.approx(float(expected) * SCALE)


def test_plates_of_one_book_do_not_make_plates_alike() -> None:
    """Fewer books than plates: the distance of a style to itself stays nought on average."""
    books, axes, values = torch.arange(10).repeat_interleave(6), torch.ones(8).double(), []
    for seed in range(200):
        draw = cloud(axes, 30, seed)
        hands = 0.3 * normal(10, 8, seed=1000 + seed)[books]
        plates = F.normalize(axes + hands + 0.05 * normal(60, 8, seed=2000 + seed), dim=1)
        own = torch.arange(15).repeat(2)
        values.append([cluster_mmd(draw, own, plates, cubic, x).value for x in (books, None)])
    apart, together = torch.tensor(values).T
    error = float(apart.std()) / len(values) ** 0.5
    assert abs(float(apart.mean())) < 4 * error
    assert float(together.mean()) > 10 * error, "where books are not known, all pairs count"


def test_one_book_has_no_plates_of_others() -> None:
    samples, plates, own = (
        cloud(normal(8), 15, 1),
        cloud(normal(8, seed=4), 30, 2),
        torch.arange(15),
    )
    alone = cluster_mmd(samples, own, plates, cubic, torch.zeros(30))
    assert alone == cluster_mmd(samples, own, plates, cubic)


@pytest.mark.parametrize("kind", ["gaussian", "cubic"])
def test_the_distance_of_a_set_to_itself_is_zero_on_average(kind: str) -> None:
    values = []
    for seed in range(200):
        draw = cloud(torch.ones(8).double(), 90, seed)
        kernel = cubic if kind == "cubic" else gaussian(median_distance(draw[30:]))
        values.append(cluster_mmd(draw[:30], torch.arange(15).repeat(2), draw[30:], kernel).value)
    spread = torch.tensor(values)
    assert abs(float(spread.mean())) < 4 * float(spread.std()) / len(values) ** 0.5


def test_distances_and_tests_leave_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    samples, plates = cloud(normal(8), 30, 1), cloud(normal(8, seed=4), 30, 2)
    for kernel in (cubic, gaussian(10)):
        cluster_mmd(samples, torch.arange(15).repeat(2), plates, kernel)
    max_t_p(normal(3, 20))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_order_of_samples_does_not_move_the_distance() -> None:
    samples, plates = cloud(normal(8), 30, 1), cloud(normal(8, seed=4), 30, 2)
    prompts, order = torch.arange(15).repeat(2), torch.randperm(30)
    first = cluster_mmd(samples, prompts, plates, cubic)
    assert first == pytest.approx(cluster_mmd(samples[order], prompts[order], plates, cubic))


def test_the_jackknife_knows_the_spread_of_the_distance() -> None:
    plates = cloud(torch.ones(8).double(), 400, 999)
    centre = torch.ones(8).double() + normal(8, seed=77)
    trials = [
        cluster_mmd(cloud(centre, 15, seed), torch.arange(15), plates, gaussian(10))
        for seed in range(400)
    ]
    spread = float(torch.tensor([trial.value for trial in trials]).std())
    reach = sum(trial.upper - trial.value for trial in trials) / len(trials)
    assert reach / stats.t.ppf(0.975, 14) == pytest.approx(spread, rel=0.15)
