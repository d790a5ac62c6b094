"""WatchDivergence: a warning when the loss rises and stays up."""

import logging
from statistics import median
from typing import Any

import torch
from jsonargparse.typing import PositiveFloat, PositiveInt
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from oldbook_diffusion.metrics.catalogue import LOSS_RISE

log = logging.getLogger(__name__)

FEWEST = 2  # windows to compare with; one may be low by chance


class WatchDivergence(Callback):
    """Warn once when the loss has risen far above what it was; training continues.

    One loss of a diffusion model says little, as it depends most on the timestep. So the median
    of each `window` batches is compared with the median of all such medians before it: their
    ratio is the curve `train/loss_rise`. One window may be high by chance, two in a row are not.
    The device is synchronized once in a window.

    Args:
        factor: Ratio to the earlier medians above which to warn.
        window: Batches of one median.
    """

    def __init__(self, factor: PositiveFloat = 2.0, window: PositiveInt = 100) -> None:
        self.factor = factor
        self.window = window
        self.losses: list[Tensor] = []  # of the present window, on the device
        self.medians: list[float] = []
        self.rise = 1.0
        self.warned = False

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Check the losses of a whole window."""
        self.losses.append(outputs["loss"].detach())
        if len(self.losses) >= self.window:
            self.check(trainer)
        if not (batch_idx + 1) % trainer.accumulate_grad_batches:
            # a tensor of the CPU: Lightning would copy a number to the device, and wait for it
            pl_module.log(LOSS_RISE.tag, torch.tensor(self.rise))

    def check(self, trainer: Trainer) -> None:
        """Compare the window that is over with those before."""
        # NaN is the business of SkipNonfiniteSteps
        here = [loss.to(self.losses[-1].device) for loss in self.losses]  # some from a checkpoint
        present = float(torch.stack(here).nanmedian()) * trainer.accumulate_grad_batches
        self.losses = []
        if not present > 0:
            return
        before = self.rise
        if len(self.medians) >= FEWEST:
            self.rise = present / median(self.medians)
        self.medians.append(present)
        if min(before, self.rise) > self.factor and not self.warned:
            self.warned = True
            log.warning(
                "the loss has risen: by step %d its median over %d batches is %.3g, %.1f times "
                "what it was; the run may be diverging: lower the learning rate, or resume from an "
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
        return {"medians": self.medians, "losses": losses, "rise": self.rise, "warned": self.warned}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue the comparison."""
        self.medians, self.rise = state_dict["medians"], state_dict["rise"]
        self.warned = state_dict.get("warned", False)  # older checkpoints have another word
        self.losses = [torch.as_tensor(loss) for loss in state_dict["losses"]]
