"""The pseudo-Huber error: squared where it is small, and absolute where it is large."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.models.noise import NoiseProcess

HuberSchedule = Literal["constant", "exponential", "snr"]


@dataclass
class PseudoHuber:
    """Error `2 c (sqrt(e^2 + c^2) - c)`, with a schedule for c (Khrapov et al. 2024).

    It is not `torch.nn.functional.huber_loss`, which is another function.

    Attributes:
        c: Error at which squared turns into absolute; of a schedule, that at the last timestep.
        schedule: How c depends on the time: not; falling from 1 exponentially; or falling from 1
            with the noise, `(1 - c) / (1 + sigma)^2 + c`.
    """

    c: float = 0.1
    schedule: HuberSchedule = "snr"

    def __post_init__(self) -> None:
        if not 0 < self.c <= 1:
            raise OldBookError(
                f"model.objective: pseudo_huber.c is {self.c:g}, take one above 0 and up to 1"
            )

    def __call__(self, error: Tensor, process: NoiseProcess, times: Tensor) -> Tensor:
        """The error of each element of [B, C, h, w], at times [B]."""
        c = self.widths(process, times).view(-1, *[1] * (error.ndim - 1))
        return 2 * c * ((error**2 + c**2).sqrt() - c)

    def widths(self, process: NoiseProcess, times: Tensor) -> Tensor:  # => [B]
        """The c of each sample."""
        if self.schedule == "constant":
            return process.progress(times) * 0 + self.c
        if self.schedule == "exponential":
            return self.c ** process.progress(times)
        sigma = process.snr(times).rsqrt()
        return (1 - self.c) / (1 + sigma) ** 2 + self.c
