"""Drawing: from words and noise to images, by any sampler of diffusers."""

from collections.abc import Sequence
from dataclasses import dataclass

import diffusers
import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.stable_diffusion import StableDiffusion


@dataclass(frozen=True)
class Sampling:
    """How drawings are made from noise.

    Attributes:
        sampler: Class name of a diffusers scheduler.
        num_steps: Denoising steps per drawing.
        guidance_scale: Weight of classifier-free guidance (Ho and Salimans 2022); 1 is none, and
            takes half the time.
        negative_prompt: What guidance steers away from.
        resolution: Side of the drawings, in pixels.
        batch_size: Drawings made at once; it changes the speed, not the noise.
    """

    sampler: str = "DPMSolverMultistepScheduler"
    num_steps: int = 25
    guidance_scale: float = 7.5
    negative_prompt: str = ""
    resolution: int = 512
    batch_size: int = 4

    def __post_init__(self) -> None:
        if not hasattr(getattr(diffusers, self.sampler, None), "from_config"):
            raise OldBookError(
                f"the sampler {self.sampler!r} is not a scheduler of diffusers, take for "
                "instance DPMSolverMultistepScheduler, DDIMScheduler or EulerDiscreteScheduler"
            )

    @property
    def guided(self) -> bool:
        """Whether each step asks the denoiser without the prompt too."""
        return self.guidance_scale > 1


@torch.no_grad()
def render(
    model: StableDiffusion, prompts: Sequence[str], seeds: Sequence[int], sampling: Sampling
) -> Tensor:
    """Draw one image per prompt; each depends on its own prompt and seed alone.

    Returns:
        [N, 3, H, W] on the CPU, in steps of 1 / 255: what an 8-bit file holds.
    """
    pipeline = pipeline_of(model, sampling.sampler)
    # one by one, as in training: the last bits of an embedding depend on what is beside it
    embeds = {prompt: model.encode_prompts([prompt]) for prompt in dict.fromkeys(prompts)}
    negative = model.encode_prompts([sampling.negative_prompt]) if sampling.guided else None
    drawings = [torch.empty(0, 3, sampling.resolution, sampling.resolution)]
    for start in range(0, len(prompts), sampling.batch_size):
        part = slice(start, start + sampling.batch_size)
        prompt_embeds = torch.cat([embeds[prompt] for prompt in prompts[part]])
        noise = model.latent_noise(seeds[part], sampling.resolution)
        latents = pipeline(
            prompt_embeds=prompt_embeds,
            negative_prompt_embeds=None if negative is None else negative.expand_as(prompt_embeds),
            latents=noise.to(prompt_embeds),
            height=sampling.resolution,
            width=sampling.resolution,
            num_inference_steps=sampling.num_steps,
            guidance_scale=sampling.guidance_scale,
            output_type="latent",
        ).images
        # one by one: a decoder takes more memory than a denoiser, and gains nothing from a batch
        drawings += [as_eight_bits(model.decode_latents(latent)) for latent in latents.split(1)]
    return torch.cat(drawings)


def as_eight_bits(images: Tensor) -> Tensor:  # => images on the CPU
    """Round to what a file holds."""
    return (images.cpu() * 255).round() / 255


def pipeline_of(model: StableDiffusion, sampler: str) -> StableDiffusionPipeline:
    """The parts of a model as a diffusers pipeline."""
    scheduler = getattr(diffusers, sampler).from_config(model.noise_scheduler.config)
    pipeline = StableDiffusionPipeline(
        vae=model.vae,
        text_encoder=model.text_encoder,
        tokenizer=model.tokenizer,
        unet=model.unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
