"""The objective: predict what hides a latent."""

from collections.abc import Callable
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from diffusers.training_utils import compute_snr
from torch import Tensor, nn


class NoiseScheduler(Protocol):
    """The part of a diffusers training scheduler that the loss needs."""

    config: Any
    alphas_cumprod: Tensor


class DenoisingLoss(nn.Module):
    """Mean squared error of the denoiser (Ho et al. 2020, eq. 14), computed in float32.

    Args:
        snr_gamma: Cap of the min-SNR weight (Hang et al. 2023, section 3.4); none when null.
    """

    def __init__(self, snr_gamma: float | None = None) -> None:
        super().__init__()
        self.snr_gamma = snr_gamma

    def forward(
        self,
        unet: Callable[..., Any],
        noise_scheduler: NoiseScheduler,
        latents: Tensor,  # [B, C, h, w]
        prompt_embeds: Tensor,  # [B, T, D]
        noise: Tensor,  # like latents
        timesteps: Tensor,  # [B]
    ) -> Tensor:  # => [B]
        """Noise the latents, ask the network for the target, and compare."""
        latents, noise = latents.float(), noise.float()
        signal, sigma = signal_and_sigma(noise_scheduler, timesteps)
        noisy_latents = signal * latents + sigma * noise
        prediction = unet(noisy_latents.to(prompt_embeds.dtype), timesteps, prompt_embeds).sample
        goal = target(noise_scheduler, latents, noise, timesteps)
        error = F.mse_loss(prediction.float(), goal, reduction="none").mean(dim=(1, 2, 3))
        return error * self.weight(noise_scheduler, timesteps)

    def weight(self, noise_scheduler: NoiseScheduler, timesteps: Tensor) -> Tensor:  # => [B]
        """Weigh each timestep."""
        if self.snr_gamma is None:
            return torch.ones_like(timesteps, dtype=torch.float32)
        snr = compute_snr(noise_scheduler, timesteps).float()
        by_prediction = {"epsilon": snr, "v_prediction": snr + 1, "sample": torch.ones_like(snr)}
        return snr.clamp(max=self.snr_gamma) / by_prediction[prediction_type(noise_scheduler)]


def signal_and_sigma(
    noise_scheduler: NoiseScheduler, timesteps: Tensor
) -> tuple[Tensor, Tensor]:  # => [B, 1, 1, 1] twice
    """The shares of latent and noise at each timestep, in float32 whatever the latents are.

    `DDPMScheduler.add_noise` works in the dtype of the latents: in float16 its sigma is off by
    up to 7 % in the first timesteps.
    """
    alphas = noise_scheduler.alphas_cumprod.to(timesteps.device, torch.float32)[timesteps]
    alphas = alphas.view(-1, 1, 1, 1)
    return alphas.sqrt(), (1 - alphas).sqrt()


def prediction_type(noise_scheduler: NoiseScheduler) -> str:
    """What the checkpoint's network predicts: epsilon, v_prediction or sample."""
    return str(noise_scheduler.config.prediction_type)


def target(
    noise_scheduler: NoiseScheduler, latents: Tensor, noise: Tensor, timesteps: Tensor
) -> Tensor:  # => like latents
    """What the network should say (epsilon: Ho et al. 2020; v: Salimans and Ho 2022, app. D)."""
    signal, sigma = signal_and_sigma(noise_scheduler, timesteps)
    answers = {
        "epsilon": noise,
        "v_prediction": signal * noise - sigma * latents,
        "sample": latents,
    }
    return answers[prediction_type(noise_scheduler)]
