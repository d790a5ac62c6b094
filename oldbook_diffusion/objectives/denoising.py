"""The denoising objective: predict what the model's noise process asks for."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.objectives.base import Denoiser, Objective
from oldbook_diffusion.objectives.noise import channel_offsets, pyramid
from oldbook_diffusion.objectives.pseudo_huber import PseudoHuber
from oldbook_diffusion.randomness import key, normal


class DenoisingLoss(Objective):
    """Mean squared error of the denoiser (Ho et al. 2020, eq. 14), computed in float32.

    Args:
        snr_gamma: Cap of the min-SNR weight (Hang et al. 2023, section 3.4); none when null.
        debias: Weigh by the root of the noise over the signal (Yu et al. 2023), in the place of
            min-SNR.
        pseudo_huber: Error in the place of the squared one.
        noise_offset: Scale of a random offset of each channel's noise, which makes very dark and
            very bright images possible; published values are about 0.1.
        pyramid_discount: Weight of a level of multi-resolution noise over the one before, such as
            0.3; white noise when null.
        input_perturbation: Scale of noise in the input that is not in the target (Ning et al.
            2023), such as 0.1.

    Raises:
        OldBookError: Options contradict each other, or are out of range.
    """

    def __init__(
        self,
        snr_gamma: float | None = None,
        debias: bool = False,
        pseudo_huber: PseudoHuber | None = None,
        noise_offset: float = 0.0,
        pyramid_discount: float | None = None,
        input_perturbation: float = 0.0,
    ) -> None:
        super().__init__()
        self.snr_gamma = snr_gamma
        self.debias = debias
        self.pseudo_huber = pseudo_huber
        self.noise_offset = noise_offset
        self.pyramid_discount = pyramid_discount
        self.input_perturbation = input_perturbation
        if debias and snr_gamma is not None:
            raise OldBookError("model.objective: set one of snr_gamma and debias, not both")
        if pyramid_discount is not None and not 0 <= pyramid_discount < 1:
            raise OldBookError(
                f"model.objective: pyramid_discount is {pyramid_discount:g}, take one from 0 to "
                "below 1"
            )

    def draw(
        self, seeds: Sequence[int], shape: Sequence[int]
    ) -> tuple[Tensor, Tensor]:  # => [B, *shape] twice
        """The noise of the target and that of the input."""
        target, _ = super().draw(seeds, shape)
        if self.pyramid_discount is not None:
            target = pyramid(target, seeds, self.pyramid_discount)
        if self.noise_offset:
            target = target + self.noise_offset * channel_offsets(seeds, shape[0])
        if not self.input_perturbation:
            return target, target
        more = normal([key(seed, "input_perturbation") for seed in seeds], shape)
        return target, target + self.input_perturbation * more

    def forward(
        self,
        model: Denoiser,
        latents: Tensor,  # [B, C, h, w]
        noise: Tensor,  # like latents
        times: Tensor,  # [B]
        conditioning: dict[str, Tensor],
        mixed: Tensor | None = None,  # like latents
    ) -> Tensor:  # => [B], in float32
        """Noise the latents, denoise, and compare with the target."""
        latents, noise = latents.float(), noise.float()
        mixed = noise if mixed is None else mixed.float()
        noisy = model.process.mix(latents, mixed, times)
        prediction = model.denoise(noisy, times, conditioning)
        target = model.process.target(latents, noise, times)
        if self.pseudo_huber is None:
            errors = F.mse_loss(prediction.float(), target, reduction="none")
        else:
            errors = self.pseudo_huber(prediction.float() - target, model.process, times)
        return errors.mean(dim=(1, 2, 3)) * self.weight(model, times)

    def weight(self, model: Denoiser, times: Tensor) -> Tensor:  # => [B]
        """Weight of each sample's loss."""
        if self.debias:
            return model.process.debiased_weight(times)
        return model.process.weight(times, self.snr_gamma)
