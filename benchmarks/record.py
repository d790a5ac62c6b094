"""Record: measurements by both sides of a benchmark, with no import that one side lacks."""

import itertools
import json
import statistics
import time
from pathlib import Path

import psutil
from torch import nn

from oldbook_diffusion.randomness import normal

RESOLUTION, ACCUMULATION, RANK, WARM_UP = 256, 4, 4, 1
OPTIMIZER = {"lr": 3e-4, "weight_decay": 1e-2}


class Record:
    """Losses, the times of updates, and the most memory that the timed ones took.

    Args:
        num_batches: Batches of an update.
    """

    def __init__(self, num_batches: int = ACCUMULATION) -> None:
        self.num_batches = num_batches
        self.losses: list[float] = []
        self.clocks: dict[str, list[float]] = {"wall": [], "work": []}
        self.imported = psutil.Process().memory_info().rss

    def micro_step(self, loss: float) -> None:
        """Record a micro-step; the first updates are a warm-up."""
        self.losses.append(loss)
        if len(self.losses) % self.num_batches == 0:
            self.clocks["wall"].append(time.perf_counter())
            self.clocks["work"].append(time.process_time())
        if len(self.losses) == WARM_UP * self.num_batches:
            Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far

    def write(self, file: Path) -> None:
        """Write the measurements."""
        status = Path("/proc/self/status").read_text()
        peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
        rates = {name: median_rate(times) for name, times in self.clocks.items()}
        content = {"losses": self.losses, "peak": peak, "own": peak - self.imported, **rates}
        file.write_text(json.dumps(content))


def median_rate(times: list[float]) -> float:
    """Updates per second after the warm-up."""
    timed = times[WARM_UP - 1 :]
    return 1 / statistics.median(b - a for a, b in itertools.pairwise(timed))


def begin_alike(unet: nn.Module) -> None:
    """Give the adapters of both sides the same first weights."""
    for number, (name, parameter) in enumerate(sorted(unet.named_parameters())):
        if "lora_A" in name:
            parameter.data.copy_(normal([number], parameter.shape)[0] / RANK)
