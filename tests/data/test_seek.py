"""A stream is entered anywhere, and what lies before is not read."""

import io
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest

from oldbook_diffusion.data.opening import open_dataset
from oldbook_diffusion.data.sources import source_of
from oldbook_diffusion.data.stream import Columns, Stream
from tests import tiny
from tests.plates import write_webdataset

COLUMNS = Columns(caption="caption", book="book")
TAR = Columns("png", "txt")
ROWS = 24


def write_groups(folder: Path, files: int, rows: int) -> Path:
    """Parquet files whose row groups have so many rows."""
    tiny.write_plates(folder, list(tiny.plates(ROWS)), files=files)
    regroup(folder, rows)
    return folder


def regroup(folder: Path, rows: int) -> None:
    """Write parquet files again, in row groups of so many rows."""
    for file in folder.glob("*.parquet"):
        table = pq.ParquetFile(io.BytesIO(file.read_bytes())).read()
        pq.write_table(table, file, row_group_size=rows)


def captions(path: Path, first: int, seed: int = 4) -> list[str]:
    stream = open_dataset(source_of(str(path), COLUMNS), Stream(), COLUMNS)
    return [row["caption"] for row in stream.seek(seed, first)]


@pytest.mark.parametrize(
    ("files", "rows", "empty"),
    [(1, 100, 0), (1, 5, 0), (4, 100, 0), (4, 2, 0), (24, 1, 0), (4, 2, 2)],
)
def test_parquet_is_entered_at_any_row(tmp_path: Path, files: int, rows: int, empty: int) -> None:
    path = write_groups(tmp_path / "plates", files, rows)
    schema = pq.read_schema(path / "part-0.parquet")
    for number in range(empty):
        pq.ParquetWriter(path / f"part-1-{number}.parquet", schema).close()  # without a row group
    whole = captions(path, 0)
    assert sorted(whole) == sorted(f"plate {number}" for number in range(ROWS))
    assert [captions(path, first) for first in range(ROWS + 1)] == [
        whole[first:] for first in range(ROWS + 1)
    ]


def test_what_lies_before_the_row_is_not_read(tmp_path: Path) -> None:
    path = write_groups(tmp_path / "plates", 4, 2)
    whole = captions(path, 0)
    for number, file in enumerate(sorted(path.glob("*.parquet"))):
        about = pq.read_metadata(file)
        there = [f"plate {row}" for row in range(number, ROWS, 4)]
        for group in range(3):
            if whole.index(there[2 * group]) < 14:
                spoil(file, about.row_group(group))
    assert captions(path, 14) == whole[14:]
    with pytest.raises(Exception, match=r"."):
        captions(path, 13)


def spoil(file: Path, group: pq.RowGroupMetaData) -> None:
    """Overwrite a row group's data."""
    content = bytearray(file.read_bytes())
    for number in range(group.num_columns):
        column = group.column(number)
        start = column.dictionary_page_offset or column.data_page_offset
        content[start : start + column.total_compressed_size] = bytes(column.total_compressed_size)
    file.write_bytes(content)


def test_files_come_in_another_order_with_another_seed(tmp_path: Path) -> None:
    path = write_groups(tmp_path / "plates", 4, 2)
    assert captions(path, 0) != captions(path, 0, seed=5)


def test_other_streams_are_entered_at_any_row_too(tmp_path: Path) -> None:
    path = write_webdataset(tmp_path / "tars")
    stream = open_dataset(source_of(str(path), TAR), Stream(), TAR)
    whole = [row["txt"] for row in stream.seek(4, 0)]
    assert [row["txt"] for row in stream.seek(4, 17)] == whole[17:]


def test_a_large_file_is_not_kept_in_memory(tmp_path: Path) -> None:
    rng, number, size = np.random.default_rng(0), 150, 2**20
    rows = [
        {"image": {"bytes": rng.bytes(size), "path": ""}, "caption": f"plate {row}", "book": ""}
        for row in range(number)
    ]
    path = tiny.write_plates(tmp_path / "plates", rows, files=1)
    regroup(path, 5)
    del rows
    stream = open_dataset(source_of(str(path), COLUMNS), Stream(), COLUMNS)
    seen = [psutil.Process().memory_info().rss for _ in stream.seek(4, 0)]
    assert seen[-1] - seen[number // 3] < number * size / 4
