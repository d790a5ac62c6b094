"""Opening a dataset as a stream: hub name, address, folder, parquet, or webdataset."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import datasets
from datasets import IterableDataset, load_dataset
from datasets.packaged_modules.webdataset.webdataset import WebDataset

from oldbook_diffusion.data.entry import forget_what_is_read
from oldbook_diffusion.data.network import (
    WEBDATASET,
    Network,
    Tries,
    file_of,
    first_line,
    is_address,
    may_come,
)
from oldbook_diffusion.errors import OldBookError

LOCAL_SHUTDOWN = 0.05  # seconds
BUILDERS = {".parquet": "parquet", ".tar": WEBDATASET}
END_OF_TAR = bytes(1024)


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


def open_stream(
    path: str, split: str, revision: str | None, columns: Columns, network: Network
) -> IterableDataset:
    """Open a dataset without reading it, with its pictures left as bytes.

    Raises:
        OldBookError: It cannot be opened, or lacks a column.
    """
    if Path(path).exists():
        # datasets sleeps five seconds at the end of each look into a stream, for the threads of
        # remote files (arrow issue 45214); those of local files end at once
        datasets.config.SLEEP_TIME_ON_THREADS_SHUTDOWN = LOCAL_SHUTDOWN
    try:
        found = at_address(path, network) if is_address(path) else where(path)
        place = {**found, "split": split, "revision": revision}
        stream = load(path, place, columns, network)
        forget_what_is_read(stream)
        stream = check_columns(stream, path, columns)
        return stream.cast_column(columns.image, datasets.Image(decode=False))
    except OldBookError:
        raise
    except Exception as error:  # datasets raises nearly every kind
        raise explain(error, path) from error


def load(path: str, place: dict[str, Any], columns: Columns, network: Network) -> IterableDataset:
    """Ask for a dataset; again and again where it is a file at an address.

    Raises:
        OldBookError: The file does not come.
    """
    WebDataset.DECODERS = {**WebDataset.DECODERS, "txt": text}
    tries = Tries(network)
    network.apply(in_place=not is_address(path))
    while True:
        try:
            if is_address(path):
                network.check_there(path)
            stream = load_tars(place, columns) if place["path"] == WEBDATASET else stream_of(place)
            network.apply(in_place=stream.info.builder_name != WEBDATASET)
            return stream
        except Exception as error:
            if not is_address(path) or not may_come(error, path):
                raise
            tries.again(path, error)


def load_tars(place: dict[str, Any], columns: Columns) -> IterableDataset:
    """Open tars; a caption that is missing is the fault of one plate alone."""
    try:
        return stream_of(place)
    except ValueError:  # one of the first plates has other files than the rest: say what to read
        words = {name: datasets.Value("string") for name in columns.names}
        return stream_of(
            {**place, "features": datasets.Features({**words, columns.image: datasets.Image()})}
        )


def text(content: bytes) -> str | None:
    """What a file says; null where it is no text."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def stream_of(place: dict[str, Any]) -> IterableDataset:
    """Open without reading."""
    return load_dataset(**place, streaming=True)


def at_address(url: str, network: Network) -> dict[str, Any]:
    """Tell `load_dataset` of a file on a server.

    Raises:
        OldBookError: Its name does not say what it is.
    """
    builder = BUILDERS.get(Path(urlparse(url).path).suffix)
    if builder is None:
        raise OldBookError(f"data.path {url} is no file that ends in {' or '.join(BUILDERS)}")
    return {"path": builder, "data_files": url, "storage_options": network.storage_options}


def where(path: str) -> dict[str, Any]:
    """Tell `load_dataset` where the data is.

    Raises:
        OldBookError: A tar is cut off.
    """
    local = Path(path)
    if not local.exists():
        return {"path": path}
    for tar in [local] if local.suffix == ".tar" else sorted(local.glob("**/*.tar")):
        check_whole(tar)
    if local.is_file() and local.suffix in BUILDERS:
        return {"path": BUILDERS[local.suffix], "data_files": str(local)}
    if suffix := suffix_of(local):
        return {"path": BUILDERS[suffix], "data_files": str(local / f"**/*{suffix}")}
    return {"path": "imagefolder", "data_dir": str(local)}


def suffix_of(folder: Path) -> str:
    """How the names of a folder's data files end; in no one way where it is of pictures."""
    return next((suffix for suffix in BUILDERS if any(folder.glob(f"**/*{suffix}"))), "")


def check_whole(tar: Path) -> None:
    """Look for the end of a tar: what is cut off would else be missed silently, or hours later.

    Raises:
        OldBookError: It is cut off.
    """
    with tar.open("rb") as file:
        file.seek(max(0, tar.stat().st_size - len(END_OF_TAR)))
        if file.read() != END_OF_TAR:
            raise OldBookError(f"{tar} is cut off: fetch it again, or take it away")


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
    if Path(path).exists() or is_address(path):
        return OldBookError(
            f"cannot read pictures and captions from {file_of(error) or path}: {first_line(error)}"
        )
    return OldBookError(
        f"the dataset {path!r} is no local folder, and the hub did not give it "
        f"({type(error).__name__}); check the name and the connection, or set data.path to a "
        "local folder of pictures with a metadata.jsonl, a parquet file or webdataset tars"
    )
