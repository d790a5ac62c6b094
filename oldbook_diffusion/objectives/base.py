"""Interface of an objective: what a fine-tuned model is trained to do."""

from abc import ABC, abstractmethod
from typing import Protocol

from torch import Tensor, nn

from oldbook_diffusion.models.noise import NoiseProcess


class Denoiser(Protocol):
    """The part of a base model that an objective needs."""

    process: NoiseProcess

    def denoise(self, noisy: Tensor, times: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
        """The network's prediction, of the shape of the noisy latents."""


class Objective(nn.Module, ABC):
    """Loss of each sample of a batch."""

    @abstractmethod
    def forward(
        self,
        model: Denoiser,
        latents: Tensor,  # [B, C, h, w]
        noise: Tensor,  # like latents
        times: Tensor,  # [B], of the model's noise process
        conditioning: dict[str, Tensor],  # [B, ...] each
    ) -> Tensor:  # => [B], in float32
        """The losses."""
