"""StepTimer: a run that ends after a time, at an optimizer step."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Timer


class StepTimer(Timer):
    """Lightning's timer of `trainer.max_time`, read between optimizer steps alone.

    Lightning would stop between the batches of a step, whose gradients no checkpoint keeps.
    """

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Stop where time is over."""
        if not (batch_idx + 1) % trainer.accumulate_grad_batches:
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
