"""Generation of images from prompts and seeds."""

from collections.abc import Sequence

import torch
from torch import Tensor

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.models.base import BaseModel
from oldbook_diffusion.models.sampling import Sampling


@torch.no_grad()
def generate(
    model: BaseModel, prompts: Sequence[str], seeds: Sequence[int], sampling: Sampling
) -> Tensor:  # => [N, 3, H, W] on the CPU, in steps of 1 / 255
    """Generate one image per prompt; each depends on its own prompt and seed alone.

    Raises:
        OldBookError: A sample holds NaN or inf.
    """
    # one by one, as in training: the last bits of an embedding depend on what is beside it
    encoded = {prompt: model.encode_prompts([prompt]) for prompt in dict.fromkeys(prompts)}
    negative = model.encode_prompts([sampling.negative_prompt]) if sampling.guided else None
    images = [torch.empty(0, 3, sampling.resolution, sampling.resolution)]
    for start in range(0, len(prompts), sampling.batch_size):
        part = slice(start, start + sampling.batch_size)
        conditioning = {
            name: torch.cat([encoded[prompt][name] for prompt in prompts[part]])
            for name in model.conditioning_names
        }
        noise = model.latent_noise(seeds[part], sampling.resolution)
        latents = model.generate_latents(noise, conditioning, negative, sampling)
        # one by one: a decoder takes more memory than a denoiser, and gains nothing from a batch
        images += [as_eight_bits(model.decode_latents(latent)) for latent in latents.split(1)]
        check_finite(images[-len(latents) :], prompts[part], seeds[part])
    return torch.cat(images)


def check_finite(images: Sequence[Tensor], prompts: Sequence[str], seeds: Sequence[int]) -> None:
    """Refuse samples that hold NaN or inf: a file shows them black, and a score believes it.

    Raises:
        OldBookError: It names the first.
    """
    for image, prompt, seed in zip(images, prompts, seeds, strict=True):
        if not image.isfinite().all():
            raise OldBookError(
                f"the sample of {prompt!r} with seed {seed} holds NaN or inf: the weights have "
                "diverged, or overflow in float16; lower the learning rate and resume from an "
                "earlier checkpoint, or set trainer.precision to bf16-mixed or 32-true"
            )


def as_eight_bits(images: Tensor) -> Tensor:  # => images on the CPU
    """Round to what a file holds."""
    return (images.cpu() * 255).round() / 255
