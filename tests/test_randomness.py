"""Random draws depend on their keys alone."""

import pytest
import torch

from oldbook_diffusion.randomness import integers, key, normal, uniform


def test_a_draw_depends_on_its_own_seed_alone() -> None:
    together = normal([5, 6, 7], (2, 3))
    assert torch.equal(together[1], normal([6], (2, 3))[0])
    assert torch.equal(together[1], torch.randn(2, 3, generator=torch.manual_seed(6)))
    assert integers([5, 6], 1000)[1] == integers([6], 1000)[0]


def test_a_draw_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    normal([1], (2,))
    uniform(1, "flip")
    assert torch.equal(before, torch.get_rng_state())


def test_keys_are_spread_evenly() -> None:
    draws = torch.tensor([uniform(seed, "flip") for seed in range(4000)])
    assert float(draws.mean()) == pytest.approx(0.5, abs=0.02)
    assert float(draws.var()) == pytest.approx(1 / 12, abs=0.005)
    assert key(1, "flip") != key("1", "flip")
