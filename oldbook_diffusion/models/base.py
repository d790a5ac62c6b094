"""Interface of a base model: a pretrained text-to-image model, frozen.

Shapes and ranges, here and everywhere:
    images         [B, 3, H, W] in [0, 1]
    latents        [B, C, h, w], unit variance
    conditioning   tensors [B, ...] by name, such as prompt_embeds [B, T, D]
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from oldbook_diffusion.compiled import Compiled
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.models.noise import NoiseProcess
from oldbook_diffusion.models.sampling import Sampling
from oldbook_diffusion.randomness import normal

Conditioning = dict[str, Tensor]
FROZEN_DTYPES = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


class BaseModel(nn.Module, ABC):
    """Pretrained text-to-image model: maps between prompts, images and latents.

    A family of models is one class derived from this one. All parameters are frozen; a method of
    fine-tuning makes some of the denoiser's trainable.

    Attributes:
        pretrained: Name or folder that it was loaded from.
        process: Noise process that it was trained with.
        fingerprint: Hash of the denoiser's pretrained weights.
        conditioning_names: Names of what a prompt is encoded as.
    """

    pretrained: str
    process: NoiseProcess
    fingerprint: str
    conditioning_names: tuple[str, ...] = ("prompt_embeds",)

    def __init__(self) -> None:
        super().__init__()
        self.compiled: Compiled | None = None

    @property
    @abstractmethod
    def denoiser(self) -> nn.Module:
        """The network that is fine-tuned."""

    @property
    @abstractmethod
    def image_encoder(self) -> nn.Module:
        """The network that encodes images; its output is cached."""

    @property
    @abstractmethod
    def prompt_encoder(self) -> nn.Module:
        """The network that encodes prompts; its output is cached."""

    @property
    @abstractmethod
    def default_resolution(self) -> int:
        """Side of the images that it was trained on, in pixels."""

    @property
    @abstractmethod
    def resolution_step(self) -> int:
        """Smallest side of an image, in pixels; every side is a multiple of it."""

    @abstractmethod
    def latent_shape(self, resolution: int) -> tuple[int, int, int]:
        """Shape (C, h, w) of the latents of a square image."""

    @abstractmethod
    def encode_moments(self, images: Tensor) -> Tensor:  # => [B, 2 C, h, w]
        """Mean and log variance of the posterior of the latents."""

    @abstractmethod
    def sample_latents(self, moments: Tensor, noise: Tensor | None = None) -> Tensor:  # => latents
        """Sample from the posterior with this noise, or take its mean without."""

    @abstractmethod
    def decode_latents(self, latents: Tensor) -> Tensor:  # => images
        """Decode latents."""

    @abstractmethod
    def tokenize(self, prompts: Sequence[str]) -> Tensor:  # => [B, T]
        """Token ids of prompts, padded or truncated to the context length."""

    @abstractmethod
    def encode_tokens(self, tokens: Tensor) -> Conditioning:
        """Encode token ids."""

    @abstractmethod
    def denoise(self, noisy: Tensor, times: Tensor, conditioning: Conditioning) -> Tensor:
        """The denoiser's prediction, of the shape of the noisy latents."""

    @abstractmethod
    def generate_latents(
        self,
        noise: Tensor,
        conditioning: Conditioning,
        negative: Conditioning | None,
        sampling: Sampling,
    ) -> Tensor:  # => latents
        """Denoise from noise to latents; without guidance where `negative` is null."""

    def check_resolution(self, resolution: int) -> None:
        """Refuse a side that the networks cannot take.

        Raises:
            OldBookError: It names the two nearest sides that work.
        """
        step = self.resolution_step
        if resolution < step or resolution % step:
            lower = max(step, resolution // step * step)
            raise OldBookError(
                f"this model cannot take a resolution of {resolution}, "
                f"take a multiple of {step}, such as {lower} or {lower + step}"
            )

    def encode_images(self, images: Tensor, noise: Tensor | None = None) -> Tensor:  # => latents
        """Sample latents of images with this noise, or take the mean without."""
        return self.sample_latents(self.encode_moments(images), noise)

    def round_trip(self, images: Tensor) -> Tensor:  # => images
        """Encode and decode images, and round them to 8 bits as every sample is."""
        device = next(self.image_encoder.parameters()).device
        # one by one, as samples are decoded: eight at once take 3 GB at 512 pixels in float16
        decoded = [self.decode_latents(self.encode_images(x.to(device))) for x in images.split(1)]
        return (torch.cat(decoded) * 255).round() / 255 if decoded else images.to(device)

    def encode_prompts(self, prompts: Sequence[str]) -> Conditioning:
        """Encode prompts, padded or truncated to the context length."""
        return self.encode_tokens(self.tokenize(prompts))

    def latent_noise(self, seeds: Sequence[int], resolution: int) -> Tensor:  # => like latents
        """Noise of each seed, the one of `torch.Generator().manual_seed`."""
        return normal(seeds, self.latent_shape(resolution))

    @property
    def network(self) -> nn.Module | Compiled:
        """The denoiser to call: compiled where it learns, if it was asked for."""
        learns = self.compiled is not None and torch.is_grad_enabled()
        return self.compiled if learns and self.compiled is not None else self.denoiser

    def compile_denoiser(self) -> None:
        """Compile the denoiser for training; sampling in other batch sizes stays as it is."""
        self.compiled = Compiled(self.denoiser)

    def enable_gradient_checkpointing(self) -> None:
        """Recompute the denoiser's activations in the backward pass.

        Raises:
            OldBookError: The denoiser cannot.
        """
        enable = getattr(self.denoiser, "enable_gradient_checkpointing", None)
        if enable is None:
            raise OldBookError(
                "model.gradient_checkpointing is not supported by this denoiser: set it to false"
            )
        enable()

    def train(self, mode: bool = True) -> Self:
        """Set the mode of the denoiser; the encoders stay in evaluation mode."""
        super().train(mode)
        self.image_encoder.eval()
        self.prompt_encoder.eval()
        return self

    def store_frozen_for(self, precision: str) -> None:
        """Keep the frozen weights in the precision of a trainer; trainable ones stay in float32."""
        dtype = FROZEN_DTYPES.get(precision)
        for parameter in self.parameters() if dtype else ():
            if not parameter.requires_grad:
                parameter.data = parameter.data.to(dtype)
