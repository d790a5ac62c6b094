"""Benchmark of the training loop without the arithmetic of a step.

    OMP_NUM_THREADS=1 python -m benchmarks.loop

Trains the tiny model of the tests, one plate a micro-step and four micro-steps an optimizer step,
with a filled cache and an objective that computes next to nothing: what is left are the data, the
draws, the logging and the callbacks. Prints the median time of a micro-step, in milliseconds, for
each number of workers, with the progress bar and without; the sides take turns.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise, product
from pathlib import Path

import torch

from benchmarks.no_arithmetic import Clock
from oldbook_diffusion.cli import main as oldbook
from tests import tiny
from tests.conftest import World, write_config

OPTIONS = (
    "--render.prompts=[]",
    "--render.encoder=null",
    "--data.batch_size=1",
    "--model.lr_scheduler=null",
    "--model.objective=benchmarks.no_arithmetic.Nothing",
    "--trainer.callbacks+=benchmarks.no_arithmetic.Clock",
    "--trainer.accumulate_grad_batches=4",
    "--checkpoint.every_n_train_steps=1000",
)


def micro_steps(config: Path, steps: int, *options: str) -> list[float]:
    """The milliseconds of the micro-steps of a run, without its first third."""
    Clock.times.clear()
    oldbook(["fit", f"--config={config}", *OPTIONS, f"--trainer.max_steps={steps}", *options])
    times = Clock.times[len(Clock.times) // 3 :]
    return [1000 * (after - before) for before, after in pairwise(times)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    sides = list(product((0, 2), (False, True)))
    found: dict[tuple[int, bool], list[float]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as name:
        config = write_tiny_config(Path(name))
        micro_steps(config, options.steps)  # fills the cache
        for workers, bar in sides * options.rounds:
            side = (f"--data.num_workers={workers}", f"--trainer.enable_progress_bar={bar}")
            times = micro_steps(config, options.steps, *side)
            found[workers, bar].append(statistics.median(times))
    sys.stdout.write("\n| side | ms a micro-step, each turn |\n|---|---|\n")
    for (workers, bar), turns in found.items():
        name = f"{workers} workers, {'a' if bar else 'no'} progress bar"
        sys.stdout.write(f"| {name} | {', '.join(f'{ms:.2f}' for ms in turns)} |\n")


def write_tiny_config(folder: Path) -> Path:
    """The config of the tests, on a tiny world of its own."""
    world = World(
        tiny.write_pipeline(folder / "base"),
        tiny.write_clip(folder / "clip"),
        tiny.write_plates(folder / "plates"),
    )
    return write_config(world, folder)


if __name__ == "__main__":
    main()
