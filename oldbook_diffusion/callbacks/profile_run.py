"""Where the time of a run goes."""

import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

from oldbook_diffusion.callbacks.checkpoint import Checkpoint
from oldbook_diffusion.run.memory import peak_memory

log = logging.getLogger(__name__)

CURVES = {
    "learning": "learning",
    "waiting for data": "data_wait",
    "measuring losses": "measuring",
    "saving": "saving",
}
# what is too much, as a share of a run, and what to do about it
ADVICE = {
    "waiting for data": (0.1, "raise data.num_workers"),
    "saving": (0.1, "raise checkpoint.every_n_steps"),
    "measuring losses": (0.25, "lower data.held_out.num_watched or raise checkpoint.every_n_steps"),
    "scoring": (0.25, "lower render.num_seeds or raise checkpoint.every_n_steps"),
    "drawing": (
        0.5,
        "lower render.num_seeds, raise render.sampling.batch_size or checkpoint.every_n_steps",
    ),
    "preparing": (0.5, "it is done once: train for longer, or lower render.num_apart"),
}


class ProfileRun(Callback):
    """Log what each interval between two checkpoints went into; sum the run up in one line.

    The clock is read where the processor is, and a device is never waited for. Time in which a
    batch is fetched while the device still works on the last one is not waiting.
    """

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.logged: dict[str, float] = defaultdict(float)  # of what is spent
        self.compiling = False
        self.num_steps = 0  # since the last checkpoint
        self.mark = time.monotonic()
        self.measured_at: int | None = None  # the step of curves that wait for the save
        self.device_done: torch.cuda.Event | None = None

    def lap(self, what: str) -> None:
        """Put the time since the last mark down to something."""
        now = time.monotonic()
        self.spent[what] += now - self.mark
        self.mark = now

    def move(self, goal: str, seconds: float, source: str) -> None:
        """Take seconds out of something that they are a part of."""
        self.spent[goal] += seconds
        self.spent[source] -= seconds

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Start the clock."""
        self.mark = time.monotonic()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Account for all that comes before the first batch, drawings of the base among it."""
        self.lap("preparing")
        self.compiling = getattr(pl_module, "compiled", None) is not None
        if self.compiling:
            log.info("The denoiser is compiled at the first step, which may take some minutes ...")

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Account for what was between two batches, and log it after a checkpoint."""
        busy = self.device_done is not None and not self.device_done.query()
        self.lap("learning" if busy else "waiting for data")
        if self.measured_at is not None:
            self.log_interval(trainer, self.measured_at, pl_module.device)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Account for a batch; the first one waits for the compiler."""
        self.lap("compiling" if self.compiling else "learning")
        if self.compiling:
            log.info("... it took %s.", duration(self.spent["compiling"]))
            self.compiling = False
        if pl_module.device.type == "cuda":
            self.device_done = torch.cuda.Event()
            self.device_done.record()
        self.num_steps += (batch_idx + 1) % trainer.accumulate_grad_batches == 0

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let what is left to the device be learning, at a time that waits for it anyway."""
        if self.device_done is not None:
            self.device_done.synchronize()
        self.lap("learning")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Account for what is done at a checkpoint, but for the save to come."""
        self.lap("measuring losses")
        for part in ("drawing", "scoring"):
            seconds = trainer.callback_metrics.get(f"perf/{part}_seconds", 0.0)
            self.move(part, float(seconds), "measuring losses")
        self.measured_at = trainer.global_step

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the last interval."""
        self.lap("waiting for data")
        if self.measured_at is not None:
            self.log_interval(trainer, self.measured_at, pl_module.device)

    def log_interval(self, trainer: Trainer, step: int, device: torch.device) -> None:
        """Log what the time since the last checkpoint went into."""
        self.find_saving(trainer, "waiting for data")
        recent = {what: self.spent[what] - self.logged[what] for what in CURVES}
        scalars = {f"perf/{CURVES[what]}_seconds": recent[what] for what in CURVES}
        training = recent["learning"] + recent["waiting for data"]
        scalars["perf/ms_per_step"] = 1000 * training / max(self.num_steps, 1)
        scalars["perf/peak_memory_gb"] = peak_memory(device) / 1e9
        for logger in trainer.loggers:
            logger.log_metrics(scalars, step=step)
        self.logged.update(self.spent)
        self.num_steps, self.measured_at = 0, None

    def find_saving(self, trainer: Trainer, source: str) -> None:
        """Take the time of saves out of what it was put down to."""
        if isinstance(trainer.checkpoint_callback, Checkpoint):
            total = trainer.checkpoint_callback.stopwatch.total.get("saving", 0.0)
            self.move("saving", total - self.spent["saving"], source)

    @rank_zero_only
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Sum up a training run."""
        if stage == "fit":
            self.lap("ending")
            self.find_saving(trainer, "ending")
            log.info(summary(self.spent))


def summary(spent: Mapping[str, float]) -> str:
    """Where the time of a run went, in shares of it, and what to change.

    Args:
        spent: Seconds, by what they were spent on.
    """
    whole = max(sum(spent.values()), 1e-9)
    largest_first = sorted(spent, key=lambda what: -spent[what])
    shares = {what: spent[what] / whole for what in largest_first}
    told = ", ".join(f"{what} {share:.0%}" for what, share in shares.items() if share >= 0.005)
    line = f"The run took {duration(whole)}: {told}"
    for what, share in shares.items():
        limit, cure = ADVICE.get(what, (1.0, ""))
        if share > limit:
            return f"{line}; {what} took more than {limit:.0%}: {cure}"
    return line


def duration(seconds: float) -> str:
    """Seconds, in the unit that suits them."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
