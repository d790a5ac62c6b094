"""A source of a dataset: where it lies, and how it is opened."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from oldbook_diffusion.data.read_errors import file_of, first_line
from oldbook_diffusion.data.seek import Rows
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.errors import OldBookError


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


def origin(path: str) -> str:
    """The file itself, or the archive that it is in."""
    return path.split("::")[-1]
