"""The loss, the randomness and the scores, against what can be worked out by hand."""

import pytest
import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler
from torch import Tensor, nn

from oldbook_diffusion.loss import DenoisingLoss
from oldbook_diffusion.metrics import CentroidSimilarity, PromptFidelity
from oldbook_diffusion.metrics.centroid import halves
from oldbook_diffusion.randomness import integers, key, normal, uniform

TIMESTEPS = torch.tensor([0, 10, 500, 999])


class Answer:
    def __init__(self, sample: Tensor) -> None:
        self.sample = sample


class Oracle(nn.Module):
    """A network that says what it was told to say, and remembers what it was asked."""

    def __init__(self, answer: Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, noisy: Tensor, timesteps: Tensor, prompt_embeds: Tensor) -> Answer:
        self.noisy = noisy
        return Answer(self.answer)


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
    oracle = Oracle(goals[prediction_type])
    loss = DenoisingLoss()(oracle, schedule, latents, torch.zeros(4, 2, 3), noise, TIMESTEPS)
    assert loss.shape == (4,)
    assert float(loss.max()) < 1e-10
    expected = schedule.add_noise(latents, noise, TIMESTEPS)
    assert torch.allclose(oracle.noisy, expected, atol=1e-6)


def test_the_loss_is_the_mean_squared_error_of_each_latent() -> None:
    latents, noise = draws()
    loss = DenoisingLoss()(
        Oracle(noise + 0.5), scheduler("epsilon"), latents, torch.zeros(4, 2, 3), noise, TIMESTEPS
    )
    assert torch.allclose(loss, torch.full((4,), 0.25))


@pytest.mark.parametrize(
    ("prediction_type", "weight"),
    [("epsilon", lambda s: min(s, 5) / s), ("v_prediction", lambda s: min(s, 5) / (s + 1))],
)
def test_min_snr_weighs_as_the_paper_says(prediction_type: str, weight: object) -> None:
    latents, noise = draws()
    schedule = scheduler(prediction_type)
    arguments = (schedule, latents, torch.zeros(4, 2, 3), noise, TIMESTEPS)
    plain = DenoisingLoss()(Oracle(torch.zeros_like(noise)), *arguments)
    weighed = DenoisingLoss(snr_gamma=5.0)(Oracle(torch.zeros_like(noise)), *arguments)
    alphas = schedule.alphas_cumprod[TIMESTEPS]
    snr = (alphas / (1 - alphas)).tolist()
    assert callable(weight)
    expected = torch.tensor([weight(value) for value in snr])
    assert torch.allclose(weighed / plain, expected, rtol=1e-4)


def test_the_loss_of_half_precision_latents_is_computed_in_float32() -> None:
    latents, noise = draws()
    oracle = Oracle(noise.half())
    embeds = torch.zeros(4, 2, 3, dtype=torch.float16)
    loss = DenoisingLoss()(
        oracle, scheduler("epsilon"), latents.half(), embeds, noise.half(), TIMESTEPS
    )
    assert loss.dtype == torch.float32
    assert oracle.noisy.dtype == torch.float16


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


def directions(*angles: float) -> Tensor:
    turns = torch.tensor(angles)
    return torch.stack([turns.cos(), turns.sin()], dim=1)


def style() -> CentroidSimilarity:
    metric = CentroidSimilarity(2)
    metric.update(directions(0.0, 0.0), "reference")
    metric.update(directions(0.1), "ceiling")
    metric.update(directions(1.0, -1.0), "base")
    return metric


def test_the_style_of_the_base_is_zero_and_of_held_out_plates_is_one() -> None:
    metric = style()
    metric.update(directions(1.0), "sample")
    assert float(metric.compute()["normalized"]) == pytest.approx(0, abs=1e-6)
    metric.reset()
    metric.update(directions(-0.1), "sample")
    assert float(metric.compute()["normalized"]) == pytest.approx(1, abs=1e-6)
    assert float(metric.compute()["cosine"]) == pytest.approx(0.995004, abs=1e-5)


def test_the_style_does_not_depend_on_batches() -> None:
    turns = torch.rand(12).tolist()
    whole, parts = style(), style()
    whole.update(directions(*turns), "sample")
    for turn in reversed(turns):
        parts.update(directions(turn), "sample")
    assert torch.allclose(whole.compute()["normalized"], parts.compute()["normalized"])


def test_books_are_never_split_between_centroid_and_ceiling() -> None:
    books = ["a"] * 5 + ["b"] * 2 + ["c"] * 4 + ["d"]
    first = halves(list(books))
    for book in "abcd":
        sides = {bool(side) for side, name in zip(first, books, strict=True) if name == book}
        assert len(sides) == 1
    assert 4 <= int(first.sum()) <= 8


def test_plates_without_books_are_split_one_by_one() -> None:
    assert int(halves([None] * 10).sum()) == 5
    assert int(halves(["one"] * 10).sum()) == 5


def test_clip_score_is_the_cosine_to_the_own_prompt() -> None:
    texts = F.normalize(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), dim=1)
    metric = PromptFidelity()
    metric.update(directions(0.0, 0.5), texts, torch.tensor([0, 1]))
    result = metric.compute()
    assert float(result["clip_score"]) == pytest.approx((1 + 0.479426) / 2, abs=1e-5)
    assert float(result["recall"]) == pytest.approx(0.5)
