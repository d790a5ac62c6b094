"""Drawing takes no more than it must, and draws what diffusers draws."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from oldbook_diffusion.models import Sampling, StableDiffusion, generate
from tests import tiny
from tests.conftest import World

SAMPLING = Sampling(
    num_inference_steps=3, guidance_scale=2.0, resolution=tiny.RESOLUTION, batch_size=2
)
PROMPTS = ["a castle", "a castle", "a castle", "a rose", "a rose"]


@pytest.fixture
def model(world: World) -> StableDiffusion:
    return StableDiffusion(str(world.base)).eval()


def batches_of(network: nn.Module, work: Callable[[], Tensor]) -> list[int]:
    """The sizes of the batches that a network computes while work is done."""
    sizes: list[int] = []
    hook = network.register_forward_hook(
        lambda module, given, kept, answer: sizes.append(len((*given, *kept.values())[0])),
        with_kwargs=True,
    )
    work()
    hook.remove()
    return sizes


def test_a_text_is_embedded_once_however_often_it_is_drawn(model: StableDiffusion) -> None:
    guided = batches_of(model.text_encoder, lambda: generate(model, PROMPTS, range(5), SAMPLING))
    assert guided == [1, 1, 1], "two prompts, and what guidance steers away from"
    plain = replace(SAMPLING, guidance_scale=1.0)
    unguided = batches_of(model.text_encoder, lambda: generate(model, PROMPTS, range(5), plain))
    assert unguided == [1, 1]


def test_without_guidance_the_denoiser_does_half_the_work(model: StableDiffusion) -> None:
    guided = batches_of(model.unet, lambda: generate(model, PROMPTS, range(5), SAMPLING))
    plain = replace(SAMPLING, guidance_scale=1.0)
    unguided = batches_of(model.unet, lambda: generate(model, PROMPTS, range(5), plain))
    assert sum(unguided) == len(PROMPTS) * SAMPLING.num_inference_steps
    assert sum(guided) == 2 * sum(unguided)


def test_drawings_are_decoded_one_by_one_however_many_are_drawn_at_once(
    model: StableDiffusion,
) -> None:
    large = replace(SAMPLING, batch_size=5)
    assert batches_of(model.unet, lambda: generate(model, PROMPTS, range(5), large)) == [10] * 3
    assert (
        batches_of(model.vae.decoder, lambda: generate(model, PROMPTS, range(5), large)) == [1] * 5
    )


@pytest.mark.parametrize("guidance_scale", [1.0, 2.0])
def test_a_batch_of_prompts_is_what_diffusers_draws_one_by_one(
    model: StableDiffusion, guidance_scale: float
) -> None:
    sampling = replace(SAMPLING, guidance_scale=guidance_scale, negative_prompt="a photo")
    ours = generate(model, PROMPTS, range(5), sampling)
    pipeline = model.pipeline(sampling.scheduler)
    for seed, prompt in enumerate(PROMPTS):
        theirs = pipeline(
            prompt,
            negative_prompt=sampling.negative_prompt,
            latents=torch.randn(
                model.latent_noise([seed], tiny.RESOLUTION).shape,
                generator=torch.Generator().manual_seed(seed),
            ),
            height=tiny.RESOLUTION,
            width=tiny.RESOLUTION,
            num_inference_steps=sampling.num_inference_steps,
            guidance_scale=guidance_scale,
            output_type="pt",
        ).images
        assert float((ours[seed] - theirs[0]).abs().max()) < 1 / 255
