"""Interface of an objective: what a fine-tuned model is trained to do."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from torch import Tensor, nn

from oldbook_diffusion.models.noise import NoiseProcess
from oldbook_diffusion.randomness import normal


class Denoiser(Protocol):
    """The part of a base model that an objective needs."""

    process: NoiseProcess

    def denoise(self, noisy: Tensor, times: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
        """The network's prediction, of the shape of the noisy latents."""


class Objective(nn.Module, ABC):
    """Loss of each sample of a batch."""

    def draw(
        self, seeds: Sequence[int], shape: Sequence[int]
    ) -> tuple[Tensor, Tensor]:  # => [B, *shape] twice
        """The noise of the target and that of the input, each sample's a function of its seed."""
        noise = normal(seeds, shape)
        return noise, noise

    @abstractmethod
    def forward(
        self,
        model: Denoiser,
        latents: Tensor,  # [B, C, h, w]
        noise: Tensor,  # like latents
        times: Tensor,  # [B], of the model's noise process
        conditioning: dict[str, Tensor],  # [B, ...] each
        mixed: Tensor | None = None,  # like latents: the noise of the input, where it is another
    ) -> Tensor:  # => [B], in float32
        """The losses."""
