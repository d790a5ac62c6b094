"""Tables and text files about images, in archives too."""

from collections.abc import Callable
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from oldbook_diffusion.data.listing import File
from oldbook_diffusion.data.read_errors import first_line
from oldbook_diffusion.errors import OldBookError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_bytes(file: File) -> bytes:
    """All of a file, in an archive too."""
    with fsspec.open(file.path, "rb") as content:
        return bytes(content.read())


def read_text(file: File) -> str | None:
    """The caption in a text file, without a byte order mark; null where it is no text."""
    try:
        return read_bytes(file).decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return None


READERS: dict[str, Callable[..., pa.Table]] = {
    ".jsonl": pyarrow.json.read_json,
    ".csv": pyarrow.csv.read_csv,
    ".parquet": pyarrow.parquet.read_table,
}


def read_table(file: File) -> pa.Table:
    """A table about images.

    Raises:
        OldBookError: It cannot be read.
    """
    content = read_bytes(file).removeprefix(BYTE_ORDER_MARK)
    options: dict[str, Any] = {}
    if file.suffix == ".jsonl":  # a block must hold a whole line
        options["read_options"] = pyarrow.json.ReadOptions(block_size=max(len(content), 1) + 1)
    try:
        return READERS[file.suffix](pa.BufferReader(content), **options)
    except pa.ArrowException as error:
        raise OldBookError(f"{file.path} cannot be read: {first_line(error)}") from error
