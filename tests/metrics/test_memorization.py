"""Planted copies, exchanged prompts and collapsed samples are seen, and nothing else is."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from oldbook_diffusion.metrics import diversity, memorization
from oldbook_diffusion.metrics.distance import cluster_mmd, gaussian
from oldbook_diffusion.metrics.fidelity import (
    centered_clip_score,
    clip_score,
    content_similarity,
    reciprocal_rank,
)

DIM, PROMPTS, SEEDS = 32, 15, 4
OWN = torch.arange(PROMPTS).repeat_interleave(SEEDS)


def cloud(number: int, seed: int, centre: Tensor | float = 1.0) -> Tensor:
    noise = torch.randn(number, DIM, generator=torch.Generator().manual_seed(seed)).double()
    return F.normalize(noise + centre, dim=1)


def near(train: Tensor, samples: Tensor, unseen: Tensor) -> memorization.Exceedance:
    seen = memorization.Whitening(train)
    train, samples, unseen = seen(train), seen(samples), seen(unseen)
    found = memorization.nearest(samples, train).similarity
    return memorization.exceedance(found, OWN, memorization.nearest(unseen, train).similarity)


def test_three_prompts_that_copy_training_plates_are_detected_among_fifteen() -> None:
    train, unseen, samples = cloud(600, 1), cloud(300, 2), cloud(60, 3)
    clean = near(train, samples, unseen)
    assert clean.p > 0.01
    copies = F.normalize(train[:12] + 0.02 * cloud(12, 4), dim=1)
    planted = near(train, torch.cat([copies, samples[12:]]), unseen)
    assert planted.above >= 12
    assert planted.p < 0.01


@pytest.mark.parametrize("plates", [80, 256])
@pytest.mark.parametrize("alike", [0.0, 0.8])
def test_a_healthy_run_raises_the_alarm_no_more_often_than_it_says(
    plates: int, alike: float
) -> None:
    generator = torch.Generator().manual_seed(plates)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    alarms = 0
    for _ in range(1000):
        samples = alike**0.5 * normal(PROMPTS)[OWN] + (1 - alike) ** 0.5 * normal(len(OWN))
        alarms += memorization.exceedance(samples, OWN, normal(plates)).p < 0.05
    assert alarms <= 50 + 3 * 7  # three standard errors


def test_a_mirrored_copy_is_as_near_as_a_copy() -> None:
    train, mirrored = cloud(50, 1), cloud(50, 2)
    views = torch.cat([train, mirrored])
    found = memorization.nearest(mirrored[[7, 3]], views, views=2)
    assert found.plate.tolist() == [7, 3]
    assert found.similarity.tolist() == pytest.approx([1, 1])
    fellows = memorization.nearest_other(views, views=2)
    alike = train @ views.T
    for plate in (0, 49):
        others = [n for n in range(100) if n % 50 != plate]
        assert fellows[plate] == pytest.approx(float(alike[plate, others].max()))


def test_the_nearest_plate_is_named() -> None:
    train = cloud(50, 1)
    found = memorization.nearest(train[[7, 3]], train)
    assert found.plate.tolist() == [7, 3]


def test_captions_that_give_their_own_plates_are_detected() -> None:
    train, seen, unseen = cloud(200, 1), cloud(200, 1)[:32], cloud(32, 2)

    def contrast(plates: Tensor, pull: float, seed: int) -> Tensor:
        samples = F.normalize(cloud(32, seed) + pull * plates, dim=1)
        return memorization.own_plate_contrast(samples, [plates], train)

    healthy = memorization.contrast_p(contrast(seen, 0, 3), contrast(unseen, 0, 4))
    copying = memorization.contrast_p(contrast(seen, 1, 3), contrast(unseen, 0, 4))
    assert healthy > 0.05
    assert copying < 0.001


def test_a_loss_that_fell_more_on_training_plates_is_seen() -> None:
    drop = torch.randn(200, generator=torch.Generator().manual_seed(0))
    healthy = memorization.membership_auc(drop[:100], drop[100:])
    assert healthy.lower < 0.5 < healthy.upper
    assert memorization.membership_auc(drop[:100] - 1, drop[100:]).lower > 0.6


def test_the_interval_of_the_chance_holds_its_truth_as_often_as_it_says() -> None:
    drops = torch.randn(1000, 32, generator=torch.Generator().manual_seed(1))
    found = [memorization.membership_auc(drop[:16], drop[16:]) for drop in drops]
    held = sum(interval.lower <= 0.5 <= interval.upper for interval in found)
    assert held >= 950 - 3 * 7  # three standard errors


def test_exchanged_prompts_have_no_recall() -> None:
    texts = cloud(PROMPTS, 1, centre=0)
    samples = F.normalize(texts[OWN] + 0.1 * cloud(len(OWN), 2), dim=1)
    assert (reciprocal_rank(samples, texts, OWN) == 1).all()
    exchanged = reciprocal_rank(samples, texts, (OWN + 1) % PROMPTS)
    assert (exchanged == 1).double().mean() <= 1 / PROMPTS


def test_a_style_that_pulls_at_all_prompts_leaves_the_centered_clip_score() -> None:
    texts = cloud(PROMPTS, 1, centre=0)
    style = cloud(1, 5)[0]
    style -= style @ torch.linalg.qr(texts.T).Q @ torch.linalg.qr(texts.T).Q.T
    plain = texts[OWN] + 0.1 * cloud(len(OWN), 2, centre=0)
    assert clip_score(plain + style, texts, OWN) == pytest.approx(clip_score(plain, texts, OWN))
    shifted = plain + 0.3 * texts.mean(0)
    lost = centered_clip_score(plain, texts, OWN) - centered_clip_score(shifted, texts, OWN)
    felt = clip_score(shifted, texts, OWN) - clip_score(plain, texts, OWN)
    assert lost.abs().mean() < felt.abs().mean()


def test_a_change_along_the_style_keeps_the_content() -> None:
    base, style = cloud(8, 1), cloud(2, 2, centre=0)
    moved = F.normalize(base + 0.7 * style[0] - 0.4 * style[1], dim=1)
    torch.testing.assert_close(content_similarity(moved, base, style), torch.ones(8).double())
    assert content_similarity(cloud(8, 9, centre=0), base, style).mean() < 0.5


def test_a_collapse_onto_the_mean_is_seen_where_the_distance_is_blind() -> None:
    plates, samples = cloud(200, 1), cloud(len(OWN), 2)
    collapsed = F.normalize(samples.mean(0, keepdim=True), dim=1).expand_as(samples)
    collapsed = F.normalize(collapsed + 1e-3 * cloud(len(OWN), 3), dim=1)
    lost = diversity.within_prompts(collapsed, OWN) / diversity.within_prompts(samples, OWN)
    assert lost.max() < 0.01
    assert diversity.across_prompts(collapsed, OWN) < 0.01
    base = cloud(len(OWN), 4, centre=torch.linspace(-1, 1, DIM))
    far, blind = (cluster_mmd(x, OWN, plates, gaussian(10)).value for x in (base, collapsed))
    assert blind < 0.2 * far


def test_within_prompts_is_the_mean_over_pairs() -> None:
    samples = cloud(6, 1)
    prompts = torch.tensor([0, 1, 0, 1, 0, 1])
    distances = 1 - samples @ samples.T
    expected = [(distances[i::2, i::2].sum() / 6).item() for i in (0, 1)]
    assert diversity.within_prompts(samples, prompts).tolist() == pytest.approx(expected)
