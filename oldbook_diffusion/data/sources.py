"""Sources of a dataset: parquet files, webdataset tars, a folder of images, or a URL."""

import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlparse

import pyarrow.parquet as pq

from oldbook_diffusion.data.fingerprint import fingerprint_of
from oldbook_diffusion.data.folder_source import FolderSource, LocalSource
from oldbook_diffusion.data.hub import HubSource
from oldbook_diffusion.data.kinds import KINDS, PARQUET, TARS, Kind, check_whole
from oldbook_diffusion.data.listing import File, Listing, files_of_split, list_files
from oldbook_diffusion.data.read_errors import is_address, may_come
from oldbook_diffusion.data.seek import Rows
from oldbook_diffusion.data.source import Source
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)

HUB = "hf://"


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
    if path.startswith(HUB):
        return HubSource(repository_of(path))
    return local_source(path, columns) if Path(path).exists() else HubSource(path)


def repository_of(address: str) -> str:
    """The repository of an address on the hub.

    Raises:
        OldBookError: It is of something else, or of a part.
    """
    if found := re.fullmatch(f"{HUB}datasets/([^/@]+/[^/@]+)/?", address):
        return found[1]
    raise OldBookError(
        f"data.path {address} is not the address of a dataset: set it to OWNER/NAME or to "
        "hf://datasets/OWNER/NAME, and data.stream.revision, subset and split to what is read of it"
    )


def local_source(path: str, columns: Columns) -> LocalSource:
    """The source of a folder or file.

    Captioned images come first, then parquet files with the columns that are asked for, then
    tars, then parquet files and images of any other kind.

    Raises:
        OldBookError: It holds no images.
    """
    listing = list_files(path)
    parquet, tars = (listing.ending(kind.suffix) for kind in (PARQUET, TARS))
    usable = listing.captioned or columns.caption is None
    if listing.loose_images and (usable or not (parquet or tars)):
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
    wanted = {columns.image, columns.caption or columns.image}
    try:
        return wanted <= set(pq.read_schema(file.path).names)
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
