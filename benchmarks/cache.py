"""Benchmark of the cache: size on disk for 4,172 plates, and memory to read them.

    python -m benchmarks.cache

Writes posteriors of plates of 512 pixels (means and log variances, 8 x 64 x 64) through the store
that runs use, mirrored plates as entries of their own, and reads all of them in a process of its
own. Prints a table in Markdown.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.turns import apart, clocked, made_with, resident, show, size_on_disk, table, tell
from oldbook_diffusion.cache.store import Store

SHAPE = (8, 64, 64)
NO_LIMIT = 1e12


def write(folder: Path, entries: int, dtype: torch.dtype) -> None:
    """Fill a store with entries that do not compress."""
    store, generator = Store(folder, NO_LIMIT), torch.Generator().manual_seed(0)
    for number in range(entries):
        store.put(f"{number:032x}", torch.randn(SHAPE, generator=generator).to(dtype))
    store.flush()


def read(folder: Path, entries: int) -> dict[str, float]:
    """Read all entries twice, out of the order of shards: seconds and memory."""
    before = resident()
    store, most = Store(folder, NO_LIMIT), 0.0

    def visit() -> None:
        nonlocal most
        for number in range(2 * entries):
            # 7919 is a prime: neighbours come from different shards, as in a shuffled run
            assert store.get(f"{number * 7919 % entries:032x}") is not None
            if number % 200 == 0:
                most = max(most, resident() - before)

    return {**clocked(visit), "grown": most}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write, measure, and read in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plates", type=int, default=4172)
    parser.add_argument("--read", type=Path)
    given = parser.parse_args(arguments)
    if given.read is not None:
        tell(read(given.read, given.plates))
        return
    rows = []
    for dtype in (torch.float16, torch.float32):
        for ways in (1, 2):
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place) / "vae"
                folder.mkdir()
                entries = given.plates * ways
                written = clocked(lambda: write(folder, entries, dtype))  # noqa: B023
                figures = apart("cache", f"--read={folder}", f"--plates={entries}")
                name = f"{str(dtype).removeprefix('torch.')}{', mirrored too' * (ways - 1)}"
                each = 1000 * figures["cpu"] / (2 * entries)
                row = [name, entries, size_on_disk(folder), written["cpu"], each]
                rows.append([*row, figures["grown"]])
    header = ["", "entries", "MB on disk", "s to write", "ms to read one", "MB of memory, reading"]
    show(table(header, rows), f"{given.plates} plates; {made_with('safetensors')}")


if __name__ == "__main__":
    main()
