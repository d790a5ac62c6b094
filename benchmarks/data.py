"""Benchmark of the data: plates per second, and growth of memory.

    python -m benchmarks.data

Decodes, crops and batches small pages with the loader of a run, which keeps its position, and
with a stream of `datasets`, its shuffle buffer and a DataLoader of torch, which does the same to
each page and keeps no position. The sides take turns, each turn in a process of its own. Then the
loader visits 20,000 pages of a large dataset and as many of a small one. Prints tables in
Markdown.
"""

import argparse
import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import torch
from datasets import Image, load_dataset
from lightning.pytorch import Trainer
from PIL import Image as Picture
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision import transforms

from benchmarks.pages import write_pages
from benchmarks.turns import (
    Figures,
    apart,
    clocked,
    made_with,
    resident,
    show,
    table,
    take_turns,
    tell,
)
from oldbook_diffusion.data import Illustrations
from oldbook_diffusion.data.stream import Stream
from oldbook_diffusion.data.transforms import Images

RESOLUTION, BATCH, WINDOW, SETTLED = 96, 4, 256, 1000
FILES = 4


def ours(folder: Path, workers: int, pictures: int) -> Iterator[Tensor]:
    """Batches as a run gets them."""
    data = Illustrations(
        str(folder),
        resolution=RESOLUTION,
        images=Images(random_flip=True),
        batch_size=BATCH,
        num_workers=workers,
        stream=Stream(shuffle_buffer_size=WINDOW),
        cache=None,
    )
    data.trainer = Trainer(
        max_steps=pictures // BATCH + 1, accelerator="cpu", logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    return (batch["images"] for batch in data.train_dataloader())


def plain(folder: Path, workers: int, pictures: int) -> Iterator[Tensor]:
    """Batches as the libraries give them, pass after pass."""
    steps = [
        transforms.Resize(RESOLUTION, interpolation=transforms.InterpolationMode.LANCZOS),
        transforms.CenterCrop(RESOLUTION),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
    ]
    transform = transforms.Compose(steps)

    def collate(rows: list[dict[str, dict[str, bytes]]]) -> Tensor:
        pages = [Picture.open(io.BytesIO(row["image"]["bytes"])).convert("RGB") for row in rows]
        return torch.stack([transform(page) for page in pages])

    stream = load_dataset("parquet", data_files=f"{folder}/*", split="train", streaming=True)
    stream = stream.cast_column("image", Image(decode=False))
    stream = stream.shuffle(seed=0, buffer_size=WINDOW).repeat(None)
    yield from DataLoader(stream, batch_size=BATCH, collate_fn=collate, num_workers=workers)


def visit(side: str, folder: Path, workers: int, pictures: int) -> Figures:
    """Load so many pictures; their rate after the first thousand, and the memory."""
    batches = iter((ours if side == "ours" else plain)(folder, workers, pictures))

    def see(number: int) -> None:
        for _ in range(number // BATCH):
            assert next(batches).shape == (BATCH, 3, RESOLUTION, RESOLUTION)

    settled = min(SETTLED, pictures // 2)
    see(settled)
    early, before = resident(), work_of_all()
    seconds = clocked(lambda: see(pictures - settled))
    late, work = resident(), work_of_all() - before
    seen = pictures - settled
    return {"cpu": seen / work, "wall": seen / seconds["wall"], "early": early, "late": late}


def work_of_all() -> float:
    """Seconds of the processor of this process and its workers."""
    process = psutil.Process()
    times = [member.cpu_times() for member in (process, *process.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def rates(folder: Path, pictures: int, rounds: int) -> str:
    """Pictures per second of both sides, with workers and without."""
    rows = []
    for workers in (0, 2):
        given = (f"--folder={folder}", f"--workers={workers}", f"--pictures={pictures}")
        sides = {
            side: lambda side=side: apart("data", f"--side={side}", *given)  # noqa: B023
            for side in ("ours", "plain")
        }
        turns = take_turns(sides, rounds)
        for name, unit in (("cpu", "the processors"), ("wall", "the clock")):
            pair = [turns[side][name] for side in sides]
            rows.append([f"pictures per second of {unit}, {workers} workers", *pair])
        rows.append([f"MB of memory, {workers} workers", *(turns[side]["late"] for side in sides)])
    header = ["", "ours", "`datasets` and `DataLoader`", "ratio"]
    return table(header, [[*row, row[1] / row[2]] for row in rows])


def memory(world: Path, few: int, many: int) -> str:
    """Memory after some pictures and after many, of a small dataset and of a large one."""
    rows = []
    for number in (few, many):
        folder = write_pages(world / f"of {number}", number, FILES)
        given = (f"--folder={folder}", "--workers=0", f"--pictures={many}")
        figures = apart("data", "--side=ours", *given)
        growth = f"{figures['late'] / figures['early'] - 1:+.1%}"
        rows.append([f"a dataset of {number}", figures["early"], figures["late"], growth])
    early = min(SETTLED, many // 2)
    return table(["MB of memory after", f"{early} pictures", f"{many} pictures", "growth"], rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Take turns, or be one side in its turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=4000)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=("ours", "plain"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--pictures", type=int)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if given.side is not None:
        tell(visit(given.side, given.folder, given.workers, given.pictures))
        return
    with tempfile.TemporaryDirectory() as place:
        world = Path(place)
        speeds = rates(write_pages(world / "pages", given.pages, FILES), given.pages, given.rounds)
        sizes = memory(world, given.few, given.many)
    about = f"medians of {given.rounds} turns; {made_with('datasets', 'pillow')}"
    show(speeds, sizes, about)


if __name__ == "__main__":
    main()
