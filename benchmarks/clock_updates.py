"""ClockUpdates: times the updates of a run, and counts what makes its processor wait."""

import json
import os
import statistics
import time
import warnings
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

WARM_UP = 3  # updates


class Clock:
    """Times of updates on a device, and the peak of its memory after the warm-up.

    Args:
        device: The device.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.times: list[float] = []

    def tick(self) -> None:
        """Record the end of an update."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        self.times.append(time.perf_counter())
        if len(self.times) == WARM_UP and self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()

    def figures(self) -> dict[str, float]:
        """Milliseconds of an update, the median, and the most memory in GB."""
        spans = [b - a for a, b in pairwise(self.times[WARM_UP - 1 :])]
        on_gpu = self.device.type == "cuda"
        peak = torch.cuda.max_memory_allocated() if on_gpu else psutil.Process().memory_info().rss
        return {"ms": 1000 * statistics.median(spans), "peak": peak / 1e9}


class ClockUpdates(Callback):
    """Writes the figures of a run into the file that `RECORD` names.

    Args:
        count: Count the synchronisations of a micro-batch instead, each with its line of code.
    """

    def __init__(self, count: bool = False) -> None:
        self.count = count
        self.caught: list[warnings.WarningMessage] = []
        self.num_counted = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self.clock, self.step = Clock(pl_module.device), trainer.global_step

    def on_train_batch_start(self, trainer: Trainer, *arguments: Any) -> None:
        """Listen from the first batch after the warm-up."""
        if self.count and trainer.global_step >= WARM_UP:
            self.num_counted += 1
        if self.count and self.num_counted == 1:
            self.context = warnings.catch_warnings(record=True)
            self.caught = self.context.__enter__()
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")

    def on_train_batch_end(self, trainer: Trainer, *arguments: Any) -> None:
        """Record an update that has been made."""
        if not self.count and trainer.global_step > self.step:
            self.step = trainer.global_step
            self.clock.tick()
        if self.count and trainer.global_step == trainer.max_steps:
            torch.cuda.set_sync_debug_mode("default")
            self.context.__exit__(None, None, None)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the figures."""
        figures = self.counted() if self.count else self.clock.figures()
        Path(os.environ["RECORD"]).write_text(json.dumps(figures))

    def counted(self) -> dict[str, float]:
        """Synchronisations of a micro-batch, by the line of code that waits."""
        lines = Counter(
            f"{Path(one.filename).name}:{one.lineno}"
            for one in self.caught
            if "synchroniz" in str(one.message)
        )
        return {line: number / self.num_counted for line, number in lines.most_common()}
