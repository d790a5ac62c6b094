"""Opening a dataset as a stream of the wanted columns."""

import itertools
from dataclasses import replace
from pathlib import Path

import datasets
from datasets import IterableDataset

from oldbook_diffusion.data.read_errors import is_address
from oldbook_diffusion.data.seek import Rows, StreamedRows
from oldbook_diffusion.data.source import Source
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.errors import OldBookError

LOCAL_SHUTDOWN = 0.05  # seconds


def open_dataset(source: Source, stream: Stream, columns: Columns) -> Rows:
    """Open a dataset without reading it, with its images left as bytes.

    Raises:
        OldBookError: It cannot be opened, or lacks a column.
    """
    if Path(source.path).exists():
        # datasets sleeps five seconds at the end of each look into a stream, for the threads of
        # remote files (arrow issue 45214); those of local files end at once
        datasets.config.SLEEP_TIME_ON_THREADS_SHUTDOWN = LOCAL_SHUTDOWN
    try:
        stream.network.apply(in_place=not is_address(source.path))
        rows = source.load(stream, columns)
        if isinstance(rows, StreamedRows):
            return replace(rows, dataset=select_columns(rows.dataset, source.path, columns))
        return rows
    except OldBookError:
        raise
    except Exception as error:  # datasets raises nearly every kind
        check_home(error)
        raise source.explain(error) from error


def check_home(error: Exception) -> None:
    """Tell an error of the folder in which datasets keeps its files from one of the data.

    Raises:
        OldBookError: That folder cannot be written.
    """
    home = Path(datasets.config.HF_CACHE_HOME).expanduser()
    named = Path(str(getattr(error, "filename", None) or ""))
    if isinstance(error, OSError) and (home.is_relative_to(named) or named.is_relative_to(home)):
        raise OldBookError(
            f"{home}, in which datasets keeps its files, cannot be written ({error.strerror}): set "
            "HF_HOME to a folder that can, or HOME"
        ) from error


def select_columns(dataset: IterableDataset, path: str, columns: Columns) -> IterableDataset:
    """Keep the columns that are wanted, images as bytes.

    Raises:
        OldBookError: The dataset lacks one, or is empty.
    """
    there = dataset.column_names or list(next(iter(itertools.chain(dataset, [{}]))))
    if not there:
        raise OldBookError(f"the dataset {path} is empty")
    columns.check(there, path)
    kept, image = dataset.select_columns(columns.names), datasets.Image(decode=False)
    if kept.features is None:  # of a table of text, whose images are elsewhere
        words = {name: datasets.Value("string") for name in columns.names}
        return kept.cast(datasets.Features({**words, columns.image: image}))
    return kept.cast_column(columns.image, image)
