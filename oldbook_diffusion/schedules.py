"""Learning-rate schedules that are as long as the run: warm-up, then a decay to 0.

Where `num_steps` is null, `optimization.build_schedule` sets it to `trainer.max_steps`.
"""

import math

from jsonargparse.typing import NonNegativeInt, PositiveInt
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


class Constant(LRScheduler):
    """The rate rises linearly from 0 over the warm-up, and then stays.

    The factors are those of diffusers' schedules of the same names.

    Args:
        optimizer: Its rates are the peak.
        num_steps: Optimizer steps until the end of the decay; those of the run when null.
        warmup_steps: Optimizer steps until the peak.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        num_steps: PositiveInt | None = None,
        warmup_steps: NonNegativeInt = 0,
    ) -> None:
        # plain numbers, as a checkpoint holds them
        self.num_steps = None if num_steps is None else int(num_steps)
        self.warmup_steps = int(warmup_steps)
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """Rates of the parameter groups at the present step."""
        step = self.last_epoch
        if step < self.warmup_steps:
            return [rate * step / self.warmup_steps for rate in self.base_lrs]
        decaying = (self.num_steps or math.inf) - self.warmup_steps
        progress = min(1.0, (step - self.warmup_steps) / max(1, decaying))
        return [rate * self.decay(progress) for rate in self.base_lrs]

    def decay(self, progress: float) -> float:
        """Factor of the rate at a part in [0, 1] of the decay."""
        return 1.0


class Cosine(Constant):
    """Warm-up, then half a period of a cosine from the peak to 0."""

    def decay(self, progress: float) -> float:
        """Half a period of a cosine."""
        return 0.5 * (1.0 + math.cos(math.pi * progress))


class Linear(Constant):
    """Warm-up, then a straight line from the peak to 0."""

    def decay(self, progress: float) -> float:
        """A straight line."""
        return 1.0 - progress
