"""Columns and Stream: the config nouns `data.columns` and `data.stream`."""

from dataclasses import dataclass

from jsonargparse.typing import PositiveInt

from oldbook_diffusion.data.network import Network


@dataclass(frozen=True)
class Columns:
    """Names of the columns.

    Attributes:
        image: The image.
        caption: Its caption.
        book: The book it comes from; plates are held out one by one when null.
    """

    image: str = "image"
    caption: str = "text"
    book: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns to read; the others never leave the disk or the hub."""
        return [name for name in (self.image, self.caption, self.book) if name is not None]


@dataclass(frozen=True)
class Stream:
    """How a dataset is streamed.

    Attributes:
        split: Split of the dataset.
        revision: Branch, tag or commit on the hub.
        shuffle_buffer_size: Plates that are shuffled together, held in memory as files.
        allow_changes: Whether a run may be resumed with other data or batches; it is no longer
            bit-identical to an uninterrupted one then.
        network: Timeouts and retries of remote data.
    """

    split: str = "train"
    revision: str | None = None
    shuffle_buffer_size: PositiveInt = 256
    allow_changes: bool = False
    network: Network = Network()  # noqa: RUF009
