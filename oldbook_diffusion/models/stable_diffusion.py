"""Stable Diffusion 1.x and 2.x."""

from collections.abc import Sequence

import diffusers
import torch
from diffusers import (
    AutoencoderKL,
    DDPMScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.models.base import BaseModel, Conditioning
from oldbook_diffusion.models.loading import check_tokenizer, fingerprint, load_part
from oldbook_diffusion.models.noise import DiffusionProcess
from oldbook_diffusion.models.sampling import Sampling
from oldbook_diffusion.transfer import send


class StableDiffusion(BaseModel):
    """Stable Diffusion 1.x or 2.x.

    Args:
        pretrained: Hub name, or local folder in diffusers layout.
        revision: Branch, tag or commit on the hub.
        variant: Weight files to load, such as "fp16".

    Raises:
        OldBookError: It cannot be loaded, or its parts do not fit together.
    """

    def __init__(
        self, pretrained: str, revision: str | None = None, variant: str | None = None
    ) -> None:
        super().__init__()
        options = {"revision": revision, "variant": variant}
        self.pretrained = pretrained
        self.tokenizer = load_part(CLIPTokenizer, pretrained, "tokenizer", revision=revision)
        self.text_encoder = load_part(CLIPTextModel, pretrained, "text_encoder", **options)
        check_tokenizer(self.tokenizer, self.text_encoder, pretrained)
        self.vae = load_part(AutoencoderKL, pretrained, "vae", **options)
        self.unet = load_part(UNet2DConditionModel, pretrained, "unet", **options)
        self.scheduler = load_part(DDPMScheduler, pretrained, "scheduler", revision=revision)
        self.check_parts()
        self.process = DiffusionProcess(self.scheduler)
        self.requires_grad_(False)
        self.to(torch.float32).to(memory_format=torch.channels_last)
        self.fingerprint = fingerprint(self.unet)

    def check_parts(self) -> None:
        """Refuse parts of different models.

        Raises:
            OldBookError: The denoiser takes other latents or other embeddings.
        """
        pairs = {
            "latent channels": (self.unet.config.in_channels, self.vae.config.latent_channels),
            "widths of a token": (
                self.unet.config.cross_attention_dim,
                self.text_encoder.config.hidden_size,
            ),
        }
        for what, (takes, gets) in pairs.items():
            if takes != gets:
                raise OldBookError(
                    f"the parts of {self.pretrained!r} do not fit together: its unet takes {takes} "
                    f"{what} and gets {gets}; set model.pretrained to another base model"
                )

    @property
    def denoiser(self) -> nn.Module:
        """The UNet."""
        return self.unet

    @property
    def image_encoder(self) -> nn.Module:
        """The autoencoder."""
        return self.vae

    @property
    def prompt_encoder(self) -> nn.Module:
        """The CLIP text encoder."""
        return self.text_encoder

    @property
    def downsampling(self) -> int:
        """Pixels per latent, along one side."""
        return 2 ** (len(self.vae.config.block_out_channels) - 1)

    @property
    def default_resolution(self) -> int:
        """Side of the images that it was trained on, in pixels."""
        return int(self.unet.config.sample_size * self.downsampling)

    @property
    def resolution_step(self) -> int:
        """What the autoencoder and the UNet halve, down to one."""
        return int(self.downsampling * 2 ** (len(self.unet.config.block_out_channels) - 1))

    def latent_shape(self, resolution: int) -> tuple[int, int, int]:
        """Shape (C, h, w) of the latents of a square image."""
        side = resolution // self.downsampling
        return self.unet.config.in_channels, side, side

    @torch.no_grad()
    def encode_moments(self, images: Tensor) -> Tensor:  # => [B, 2 C, h, w]
        """Mean and log variance of the posterior."""
        return self.vae.encode((images * 2 - 1).to(self.vae.dtype)).latent_dist.parameters

    @torch.no_grad()
    def sample_latents(self, moments: Tensor, noise: Tensor | None = None) -> Tensor:  # => latents
        """Sample from the posterior with this noise, or take its mean without."""
        posterior = DiagonalGaussianDistribution(moments)
        latents = posterior.mean
        if noise is not None:
            latents = latents + posterior.std * noise.to(latents)
        return latents * self.vae.config.scaling_factor

    @torch.no_grad()
    def decode_latents(self, latents: Tensor) -> Tensor:  # => images
        """Decode latents."""
        latents = (latents / self.vae.config.scaling_factor).to(self.vae.dtype)
        return (self.vae.decode(latents).sample.float() / 2 + 0.5).clamp(0, 1)

    def tokenize(self, prompts: Sequence[str]) -> Tensor:  # => [B, T]
        """Token ids of prompts, padded or truncated to the context length."""
        options = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
        return self.tokenizer(list(prompts), **options).input_ids

    @torch.no_grad()
    def encode_tokens(self, tokens: Tensor) -> Conditioning:
        """Encode token ids, in the precision of the text encoder's weights."""
        prompt_embeds = self.text_encoder(send(tokens, self.text_encoder.device))[0]
        # autocast leaves the last normalisation in float32, twice what the denoiser reads
        return {"prompt_embeds": prompt_embeds.to(self.text_encoder.dtype)}

    def denoise(self, noisy: Tensor, times: Tensor, conditioning: Conditioning) -> Tensor:
        """The UNet's prediction, of the shape of the noisy latents."""
        prompt_embeds = conditioning["prompt_embeds"]
        return self.network(noisy.to(prompt_embeds.dtype), times, prompt_embeds).sample

    def generate_latents(
        self,
        noise: Tensor,
        conditioning: Conditioning,
        negative: Conditioning | None,
        sampling: Sampling,
    ) -> Tensor:  # => latents
        """Denoise from noise to latents, as diffusers' pipeline does."""
        prompt_embeds = conditioning["prompt_embeds"]
        return self.pipeline(sampling.scheduler)(
            prompt_embeds=prompt_embeds,
            negative_prompt_embeds=negative and negative["prompt_embeds"].expand_as(prompt_embeds),
            latents=noise.to(prompt_embeds),
            height=sampling.resolution,
            width=sampling.resolution,
            num_inference_steps=sampling.num_inference_steps,
            guidance_scale=sampling.guidance_scale,
            output_type="latent",
        ).images

    def pipeline(self, scheduler: str) -> StableDiffusionPipeline:
        """The parts as a diffusers pipeline with a scheduler of this class name."""
        pipeline = StableDiffusionPipeline(
            vae=self.vae,
            text_encoder=self.text_encoder,
            tokenizer=self.tokenizer,
            unet=self.unet,
            scheduler=getattr(diffusers, scheduler).from_config(self.scheduler.config),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        pipeline.set_progress_bar_config(disable=True)
        return pipeline
