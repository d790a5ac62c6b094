"""TimestepLoss: the denoising loss by noise level, on training plates and on held-out plates."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from oldbook_diffusion.metrics.catalogue import (
    BAND_CHANGES,
    BAND_LOSSES,
    BANDS,
    LOSS_AUC,
    LOSS_GAP,
    VAL_LOSS,
)
from oldbook_diffusion.metrics.curve import Curve, flat
from oldbook_diffusion.metrics.inference import Interval, t_interval
from oldbook_diffusion.metrics.memorization import membership_auc


class TimestepLoss(Metric):
    """Losses of plates at fixed noise, by band; intervals are over plates.

    A loss that falls on training plates and not on held-out ones is memorization: the chance that a
    training plate's loss has fallen by more than a held-out plate's is 0.5 without it.
    """

    full_state_update = False
    higher_is_better = False
    is_differentiable = False

    fine_tuned: list[Tensor]
    base: list[Tensor]
    trained_on: list[Tensor]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("fine_tuned", "base", "trained_on"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, fine_tuned: Tensor, base: Tensor, trained_on: bool) -> None:
        """Take in losses.

        Args:
            fine_tuned: [N, BANDS], of the fine-tuned model.
            base: [N, BANDS], of the base model, at the same noise.
            trained_on: Whether the plates are trained on.
        """
        self.fine_tuned.append(fine_tuned.to(self.device))
        self.base.append(base.to(self.device))
        self.trained_on.append(torch.full((len(fine_tuned),), trained_on, device=self.device))

    def compute(self) -> dict[str, float]:
        """Held-out loss, by band too with its change from the base, and tests of memorization."""
        fine_tuned, base = (
            dim_zero_cat(part).cpu().double() for part in (self.fine_tuned, self.base)
        )
        seen = dim_zero_cat(self.trained_on).cpu()
        held_out, change = fine_tuned[~seen], fine_tuned - base
        values: dict[Curve, Interval | float] = {VAL_LOSS: t_interval(held_out.mean(dim=1))}
        for band in range(BANDS):
            values[BAND_LOSSES[band]] = t_interval(held_out[:, band])
            values[BAND_CHANGES[band]] = t_interval(change[~seen, band])
        if seen.any():
            mean = change.mean(dim=1)
            values[LOSS_GAP] = float(mean[seen].mean() - mean[~seen].mean())
            values[LOSS_AUC] = membership_auc(mean[seen], mean[~seen])
        return flat(values)
