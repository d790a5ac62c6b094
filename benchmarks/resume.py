"""Benchmark of resuming: time to the first step, by position in the data.

    python -m benchmarks.resume

Trains a tiny model on 20,000 small pages with `oldbook fit`, in one parquet file and in eight,
and measures the seconds from the command to the end of the first step: of a new run, and
of runs resumed from checkpoints of many steps, the last at the end of a pass. Those checkpoints
are a real one with other numbers in it. The runs take turns. Prints a table in Markdown.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml
from lightning.pytorch import Callback, Trainer

from benchmarks.pages import write_pages
from benchmarks.turns import Figures, made_with, show, table, take_turns
from oldbook_diffusion.cli import main as oldbook
from tests import tiny

BATCH, HEIGHT = 4, 40
CLOCK: Figures = {}


class FirstStep(Callback):
    """Times the first step."""

    def on_train_batch_end(self, trainer: Trainer, *arguments: Any) -> None:
        """Record the time, and stop."""
        if "wall" not in CLOCK:
            CLOCK["wall"] = time.perf_counter() - CLOCK.pop("began")
            CLOCK["cpu"] = time.process_time() - CLOCK.pop("worked")
        trainer.should_stop = True


def write_config(world: Path) -> Path:
    """The config of a run without sampling."""
    content = {
        "seed_everything": 0,
        "model": {"pretrained": str(world / "model"), "method": {"class_path": "LoRA"}},
        "data": {
            "path": str(world / "pages"),
            "columns": {"book": "book"},
            "held_out": {"books": ["book 0"], "num_monitored": 1, "max_plates": 8},
            "resolution": tiny.RESOLUTION,
            "batch_size": BATCH,
            "cache": None,
        },
        "render": {"prompts": [], "encoder": None},
        "checkpoint": {"every_n_train_steps": 1_000_000},
        "trainer": tiny.quiet_trainer(
            world, "runs", max_steps=1, callbacks=[{"class_path": f"{__name__}.FirstStep"}]
        ),
    }
    path = world / "config.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def first_step(config: Path, *arguments: str) -> Figures:
    """The seconds from a command to the end of its first step."""
    CLOCK.clear()
    CLOCK.update(began=time.perf_counter(), worked=time.process_time())
    oldbook(["fit", f"--config={config}", *arguments])
    return dict(CLOCK)


def at_step(checkpoint: Path, step: int, pages: int, last: bool) -> Path:
    """The checkpoint that a run would have left at a step; near the end of a pass if it is last."""
    content = torch.load(checkpoint, weights_only=True)
    content["global_step"] = step
    loops = content["loops"]["fit_loop"]
    for name in loops:
        if name.startswith("epoch_loop.") and "val_loop" not in name and "manual" not in name:
            loops[name] = counted(loops[name], step)
    epoch, row = divmod(step * BATCH, pages)
    position = {"epoch": epoch, "row": pages - pages // 100 if last else row}
    content["Illustrations"]["position"] = position
    goal = checkpoint.with_name(f"at-{step}.ckpt")
    torch.save(content, goal)
    return goal


def counted(progress: Any, step: int) -> Any:
    """Lightning's counters, each at a step."""
    if isinstance(progress, dict):
        return {name: counted(value, step) for name, value in progress.items()}
    return step if type(progress) is int else progress


def compare(world: Path, pages: int, files: int, steps: Sequence[int], rounds: int) -> list[Any]:
    """A row for each run on so many files."""
    write_pages(world / "pages", pages, files, HEIGHT)
    tiny.write_pipeline(world / "model")
    config = write_config(world)
    first_step(config)  # what is imported and compiled once is no part of it
    real = next((world / "runs").glob("version_*/checkpoints/step=*.ckpt"))
    sides = {"begins": lambda: first_step(config)}
    for step in steps:
        last = step == max(steps)
        path = at_step(real, step, pages, last)
        name = f"goes on at {step}{', end of a pass' * last}"
        more = (f"--ckpt_path={path}", f"--trainer.max_steps={step + 1}")
        sides[name] = lambda more=more: first_step(config, *more)
    turns = take_turns(sides, rounds)
    begun = turns["begins"]["wall"]
    return [
        [
            f"{files} file{'s' * (files > 1)}, {name}",
            side["cpu"],
            side["wall"],
            side["wall"] - begun,
        ]
        for name, side in turns.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Take turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=20000)
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 1000, 100_000])
    parser.add_argument("--files", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows = []
    for files in given.files:
        with tempfile.TemporaryDirectory() as folder:
            rows += compare(Path(folder), given.pages, files, given.steps, given.rounds)
    header = [
        "to the first step",
        "s of the processor",
        "s of the clock",
        "more than one that begins",
    ]
    about = f"{given.pages} pages; medians of {given.rounds} turns; "
    show(table(header, rows), about + made_with("datasets", "lightning"))


if __name__ == "__main__":
    main()
