"""The network: a frozen Stable Diffusion, seen as maps between words, pixels and latents.

Shapes and ranges, here and everywhere:
    images         [B, 3, H, W] in [0, 1]
    latents        [B, 4, H / 8, W / 8], unit variance (the divisor is the autoencoder's own)
    prompt_embeds  [B, T, D]
"""

from collections.abc import Sequence

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.models.loading import (
    check_tokenizer,
    fingerprint,
    load_part,
    read_family,
)
from oldbook_diffusion.randomness import normal

FAMILY = "StableDiffusionPipeline"
PREDICTION_TYPES = ("epsilon", "v_prediction", "sample")


class StableDiffusion(nn.Module):
    """The parts of one pretrained checkpoint of Stable Diffusion 1.x or 2.x, all frozen.

    Args:
        pretrained: Hub name, or local folder in diffusers layout.
        revision: Branch, tag or commit on the hub.
        variant: Weight files to take, such as "fp16".
        gradient_checkpointing: Recompute activations in the backward pass to save memory.

    Raises:
        OldBookError: It cannot be loaded, is of another family, or its parts do not fit together.
    """

    def __init__(
        self,
        pretrained: str,
        revision: str | None = None,
        variant: str | None = None,
        gradient_checkpointing: bool = False,
    ) -> None:
        super().__init__()
        options = {"revision": revision, "variant": variant}
        check_family(pretrained, revision)
        self.tokenizer = load_part(CLIPTokenizer, pretrained, "tokenizer", revision=revision)
        self.text_encoder = load_part(CLIPTextModel, pretrained, "text_encoder", **options)
        check_tokenizer(self.tokenizer, self.text_encoder, pretrained)
        self.vae = load_part(AutoencoderKL, pretrained, "vae", **options)
        self.unet = load_part(UNet2DConditionModel, pretrained, "unet", **options)
        self.noise_scheduler = load_part(DDPMScheduler, pretrained, "scheduler", revision=revision)
        check_prediction_type(self.noise_scheduler)
        self.requires_grad_(False)
        self.to(torch.float32).to(memory_format=torch.channels_last)
        self.fingerprint = fingerprint(self.unet)
        if gradient_checkpointing:
            self.unet.enable_gradient_checkpointing()

    def store_frozen_as(self, dtype: torch.dtype) -> None:
        """Keep the frozen weights in a low precision; the adapter stays in float32."""
        for parameter in self.parameters():
            if not parameter.requires_grad:
                parameter.data = parameter.data.to(dtype)

    def check_resolution(self, resolution: int) -> None:
        """Refuse a side that the autoencoder and the UNet cannot halve often enough.

        Raises:
            OldBookError: It names the two nearest sides that work.
        """
        step = self.downsampling * 2 ** (len(self.unet.config.block_out_channels) - 1)
        if resolution < step or resolution % step:
            lower = max(step, resolution // step * step)
            raise OldBookError(
                f"this model cannot take a resolution of {resolution}, "
                f"take a multiple of {step}, such as {lower} or {lower + step}"
            )

    @property
    def downsampling(self) -> int:
        """Pixels per latent, along one side."""
        return 2 ** (len(self.vae.config.block_out_channels) - 1)

    def encode_images(self, images: Tensor, noise: Tensor | None = None) -> Tensor:  # => latents
        """Draw latents from the posterior with the given noise, or take its mean without."""
        return self.draw_latents(self.encode_moments(images), noise)

    @torch.no_grad()
    def encode_moments(self, images: Tensor) -> Tensor:  # => [B, 2 C, h, w]
        """The mean and the log variance of the posterior."""
        return self.vae.encode((images * 2 - 1).to(self.vae.dtype)).latent_dist.parameters

    @torch.no_grad()
    def draw_latents(self, moments: Tensor, noise: Tensor | None = None) -> Tensor:  # => latents
        """Draw from the posterior of these moments, or take its mean."""
        posterior = DiagonalGaussianDistribution(moments)
        latents = posterior.mean
        if noise is not None:
            latents = latents + posterior.std * noise.to(latents)
        return latents * self.vae.config.scaling_factor

    @torch.no_grad()
    def decode_latents(self, latents: Tensor) -> Tensor:  # => images
        """Paint the latents."""
        latents = (latents / self.vae.config.scaling_factor).to(self.vae.dtype)
        return (self.vae.decode(latents).sample.float() / 2 + 0.5).clamp(0, 1)

    def round_trip(self, images: Tensor) -> Tensor:  # => images
        """Send pictures through the autoencoder and 8 bits, as every drawing goes."""
        images = self.decode_latents(self.encode_images(images.to(self.vae.device)))
        return (images * 255).round() / 255

    def encode_prompts(self, prompts: Sequence[str]) -> Tensor:  # => prompt_embeds
        """Embed prompts with the text encoder, padded or cut to its context length."""
        return self.embed(self.tokenize(prompts))

    def tokenize(self, prompts: Sequence[str]) -> Tensor:  # => [B, T]
        """Spell prompts out, padded or cut to the text encoder's context length."""
        options = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
        return self.tokenizer(list(prompts), **options).input_ids

    @torch.no_grad()
    def embed(self, tokens: Tensor) -> Tensor:  # => prompt_embeds
        """Embed tokens, in the precision of the text encoder's weights."""
        prompt_embeds = self.text_encoder(tokens.to(self.text_encoder.device))[0]
        # autocast leaves the last normalisation in float32, twice what the denoiser reads
        return prompt_embeds.to(self.text_encoder.dtype)

    def latent_noise(self, seeds: Sequence[int], resolution: int) -> Tensor:  # => like latents
        """The noise that each seed stands for, the one of `torch.Generator().manual_seed`."""
        side = resolution // self.downsampling
        return normal(seeds, (self.unet.config.in_channels, side, side))


def check_family(pretrained: str, revision: str | None) -> None:
    """Refuse a pipeline of another family, before anything large is loaded.

    Raises:
        OldBookError: It is one.
    """
    if (family := read_family(pretrained, revision)) != FAMILY:
        raise OldBookError(
            f"{pretrained} is a {family}, which is not supported: set model.pretrained to a "
            f"{FAMILY}, that is a Stable Diffusion 1.x or 2.x"
        )


def check_prediction_type(noise_scheduler: DDPMScheduler) -> None:
    """Refuse a checkpoint that is trained to say something the loss does not know."""
    if noise_scheduler.config.prediction_type not in PREDICTION_TYPES:
        raise OldBookError(
            f"the checkpoint predicts {noise_scheduler.config.prediction_type!r}, "
            f"this trainer knows {', '.join(PREDICTION_TYPES)}"
        )
