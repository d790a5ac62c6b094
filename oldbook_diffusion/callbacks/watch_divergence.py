"""What a run says when its loss rises and stays up."""

import logging
from statistics import median
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from oldbook_diffusion.metrics.catalogue import LOSS_RISE

log = logging.getLogger(__name__)

FEWEST = 2  # windows to compare with; one may be low by chance


class WatchDivergence(Callback):
    """Say once that the loss has risen far above what it was; training goes on.

    One loss of a diffusion model says little, as it depends most on the timestep. So the median
    of each `window` batches is compared with the median of all such medians before it: their
    ratio is the curve `train/loss_rise`. One window may be high by chance, two in a row are not.
    The device is asked once in a window.

    Args:
        factor: How many times what it was is far above.
        window: Batches of one median.
    """

    def __init__(self, factor: float = 2.0, window: int = 100) -> None:
        self.factor = factor
        self.window = window
        self.losses: list[Tensor] = []  # of the present window, on the device
        self.medians: list[float] = []
        self.rise = 1.0
        self.told = False

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the losses of a whole window."""
        self.losses.append(outputs["loss"].detach())
        if len(self.losses) >= self.window:
            self.look(trainer)
        pl_module.log(LOSS_RISE.tag, self.rise)

    def look(self, trainer: Trainer) -> None:
        """Compare the window that is over with those before."""
        # a loss that is no number is the business of SkipNonfiniteSteps
        here = [loss.to(self.losses[-1].device) for loss in self.losses]  # some from a checkpoint
        present = float(torch.stack(here).nanmedian()) * trainer.accumulate_grad_batches
        self.losses = []
        if not present > 0:
            return
        before = self.rise
        if len(self.medians) >= FEWEST:
            self.rise = present / median(self.medians)
        self.medians.append(present)
        if min(before, self.rise) > self.factor and not self.told:
            self.told = True
            log.warning(
                "the loss has risen: by step %d its median over %d batches is %.3g, %.1f times "
                "what it was; the run may be diverging: lower the learning rate, or go on from an "
                "earlier checkpoint",
                trainer.global_step,
                self.window,
                present,
                self.rise,
            )

    def state_dict(self) -> dict[str, Any]:
        """The medians, and the window that is not over."""
        # one by one: those of a checkpoint lie elsewhere than new ones
        losses = [float(loss) for loss in self.losses]
        return {"medians": self.medians, "losses": losses, "rise": self.rise, "told": self.told}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on comparing."""
        self.medians, self.rise, self.told = (
            state_dict[name] for name in ("medians", "rise", "told")
        )
        self.losses = [torch.as_tensor(loss) for loss in state_dict["losses"]]
