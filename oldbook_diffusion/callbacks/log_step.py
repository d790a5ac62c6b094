"""LogStep: loss and learning rate of each optimizer step."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from oldbook_diffusion.metrics.catalogue import LEARNING_RATE, TRAIN_LOSS


class LogStep(Callback):
    """Log the loss of a step, the mean over all of its plates, and the rate it was made with."""

    def __init__(self) -> None:
        self.losses: list[Tensor] = []  # of the batches of a step, each divided by their number
        self.rate = 0.0

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Remember the rate; afterwards it is that of the next step."""
        self.rate = float(optimizer.param_groups[0]["lr"])

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log once a step."""
        self.losses.append(outputs["loss"].detach())
        if (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        pl_module.log(TRAIN_LOSS.tag, torch.stack(self.losses).sum(), prog_bar=True)
        # a tensor of the CPU: Lightning would copy a number to the device, and wait for it
        pl_module.log(LEARNING_RATE.tag, torch.tensor(self.rate))
        self.losses = []
