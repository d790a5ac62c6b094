"""Shared parts of benchmarks: sides that take turns, processes of their own, tables, versions."""

import contextlib
import importlib.metadata
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import torch

Figures = dict[str, float]


def take_turns(sides: Mapping[str, Callable[[], Figures]], rounds: int) -> dict[str, Figures]:
    """Run all sides one after the other, again and again; the median of each figure of each."""
    turns: dict[str, list[Figures]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, work in sides.items():
            turns[side].append(work())
    return {
        side: {name: statistics.median(turn[name] for turn in all_turns) for name in all_turns[0]}
        for side, all_turns in turns.items()
    }


def clocked(work: Callable[[], object]) -> Figures:
    """The seconds of the clock and of the processor that a piece of work takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def apart(module: str, *arguments: str) -> Figures:
    """Run a side of a benchmark in a process of its own; its last line holds its figures.

    With `OLDBOOK_BENCHMARK_HERE` set it runs in this process: quicker, and its memory says nothing.
    """
    if os.environ.get("OLDBOOK_BENCHMARK_HERE"):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            importlib.import_module(f"benchmarks.{module}").main(arguments)
        return json.loads(said.getvalue().splitlines()[-1])
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def tell(figures: Figures) -> None:
    """Print figures for the process that has started this one."""
    sys.stdout.write("\n" + json.dumps(figures) + "\n")


def resident() -> float:
    """Megabytes of this process and its workers; what they share counts once."""
    process = psutil.Process()
    family = [process, *process.children(recursive=True)]
    return sum(member.memory_full_info().pss for member in family) / 1e6


def size_on_disk(folder: Path) -> float:
    """Megabytes of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown; numbers with three digits that count."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(map(cell, line)) + " |\n" for line in lines)


def cell(value: object) -> str:
    """A value as a table shows it."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def made_with(*packages: str) -> str:
    """Machine and versions of a benchmark, in a line."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("torch", *packages)]
    threads = f"{torch.get_num_threads()} thread{'s' * (torch.get_num_threads() > 1)}"
    places = f"{os.cpu_count()} processors, {platform.machine()}"
    return f"{places}, {threads}, {', '.join(versions)}, Python {platform.python_version()}.\n"


def show(*parts: Any) -> None:
    """Print the result."""
    sys.stdout.write("\n" + "\n".join(map(str, parts)))
