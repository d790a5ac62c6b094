"""Opening a dataset as a stream: hub name, folder, parquet, or webdataset."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
from datasets import IterableDataset, load_dataset

from oldbook_diffusion.errors import OldBookError

LOCAL_SHUTDOWN = 0.05  # seconds
BUILDERS = {".parquet": "parquet", ".tar": "webdataset"}


@dataclass(frozen=True)
class Columns:
    """Names of the columns.

    Attributes:
        image: The picture.
        caption: Its words.
        book: The book it comes from; plates are held out one by one when null.
    """

    image: str = "image"
    caption: str = "text"
    book: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns to read; the others never leave the disk or the hub."""
        return [name for name in (self.image, self.caption, self.book) if name is not None]


def open_stream(path: str, split: str, revision: str | None, columns: Columns) -> IterableDataset:
    """Open a dataset without reading it, with its pictures left as bytes.

    Raises:
        OldBookError: It cannot be opened, or lacks a column.
    """
    if Path(path).exists():
        # datasets sleeps five seconds at the end of each look into a stream, for the threads of
        # remote files (arrow issue 45214); those of local files end at once
        datasets.config.SLEEP_TIME_ON_THREADS_SHUTDOWN = LOCAL_SHUTDOWN
    try:
        stream = load_dataset(**where(path), split=split, revision=revision, streaming=True)
        stream = check_columns(stream, path, columns)
        return stream.cast_column(columns.image, datasets.Image(decode=False))
    except OldBookError:
        raise
    except Exception as error:  # datasets raises nearly every kind
        raise explain(error, path) from error


def where(path: str) -> dict[str, Any]:
    """Tell `load_dataset` where the data is."""
    local = Path(path)
    if not local.exists():
        return {"path": path}
    if local.is_file() and local.suffix in BUILDERS:
        return {"path": BUILDERS[local.suffix], "data_files": str(local)}
    found = (suffix for suffix in BUILDERS if any(local.glob(f"**/*{suffix}")))
    if suffix := next(found, None):
        return {"path": BUILDERS[suffix], "data_files": str(local / f"**/*{suffix}")}
    return {"path": "imagefolder", "data_dir": str(local)}


def check_columns(stream: IterableDataset, path: str, columns: Columns) -> IterableDataset:
    """Keep the columns that are needed, refuse a dataset that lacks one."""
    there = stream.column_names or list(next(iter(itertools.chain(stream, [{}]))))
    if not there:
        raise OldBookError(f"the dataset {path} is empty")
    for name in columns.names:
        if name not in there:
            raise OldBookError(
                f"the dataset {path} has no column {name!r}; it has {', '.join(sorted(there))}: "
                "name yours with data.columns.image, data.columns.caption and data.columns.book"
            )
    return stream.select_columns(columns.names)


def explain(error: Exception, path: str) -> OldBookError:
    """Say in one sentence what kept a dataset from opening."""
    if Path(path).exists():
        reason = str(error).strip().split("\n")[0]
        return OldBookError(f"cannot read pictures and captions from {path}: {reason}")
    return OldBookError(
        f"the dataset {path!r} is no local folder, and the hub did not give it "
        f"({type(error).__name__}); check the name and the connection, or set data.path to a "
        "local folder of pictures with a metadata.jsonl, a parquet file or webdataset tars"
    )
