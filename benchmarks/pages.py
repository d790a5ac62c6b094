"""Small pages to measure with: JPEG files in parquet, as a digitised book comes."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from datasets import Dataset, Features, Image, Value
from PIL import Image as Picture

FEATURES = Features({"image": Image(), "text": Value("string"), "book": Value("string")})
BOOKS, LOOKS, PER_GROUP = 20, 64, 250


def write_pages(folder: Path, number: int, files: int, height: int = 160) -> Path:
    """Write pages of a few looks, each file of its own bytes, into parquet files."""
    folder.mkdir(parents=True)
    looks = list(draw_looks(height))
    for file in range(files):
        rows = [page(index, looks) for index in range(number)[file::files]]
        table = Dataset.from_list(rows, features=FEATURES).data.table
        pq.write_table(table, folder / f"pages-{file:03d}.parquet", row_group_size=PER_GROUP)
    return folder


def page(number: int, looks: list[bytes]) -> dict[str, object]:
    """A row of the dataset; what follows the end of a JPEG file makes its bytes its own."""
    content = looks[number % len(looks)] + number.to_bytes(4, "big")
    image = {"bytes": content, "path": f"{number}.jpg"}
    return {"image": image, "text": f"page {number}", "book": f"book {number % BOOKS}"}


def draw_looks(height: int) -> Iterator[bytes]:
    """Smooth noise in the shape of a page."""
    rng = np.random.default_rng(0)
    for _ in range(LOOKS):
        coarse = Picture.fromarray(rng.integers(0, 255, (16, 12, 3), dtype=np.uint8))
        buffer = io.BytesIO()
        upright = (height * 3 // 4, height)
        coarse.resize(upright, Picture.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
        yield buffer.getvalue()
