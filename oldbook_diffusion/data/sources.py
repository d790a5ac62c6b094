"""Sources of a dataset: parquet files, webdataset tars, a folder of images, or the hub."""

import logging
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlparse

import pyarrow.parquet as pq

from oldbook_diffusion.data.fingerprint import fingerprint_of, hub_commit
from oldbook_diffusion.data.folder import Folder
from oldbook_diffusion.data.kinds import KINDS, PARQUET, TARS, Kind, build, check_whole
from oldbook_diffusion.data.listing import File, Listing, files_of_split, list_files, name_below
from oldbook_diffusion.data.read_errors import file_of, first_line, is_address, may_come
from oldbook_diffusion.data.seek import Rows
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source(ABC):
    """Where a dataset comes from, and how it is opened.

    Attributes:
        path: Its path, URL or name, as the config has it.
    """

    path: str

    @abstractmethod
    def load(self, stream: Stream, columns: Columns) -> Rows:
        """Open it without reading it, and set the retries that suit it.

        Args:
            stream: How it is streamed.
            columns: The columns that are wanted.
        """

    @property
    def place(self) -> dict[str, str]:
        """What a run must be resumed with besides the contents, by key."""
        return {"data.path": self.path}

    def name_of(self, path: str) -> str:
        """The name of an image's file, wherever the dataset lies."""
        return Path(path).name

    def holds(self, path: str) -> bool:
        """Whether a file that a row names belongs to the dataset."""
        return False

    def explain(self, error: Exception) -> OldBookError:
        """Explain in one sentence why it cannot be opened."""
        return OldBookError(
            f"cannot read images and captions from {file_of(error) or self.path}: "
            f"{first_line(error)}"
        )


class HubSource(Source):
    """A dataset on the Hugging Face hub."""

    def load(self, stream: Stream, columns: Columns) -> Rows:
        """Its name is enough; the commit that it is read at tells its contents."""
        rows = build(stream, path=self.path)
        return replace(rows, contents=hub_commit(rows.files))

    def holds(self, path: str) -> bool:
        """Whether it is of the same repository."""
        return origin(path).startswith(
            (f"hf://datasets/{self.path}@", f"hf://datasets/{self.path}/")
        )

    def explain(self, error: Exception) -> OldBookError:
        """The name may be wrong, or a local path, or the connection be down."""
        return OldBookError(
            f"the dataset {self.path!r} is not a local folder, and the hub did not return it "
            f"({type(error).__name__}); check the name and the connection, or set data.path to a "
            "local folder of images with a metadata.jsonl, a parquet file or webdataset tars"
        )


@dataclass(frozen=True)
class LocalSource(Source):
    """Files of this machine; where they lie does not matter, only what they hold.

    Attributes:
        listing: The files.
    """

    listing: Listing

    @property
    def place(self) -> dict[str, str]:
        """A copy elsewhere is the same dataset."""
        return {}

    def name_of(self, path: str) -> str:
        """Its path below the dataset's folder, so that one name in two folders is two images."""
        return name_below(self.listing.root, path)

    def holds(self, path: str) -> bool:
        """Whether it lies below the dataset's folder, or is a link there."""
        root = self.listing.root
        folder = absolute(root.parent if root.is_file() else root)
        return folder in absolute(origin(path)).parents

    def say(self, what: str) -> None:
        """Say in one line what is read."""
        log.info("data.path %s: %s", self.path, what)


class FolderSource(LocalSource):
    """A folder of images, with tables or text files that hold their captions."""

    def load(self, stream: Stream, columns: Columns) -> Rows:
        """List it; the images are read later."""
        folder = Folder(self.listing, stream.split, columns.image, columns.caption)
        rows = Rows(folder.stream(), [], stream.network, folder.contents())
        self.say(folder.summary())
        return rows


@dataclass(frozen=True)
class FilesSource(LocalSource):
    """Local files of one kind.

    Attributes:
        kind: The kind.
    """

    kind: Kind

    def load(self, stream: Stream, columns: Columns) -> Rows:
        """Open the files of the split, if they are intact.

        Raises:
            OldBookError: A tar is truncated, or the split has no files.
        """
        files = files_of_split(self.path, self.listing.ending(self.kind.suffix), stream.split)
        if self.kind is TARS:
            for file in files:
                check_whole(Path(file.path))
        rows = self.kind.open_files([file.path for file in files], stream, columns)
        left = len(self.listing.files) - len(files)
        count = f"{len(files)} {self.kind.suffix} files, split {stream.split!r}"
        self.say(f"{count}, {left} other files ignored" if left else count)
        return replace(rows, contents=fingerprint_of(files))


@dataclass(frozen=True)
class AddressSource(Source):
    """One file at a URL; a server need not tell its contents.

    Attributes:
        kind: Its kind.
    """

    kind: Kind

    def holds(self, path: str) -> bool:
        """Whether it lies beside the file, or below."""
        return path.startswith(self.path.rpartition("/")[0] + "/") and "/../" not in path

    def load(self, stream: Stream, columns: Columns) -> Rows:
        """Open it; request it again where its server fails.

        Raises:
            OldBookError: It does not exist, or cannot be read now.
        """

        def again(error: BaseException) -> bool:
            return may_come(error, self.path)

        def request() -> Rows:
            network.check_there(self.path)
            return self.kind.open_files([self.path], stream, columns)

        network = stream.network
        try:
            return network.retrying(self.path, again)(request)
        except Exception as error:
            if not again(error):
                raise
            raise network.lost(self.path, error) from error


def origin(path: str) -> str:
    """The file itself, or the archive that it is in."""
    return path.split("::")[-1]


def absolute(path: str | Path) -> Path:
    """A path without `..`, through links as they stand."""
    return Path(os.path.abspath(path))  # noqa: PTH100 resolve() would follow them


def source_of(path: str, columns: Columns) -> Source:
    """The source that `data.path` names.

    Raises:
        OldBookError: The type of a URL cannot be recognized, or a folder holds no images.
    """
    if is_address(path):
        kind = KINDS.get(Path(urlparse(path).path).suffix)
        if kind is None:
            raise OldBookError(f"data.path {path} is no file that ends in {' or '.join(KINDS)}")
        return AddressSource(path, kind)
    return local_source(path, columns) if Path(path).exists() else HubSource(path)


def local_source(path: str, columns: Columns) -> LocalSource:
    """The source of a folder or file.

    Captioned images come first, then parquet files with the columns that are asked for, then
    tars, then parquet files and images of any other kind.

    Raises:
        OldBookError: It holds no images.
    """
    listing = list_files(path)
    parquet, tars = (listing.ending(kind.suffix) for kind in (PARQUET, TARS))
    if listing.loose_images and (listing.captioned or not (parquet or tars)):
        return FolderSource(path, listing)
    if parquet and (not tars or has_columns(parquet[0], columns)):
        return FilesSource(path, listing, PARQUET)
    if tars:
        return FilesSource(path, listing, TARS)
    if not (listing.ending(".zip") or listing.tables):
        raise OldBookError(nothing_in(listing))
    return FolderSource(path, listing)


def has_columns(file: File, columns: Columns) -> bool:
    """Whether a parquet file has the image and the caption; also where it cannot be read."""
    try:
        return {columns.image, columns.caption} <= set(pq.read_schema(file.path).names)
    except Exception:  # arrow raises nearly every kind; it is explained when the file is opened
        return True


def nothing_in(listing: Listing) -> str:
    """The sentence for a folder without images."""
    found = sorted({file.suffix or file.name for file in listing.files})
    return (
        f"data.path {listing.root} holds no images, parquet files or webdataset tars"
        + (f", only {', '.join(found)}" if found else "")
        + ": set it to a folder of images with captions, or to the name of a dataset on the hub"
    )
