"""The denoising objective, against what can be worked out by hand."""

import json
import math
from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler
from torch import Tensor

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.models import DiffusionProcess
from oldbook_diffusion.objectives import DenoisingLoss, PseudoHuber
from oldbook_diffusion.randomness import normal
from tests.conftest import Runs

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


def snrs(schedule: DDPMScheduler) -> list[float]:
    alphas = schedule.alphas_cumprod[TIMESTEPS].double()
    return (alphas / (1 - alphas)).tolist()


@pytest.mark.parametrize(
    ("prediction_type", "weight"),
    [
        ("epsilon", lambda s: 1 / math.sqrt(min(s, 1000))),
        ("v_prediction", lambda s: s / math.sqrt(min(s, 1000)) / (s + 1)),
        ("sample", lambda s: s / math.sqrt(min(s, 1000))),
    ],
)
def test_debiased_estimation_weighs_the_loss_of_epsilon(
    prediction_type: str, weight: object
) -> None:
    latents, noise = draws()
    schedule = scheduler(prediction_type)
    arguments = (Oracle(torch.zeros_like(noise), schedule), latents, noise, TIMESTEPS, EMBEDS)
    ratio = DenoisingLoss(debias=True)(*arguments) / DenoisingLoss()(*arguments)
    assert callable(weight)
    expected = torch.tensor([weight(snr) for snr in snrs(schedule)])
    assert torch.allclose(ratio, expected, rtol=1e-4)


def test_no_weight_is_nan_where_the_last_timestep_is_noise_alone() -> None:
    process = DiffusionProcess(
        DDPMScheduler(prediction_type="v_prediction", rescale_betas_zero_snr=True)
    )
    last = torch.tensor([999])
    assert process.snr(last) == process.weight(last, 5.0) == process.debiased_weight(last) == 0
    assert PseudoHuber(0.1, "snr").widths(process, last) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("schedule", "width"),
    [
        ("constant", lambda t, s: 0.1),
        ("exponential", lambda t, s: math.exp(t * math.log(0.1) / 1000)),
        ("snr", lambda t, s: 0.9 / (1 + 1 / math.sqrt(s)) ** 2 + 0.1),
    ],
)
def test_pseudo_huber_is_the_formula_with_the_c_of_each_timestep(
    schedule: Any, width: object
) -> None:
    latents, noise = draws()
    diffusion = scheduler("epsilon")
    oracle = Oracle(noise + 1.0, diffusion)
    huber = DenoisingLoss(pseudo_huber=PseudoHuber(0.1, schedule))
    losses = huber(oracle, latents, noise, TIMESTEPS, EMBEDS).tolist()
    assert callable(width)
    for loss, time, snr in zip(losses, TIMESTEPS.tolist(), snrs(diffusion), strict=True):
        c = width(time, snr)
        assert loss == pytest.approx(2 * c * (math.sqrt(1 + c**2) - c), rel=1e-4)


SHAPE = (4, 64, 64)


def test_an_offset_moves_each_channel_of_the_target_and_the_input() -> None:
    plain, _ = DenoisingLoss().draw(range(50), SHAPE)
    noise, mixed = DenoisingLoss(noise_offset=0.5).draw(range(50), SHAPE)
    assert noise is mixed
    offsets = (noise - plain).flatten(2)
    assert float(offsets.std(dim=2).max()) < 1e-6, "one number a channel"
    assert float(offsets.mean(dim=2).std()) == pytest.approx(0.5, rel=0.15)
    assert float(noise.var()) == pytest.approx(1 + 0.5**2, rel=0.1)


def test_a_pyramid_has_unit_variance_and_more_of_large_patches() -> None:
    plain, _ = DenoisingLoss().draw(range(20), SHAPE)
    noise, _ = DenoisingLoss(pyramid_discount=0.5).draw(range(20), SHAPE)
    assert torch.allclose(noise.flatten(1).std(dim=1), torch.ones(20), atol=1e-5)
    coarse = [torch.nn.functional.avg_pool2d(x, 8).std().item() for x in (plain, noise)]
    assert coarse[0] == pytest.approx(1 / 8, rel=0.1)
    assert coarse[1] > 2 * coarse[0]


def test_a_perturbation_is_in_the_input_and_not_in_the_target() -> None:
    plain, _ = DenoisingLoss().draw(range(20), SHAPE)
    noise, mixed = DenoisingLoss(input_perturbation=0.3).draw(range(20), SHAPE)
    assert torch.equal(noise, plain)
    assert float((mixed - noise).std()) == pytest.approx(0.3, rel=0.01)
    latents = torch.zeros(20, *SHAPE)
    oracle = Oracle(noise, scheduler("epsilon"))
    times = torch.full((20,), 500)
    loss = DenoisingLoss()(oracle, latents, noise, times, EMBEDS, mixed)
    assert float(loss.max()) < 1e-10, "the target is the plain noise"
    assert torch.allclose(oracle.noisy, scheduler("epsilon").add_noise(latents, mixed, times))


OPTIONS: dict[str, dict[str, Any]] = {
    "snr_gamma": {"snr_gamma": 0.1},
    "debias": {"debias": True},
    "pseudo_huber": {"pseudo_huber": {"c": 0.2, "schedule": "exponential"}},
    "noise_offset": {"noise_offset": 0.1},
    "pyramid": {"pyramid_discount": 0.3},
    "perturbation": {"input_perturbation": 0.1},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_noise_of_a_sample_does_not_depend_on_its_batch(name: str) -> None:
    options = OPTIONS[name] | {"pseudo_huber": None}
    one, many = (DenoisingLoss(**options).draw(seeds, SHAPE) for seeds in ([7], [3, 7, 9]))
    for alone, among in zip(one, many, strict=True):
        assert torch.equal(alone[0], among[1])


@pytest.mark.parametrize("name", OPTIONS)
def test_a_run_with_an_option_is_another_and_resumes_bit_for_bit(runs: Runs, name: str) -> None:
    objective = {"class_path": "DenoisingLoss", "init_args": OPTIONS[name]}
    options = ("--render.prompts=[]", "--render.encoder=null")
    chosen = (*options, f"--model.objective={json.dumps(objective)}")
    whole = runs.fit(*chosen, name="whole")
    runs.fit(*chosen, "--trainer.max_steps=2", name="parts")
    parts = runs.fit(*chosen, "--ckpt_path=last", name="parts")
    plain = runs.fit(*options, name="plain")
    one, other, without = (
        torch.load(run / "checkpoints/step=000004.ckpt", weights_only=True)["state_dict"]
        for run in (whole, parts, plain)
    )
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert not all(torch.equal(one[key], without[key]) for key in one), "it changes something"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"snr_gamma": 5.0, "debias": True}, "one of snr_gamma and debias"),
        ({"pyramid_discount": 1.5}, "pyramid_discount is 1.5"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OldBookError, match=said):
        DenoisingLoss(**options)
    with pytest.raises(OldBookError, match=r"pseudo_huber\.c is 0"):
        PseudoHuber(c=0)
