"""Kinds of files that hold many images each, and how `datasets` opens them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
from datasets import DatasetBuilder, load_dataset_builder
from datasets.packaged_modules.parquet.parquet import Parquet
from datasets.packaged_modules.webdataset.webdataset import WebDataset
from pyarrow.dataset import ParquetFragmentScanOptions

from oldbook_diffusion.data.network import WEBDATASET
from oldbook_diffusion.data.read_errors import is_address
from oldbook_diffusion.data.seek import StreamedRows
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.errors import OldBookError

END_OF_TAR = bytes(1024)


@dataclass(frozen=True)
class Kind:
    """A kind of file that holds many images.

    Attributes:
        builder: Its name for `datasets`.
        suffix: Ending of its files.
    """

    builder: str
    suffix: str

    def open_files(self, files: list[str], stream: Stream, columns: Columns) -> StreamedRows:
        """Open files or URLs of this kind, once."""
        return build(stream, path=self.builder, **data_files(files, stream))


class Tars(Kind):
    """Webdataset tars."""

    def open_files(self, files: list[str], stream: Stream, columns: Columns) -> StreamedRows:
        """Open the tars; a missing caption makes a bad sample, no error."""
        # its own decoder of text raises, which would stop the run
        WebDataset.DECODERS = {**WebDataset.DECODERS, "txt": decode_text}
        options = {"path": self.builder, **data_files(files, stream)}
        try:
            return build(stream, **options)
        except ValueError:  # one of the first samples has other files than the rest: name the files
            words = {name: datasets.Value("string") for name in columns.names}
            features = datasets.Features({**words, columns.image: datasets.Image()})
            return build(stream, **options, features=features)


PARQUET = Kind("parquet", ".parquet")
TARS = Tars(WEBDATASET, ".tar")
KINDS: dict[str, Kind] = {kind.suffix: kind for kind in (PARQUET, TARS)}


def build(stream: Stream, **options: Any) -> StreamedRows:
    """Open a dataset by `datasets`, without reading it."""
    return rows_of(builder_of(stream, **options), stream)


def builder_of(stream: Stream, **options: Any) -> DatasetBuilder:
    """What opens a dataset."""
    builder = load_dataset_builder(revision=stream.revision, **options)
    if isinstance(builder, Parquet):
        # hold one row group in memory; by default it ends with the whole file
        builder.config.fragment_scan_options = ParquetFragmentScanOptions(pre_buffer=False)
    return builder


def rows_of(builder: DatasetBuilder, stream: Stream) -> StreamedRows:
    """The rows of a split."""
    files = files_of(builder, stream.split) if isinstance(builder, Parquet) else []
    dataset = builder.as_streaming_dataset(split=stream.split)
    stream.network.apply(in_place=dataset.info.builder_name != WEBDATASET)
    known = files if len(files) == dataset.num_shards else []
    return StreamedRows(dataset, known, stream.network)


def files_of(builder: DatasetBuilder, split: str) -> list[str]:
    """The files of a split."""
    of_splits = {str(name): files for name, files in (builder.config.data_files or {}).items()}
    return [str(file) for file in of_splits.get(split, [])]


def data_files(files: list[str], stream: Stream) -> dict[str, Any]:
    """Files or URLs as `datasets` takes them; a URL with its timeouts."""
    options: dict[str, Any] = {"data_files": {stream.split: files}}
    if any(map(is_address, files)):
        options["storage_options"] = stream.network.storage_options
    return options


def decode_text(content: bytes) -> str | None:
    """The text of a file; null where it is none."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def check_whole(tar: Path) -> None:
    """Check the end of a tar: a truncated one would end the epoch silently, or fail hours later.

    Raises:
        OldBookError: It is truncated.
    """
    with tar.open("rb") as file:
        file.seek(max(0, tar.stat().st_size - len(END_OF_TAR)))
        if file.read() != END_OF_TAR:
            raise OldBookError(f"{tar} is truncated: download it again or remove it")
