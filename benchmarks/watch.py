"""Watch: records a run of `oldbook fit` for a benchmark."""

import os
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from benchmarks.record import Record, begin_alike


class Watch(Callback):
    """Records the micro-steps of a run."""

    def __init__(self) -> None:
        self.record = Record()

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the same first weights as the other side."""
        begin_alike(pl_module.model.denoiser)  # type: ignore[union-attr, arg-type]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Read the number of batches of a step."""
        self.record.num_batches = trainer.accumulate_grad_batches

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *arguments: Any
    ) -> None:
        """Record a micro-step, and write at the last one."""
        self.record.micro_step(float(outputs["loss"]) * self.record.num_batches)
        if len(self.record.losses) == int(trainer.max_steps) * self.record.num_batches:
            self.record.write(Path(os.environ["RECORD"]))
