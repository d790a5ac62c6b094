"""The denoising loss by noise level, on plates that are trained on and on plates that are not."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from oldbook_diffusion.metrics.inference import t_interval
from oldbook_diffusion.metrics.memorization import membership_auc
from oldbook_diffusion.randomness import uniform

BANDS = 5  # equal shares of the timesteps, the first with the least noise


def band_timesteps(seeds: Sequence[int], band: int, num_timesteps: int) -> Tensor:  # => [N]
    """A timestep of a band for each seed."""
    shares = [(band + uniform(seed, "timestep")) / BANDS for seed in seeds]
    return torch.tensor([int(share * num_timesteps) for share in shares])


class TimestepLoss(Metric):
    """Losses of plates at fixed noise, by band; intervals are over plates.

    A loss that falls on training plates and not on held-out ones is memory: the chance that a
    training plate's loss has fallen by more than a held-out plate's is 0.5 without it.
    """

    full_state_update = False
    higher_is_better = False
    is_differentiable = False

    tuned: list[Tensor]
    base: list[Tensor]
    trained_on: list[Tensor]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("tuned", "base", "trained_on"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, tuned: Tensor, base: Tensor, trained_on: bool) -> None:
        """Take in losses.

        Args:
            tuned: [N, BANDS], of the model that learns.
            base: [N, BANDS], of the base model, at the same noise.
            trained_on: Whether the plates are trained on.
        """
        self.tuned.append(tuned.to(self.device))
        self.base.append(base.to(self.device))
        self.trained_on.append(torch.full((len(tuned),), trained_on, device=self.device))

    def compute(self) -> dict[str, float]:
        """The held-out loss, by band too with its change from the base, and what memory shows."""
        tuned, base = (dim_zero_cat(part).double().cpu() for part in (self.tuned, self.base))
        seen = dim_zero_cat(self.trained_on).cpu()
        numbers = {"val/loss": t_interval(tuned[~seen].mean(dim=1))}
        for band in range(BANDS):
            losses = tuned[~seen, band]
            numbers[f"val/loss_band_{band + 1}"] = t_interval(losses)
            numbers[f"val/change_band_{band + 1}"] = t_interval(losses - base[~seen, band])
        curves: dict[str, float] = {}
        if seen.any():
            change = (tuned - base).mean(dim=1)
            curves["memorisation/loss_gap"] = float(change[seen].mean() - change[~seen].mean())
            numbers["memorisation/loss_auc"] = membership_auc(change[seen], change[~seen])
        for name, interval in numbers.items():
            ends = {name: interval.value}
            ends |= {f"{name}_lower": interval.lower, f"{name}_upper": interval.upper}
            curves |= {end: value for end, value in ends.items() if not math.isnan(value)}
        return curves
