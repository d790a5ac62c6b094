"""Noise processes: how latents and noise are mixed, and what the network predicts of them.

A base model knows its own process, as in the losses of EDM (Karras et al. 2022): an objective asks
it and has no branches on kinds of models.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from diffusers.training_utils import compute_snr
from torch import Tensor

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import integers, uniform

MAX_SNR = 1000.0  # of debiased estimation: it is 1175 at the first timestep of SD 1.x
PREDICTION_TYPES = ("epsilon", "v_prediction", "sample")


class NoiseProcess(ABC):
    """The path between latents [B, C, h, w] and noise of the same shape; times are [B]."""

    @abstractmethod
    def times(self, seeds: Sequence[int]) -> Tensor:  # => [B]
        """Training times, each a function of its own seed."""

    @abstractmethod
    def band_times(self, seeds: Sequence[int], band: int, num_bands: int) -> Tensor:  # => [B]
        """Times in one of the equal bands, the first with the least noise."""

    @abstractmethod
    def mix(self, latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:  # => like latents
        """The noisy latents at these times."""

    @abstractmethod
    def target(self, latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:  # => like latents
        """What the network should predict."""

    @abstractmethod
    def weight(self, times: Tensor, snr_gamma: float | None) -> Tensor:  # => [B]
        """Min-SNR weights with this cap; ones where it is null."""

    def snr(self, times: Tensor) -> Tensor:  # => [B]
        """Variance of the signal over that of the noise.

        Raises:
            OldBookError: The process has none.
        """
        raise OldBookError(
            "model.objective: the noise process of this base model has no signal-to-noise ratio, "
            "which debias and the schedules of pseudo_huber but constant need"
        )

    def debiased_weight(self, times: Tensor) -> Tensor:  # => [B]
        """Weights of debiased estimation.

        Raises:
            OldBookError: The process has none.
        """
        return self.snr(times).rsqrt()

    def progress(self, times: Tensor) -> Tensor:  # => [B], in [0, 1]
        """Times from that of no noise, 0, to the last, 1."""
        return times.float()


class TrainingScheduler(Protocol):
    """The part of a diffusers training scheduler that the process needs."""

    config: Any
    alphas_cumprod: Tensor

    def __len__(self) -> int: ...


class DiffusionProcess(NoiseProcess):
    """Variance-preserving diffusion in discrete timesteps (Ho et al. 2020).

    Args:
        scheduler: Its schedule, and what the network predicts.

    Raises:
        OldBookError: The network predicts something that is not known, or what says nothing at
            the last timestep.
    """

    def __init__(self, scheduler: TrainingScheduler) -> None:
        self.scheduler = scheduler
        self.alphas: dict[torch.device, Tensor] = {}  # cumulated, by the device that asked
        self.prediction_type = str(scheduler.config.prediction_type)
        if self.prediction_type not in PREDICTION_TYPES:
            raise OldBookError(
                f"the base model predicts {self.prediction_type!r}, which is not supported: take "
                f"one that predicts {', '.join(PREDICTION_TYPES)}"
            )
        if self.prediction_type == "epsilon" and float(scheduler.alphas_cumprod[-1]) == 0:
            raise OldBookError(  # Lin et al. 2024, section 3.2
                "the base model predicts epsilon with a zero terminal SNR: at the last timestep "
                "its input is the noise that it should predict; take one of v_prediction, or set "
                "rescale_betas_zero_snr to false in its scheduler_config.json"
            )

    def times(self, seeds: Sequence[int]) -> Tensor:  # => [B]
        """Uniform timesteps."""
        return integers(seeds, len(self.scheduler))

    def band_times(self, seeds: Sequence[int], band: int, num_bands: int) -> Tensor:  # => [B]
        """Timesteps of one of the equal bands, the first with the least noise."""
        fractions = [(band + uniform(seed, "timestep")) / num_bands for seed in seeds]
        return torch.tensor([int(fraction * len(self.scheduler)) for fraction in fractions])

    def mix(self, latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:  # => like latents
        """The noisy latents, `signal * latents + sigma * noise`."""
        signal, sigma = self.signal_and_sigma(times)
        return signal * latents + sigma * noise

    def target(self, latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:  # => like latents
        """Epsilon (Ho et al. 2020), v (Salimans and Ho 2022, app. D) or the latents."""
        signal, sigma = self.signal_and_sigma(times)
        targets = {
            "epsilon": noise,
            "v_prediction": signal * noise - sigma * latents,
            "sample": latents,
        }
        return targets[self.prediction_type]

    def weight(self, times: Tensor, snr_gamma: float | None) -> Tensor:  # => [B]
        """Min-SNR weights (Hang et al. 2023, section 3.4)."""
        if snr_gamma is None:
            return torch.ones_like(times, dtype=torch.float32)
        snr = self.snr(times)
        by_prediction = {"epsilon": snr, "v_prediction": snr + 1, "sample": torch.ones_like(snr)}
        return snr.clamp(max=snr_gamma) / by_prediction[self.prediction_type]

    def snr(self, times: Tensor) -> Tensor:  # => [B]
        """Variance of the signal over that of the noise."""
        return compute_snr(self.scheduler, times).float()

    def debiased_weight(self, times: Tensor) -> Tensor:  # => [B]
        """Debiased estimation (Yu et al. 2023), `1 / sqrt(snr)` of the loss of epsilon.

        The ratio is capped at 1000, as in kohya's scripts; for v and the latents it is the same
        weight of the loss of epsilon that their error stands for.
        """
        snr = self.snr(times)
        epsilon = snr.clamp(max=MAX_SNR).rsqrt()
        weighted = torch.maximum(snr.sqrt(), snr / MAX_SNR**0.5)  # snr * epsilon, also at 0
        by_prediction = {
            "epsilon": epsilon,
            "v_prediction": weighted / (snr + 1),
            "sample": weighted,
        }
        return by_prediction[self.prediction_type]

    def progress(self, times: Tensor) -> Tensor:  # => [B], in [0, 1)
        """Timesteps as a share of all."""
        return times.float() / len(self.scheduler)

    def signal_and_sigma(self, times: Tensor) -> tuple[Tensor, Tensor]:  # => [B, 1, 1, 1] twice
        """The factors of latents and noise, in float32 whatever the latents are.

        `DDPMScheduler.add_noise` works in the dtype of the latents: in float16 its sigma is off by
        up to 7 % in the first timesteps.
        """
        if times.device not in self.alphas:  # once: a copy to a GPU waits for all it has to do
            self.alphas[times.device] = self.scheduler.alphas_cumprod.to(
                times.device, torch.float32
            )
        alphas = self.alphas[times.device][times].view(-1, 1, 1, 1)
        return alphas.sqrt(), (1 - alphas).sqrt()
