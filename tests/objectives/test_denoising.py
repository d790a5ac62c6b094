"""The denoising objective, against what can be worked out by hand."""

import pytest
import torch
from diffusers import DDPMScheduler
from torch import Tensor

from oldbook_diffusion.models import DiffusionProcess
from oldbook_diffusion.objectives import DenoisingLoss
from oldbook_diffusion.randomness import normal

TIMESTEPS = torch.tensor([0, 10, 500, 999])
EMBEDS = {"prompt_embeds": torch.zeros(4, 2, 3)}


class Oracle:
    """A model that predicts what it was told to, and remembers what it was asked."""

    def __init__(self, answer: Tensor, schedule: DDPMScheduler) -> None:
        self.answer = answer
        self.process = DiffusionProcess(schedule)

    def denoise(self, noisy: Tensor, times: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
        self.noisy = noisy
        return self.answer


def scheduler(prediction_type: str) -> DDPMScheduler:
    return DDPMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=prediction_type,
    )


def draws() -> tuple[Tensor, Tensor]:
    return normal(range(4), (4, 8, 8)), normal(range(10, 14), (4, 8, 8))


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample"])
def test_a_perfect_denoiser_has_no_loss(prediction_type: str) -> None:
    latents, noise = draws()
    schedule = scheduler(prediction_type)
    goals = {
        "epsilon": noise,
        "v_prediction": schedule.get_velocity(latents, noise, TIMESTEPS),
        "sample": latents,
    }
    oracle = Oracle(goals[prediction_type], schedule)
    loss = DenoisingLoss()(oracle, latents, noise, TIMESTEPS, EMBEDS)
    assert loss.shape == (4,)
    assert float(loss.max()) < 1e-10
    expected = schedule.add_noise(latents, noise, TIMESTEPS)
    assert torch.allclose(oracle.noisy, expected, atol=1e-6)


def test_the_loss_is_the_mean_squared_error_of_each_latent() -> None:
    latents, noise = draws()
    oracle = Oracle(noise + 0.5, scheduler("epsilon"))
    loss = DenoisingLoss()(oracle, latents, noise, TIMESTEPS, EMBEDS)
    assert torch.allclose(loss, torch.full((4,), 0.25))


@pytest.mark.parametrize(
    ("prediction_type", "weight"),
    [("epsilon", lambda s: min(s, 5) / s), ("v_prediction", lambda s: min(s, 5) / (s + 1))],
)
def test_min_snr_weighs_as_the_paper_says(prediction_type: str, weight: object) -> None:
    latents, noise = draws()
    schedule = scheduler(prediction_type)
    arguments = (Oracle(torch.zeros_like(noise), schedule), latents, noise, TIMESTEPS, EMBEDS)
    plain = DenoisingLoss()(*arguments)
    weighed = DenoisingLoss(snr_gamma=5.0)(*arguments)
    alphas = schedule.alphas_cumprod[TIMESTEPS]
    snr = (alphas / (1 - alphas)).tolist()
    assert callable(weight)
    expected = torch.tensor([weight(value) for value in snr])
    assert torch.allclose(weighed / plain, expected, rtol=1e-4)


def test_the_loss_of_half_precision_latents_is_computed_in_float32() -> None:
    latents, noise = draws()
    oracle = Oracle(noise.half(), scheduler("epsilon"))
    loss = DenoisingLoss()(oracle, latents.half(), noise.half(), TIMESTEPS, EMBEDS)
    assert loss.dtype == torch.float32
    assert oracle.noisy.dtype == torch.float32
