"""The denoising objective: predict what the model's noise process asks for."""

import torch.nn.functional as F
from torch import Tensor

from oldbook_diffusion.objectives.base import Denoiser, Objective


class DenoisingLoss(Objective):
    """Mean squared error of the denoiser (Ho et al. 2020, eq. 14), computed in float32.

    Args:
        snr_gamma: Cap of the min-SNR weight (Hang et al. 2023, section 3.4); none when null.
    """

    def __init__(self, snr_gamma: float | None = None) -> None:
        super().__init__()
        self.snr_gamma = snr_gamma

    def forward(
        self,
        model: Denoiser,
        latents: Tensor,  # [B, C, h, w]
        noise: Tensor,  # like latents
        times: Tensor,  # [B]
        conditioning: dict[str, Tensor],
    ) -> Tensor:  # => [B], in float32
        """Noise the latents, denoise, and compare with the target."""
        latents, noise = latents.float(), noise.float()
        noisy = model.process.mix(latents, noise, times)
        prediction = model.denoise(noisy, times, conditioning)
        target = model.process.target(latents, noise, times)
        error = F.mse_loss(prediction.float(), target, reduction="none").mean(dim=(1, 2, 3))
        return error * model.process.weight(times, self.snr_gamma)
