"""ProfileRun: where the time of a run goes, as curves and in one line at its end."""

import logging
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

from oldbook_diffusion.callbacks.checkpoint import Checkpoint
from oldbook_diffusion.metrics.catalogue import MS_PER_STEP, PEAK_MEMORY, PERF
from oldbook_diffusion.run.memory import peak_memory
from oldbook_diffusion.run.profile import TimeAccount, duration, summary

log = logging.getLogger(__name__)

PER_INTERVAL = ("training", "data_wait", "validation", "checkpoint")


class ProfileRun(Callback):
    """Log what each interval between two checkpoints went into; sum the run up in one line.

    The clock is read where the processor is, and a device is never waited for. Time in which a
    batch is fetched while the device still works on the last one is not waiting.
    """

    def __init__(self) -> None:
        self.account = TimeAccount()
        self.compiling = False
        self.num_steps = 0  # since the last checkpoint
        self.validated_at: int | None = None  # the step of curves that wait for the save
        self.device_done: torch.cuda.Event | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Start the clock."""
        self.account.start()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Account for all that comes before the first batch, samples of the base among it."""
        self.account.lap("setup")
        self.compiling = getattr(pl_module, "compiled", None) is not None
        if self.compiling:
            log.info("The denoiser is compiled at the first step, which may take some minutes ...")

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Account for what was between two batches, and log it after a checkpoint."""
        busy = self.device_done is not None and not self.device_done.query()
        self.account.lap("training" if busy else "data_wait")
        if self.validated_at is not None:
            self.log_interval(trainer, self.validated_at, pl_module.device)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Account for a batch; the first one waits for the compiler."""
        self.account.lap("compiling" if self.compiling else "training")
        if self.compiling:
            log.info("... it took %s.", duration(self.account.spent["compiling"]))
            self.compiling = False
        if pl_module.device.type == "cuda":
            self.device_done = torch.cuda.Event()
            self.device_done.record()
        self.num_steps += (batch_idx + 1) % trainer.accumulate_grad_batches == 0

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count what is left to the device as training, at a time that waits for it anyway."""
        if self.device_done is not None:
            self.device_done.synchronize()
        self.account.lap("training")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Account for what is done at a checkpoint, but for the save with its scores, to come."""
        self.account.lap("validation")
        self.find_saving(trainer, "validation")
        for part in ("sampling", "scoring"):
            seconds = trainer.callback_metrics.get(PERF[part].tag, 0.0)
            self.account.move(part, float(seconds), "validation")
        self.validated_at = trainer.global_step

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the last interval."""
        self.account.lap("data_wait")
        if self.validated_at is not None:
            self.log_interval(trainer, self.validated_at, pl_module.device)

    def log_interval(self, trainer: Trainer, step: int, device: torch.device) -> None:
        """Log what the time since the last checkpoint went into."""
        self.find_saving(trainer, "data_wait")
        recent = self.account.interval()
        scalars = {PERF[part].tag: recent.get(part, 0.0) for part in PER_INTERVAL}
        steps = recent.get("training", 0.0) + recent.get("data_wait", 0.0)
        scalars[MS_PER_STEP.tag] = 1000 * steps / max(self.num_steps, 1)
        scalars[PEAK_MEMORY.tag] = peak_memory(device) / 1e9
        for logger in trainer.loggers:
            logger.log_metrics(scalars, step=step)
        self.num_steps, self.validated_at = 0, None

    def find_saving(self, trainer: Trainer, source: str) -> None:
        """Take the time of saves out of what it was put down to."""
        if isinstance(trainer.checkpoint_callback, Checkpoint):
            total = trainer.checkpoint_callback.stopwatch.total.get("checkpoint", 0.0)
            self.account.move("checkpoint", total - self.account.spent["checkpoint"], source)

    @rank_zero_only
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Sum up a training run."""
        if stage == "fit":
            self.account.lap("teardown")
            self.find_saving(trainer, "teardown")
            log.info(summary(self.account.spent))
