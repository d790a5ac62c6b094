"""The noise process of diffusion."""

import pytest
import torch
from diffusers import DDPMScheduler

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.models import DiffusionProcess


def test_times_of_a_band_lie_in_it_and_depend_on_their_own_seed() -> None:
    process = DiffusionProcess(DDPMScheduler(num_train_timesteps=1000))
    for band in range(5):
        times = process.band_times(range(200), band, 5)
        assert int(times.min()) >= 200 * band
        assert int(times.max()) < 200 * (band + 1)
        assert len(times.unique()) > 100, "spread over the band"
        assert torch.equal(process.band_times([7], band, 5)[0], times[7])


def test_training_times_are_spread_over_all() -> None:
    times = DiffusionProcess(DDPMScheduler(num_train_timesteps=1000)).times(range(2000))
    assert float(times.float().mean()) == pytest.approx(500, abs=20)
    assert int(times.min()) >= 0
    assert int(times.max()) <= 999


def test_a_prediction_that_is_not_known_is_refused() -> None:
    schedule = DDPMScheduler()
    schedule.register_to_config(prediction_type="flow")
    with pytest.raises(OldBookError, match="predicts 'flow', which is not supported"):
        DiffusionProcess(schedule)


def test_epsilon_at_a_zero_terminal_snr_is_refused() -> None:
    scheduler = DDPMScheduler(prediction_type="epsilon", rescale_betas_zero_snr=True)
    with pytest.raises(OldBookError, match="epsilon with a zero terminal SNR"):
        DiffusionProcess(scheduler)
    scheduler = DDPMScheduler(prediction_type="v_prediction", rescale_betas_zero_snr=True)
    weights = DiffusionProcess(scheduler).weight(torch.tensor([0, 999]), 5.0)
    assert weights.isfinite().all()
