"""Columns and Stream: the config nouns `data.columns` and `data.stream`."""

from collections.abc import Iterable
from dataclasses import dataclass

from jsonargparse.typing import PositiveInt

from oldbook_diffusion.data.local_copy import LocalCopy
from oldbook_diffusion.data.network import Network
from oldbook_diffusion.errors import OldBookError


@dataclass(frozen=True)
class Columns:
    """Names of the columns.

    Attributes:
        image: The image.
        caption: Its caption; null where images have none, and all get the words of
            `data.captions.template`.
        book: The book it comes from; plates are held out one by one when null.
    """

    image: str = "image"
    caption: str | None = "text"
    book: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns to read; the others never leave the disk or the hub."""
        return [name for name in (self.image, self.caption, self.book) if name is not None]

    def check(self, there: Iterable[str], path: str) -> None:
        """Check that a dataset has the columns.

        Raises:
            OldBookError: It lacks one.
        """
        for name in self.names:
            if name not in there:
                raise OldBookError(
                    f"the dataset {path} has no column {name!r}; it has "
                    f"{', '.join(sorted(there))}: name yours with data.columns.image, "
                    "data.columns.caption and data.columns.book"
                )


@dataclass(frozen=True)
class Stream:
    """How a dataset is streamed.

    Attributes:
        split: Split of the dataset.
        subset: Subset of the dataset on the hub, where it has several.
        revision: Branch, tag or commit on the hub.
        shuffle_buffer_size: Plates that are shuffled together, held in memory as files.
        allow_changes: Whether a run may be resumed with other data or batches; it is no longer
            bit-identical to an uninterrupted one then.
        network: Timeouts and retries of remote data.
        local_copy: Where the columns of parquet files on the hub are kept; nowhere when null.
    """

    split: str = "train"
    subset: str | None = None
    revision: str | None = None
    shuffle_buffer_size: PositiveInt = 256
    allow_changes: bool = False
    network: Network = Network()  # noqa: RUF009
    local_copy: LocalCopy | None = LocalCopy()  # noqa: RUF009
