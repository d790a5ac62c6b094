"""Sources on this machine, and a folder of images among them."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from oldbook_diffusion.data.folder import Folder
from oldbook_diffusion.data.listing import Listing, name_below
from oldbook_diffusion.data.seek import Rows, StreamedRows
from oldbook_diffusion.data.source import Source, origin
from oldbook_diffusion.data.stream import Columns, Stream

log = logging.getLogger(__name__)


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
        rows = StreamedRows(folder.stream(), [], stream.network, folder.contents())
        self.say(folder.summary())
        return rows


def absolute(path: str | Path) -> Path:
    """A path without `..`, through links as they stand."""
    return Path(os.path.abspath(path))  # noqa: PTH100 resolve() would follow them
