"""Which plates are held out: a decision about one plate at a time, so that it can be streamed."""

from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import uniform


@dataclass(frozen=True)
class HeldOut:
    """What is kept from training, to measure on.

    Whole books are held out where books are known: plates of one book share a hand, a paper and
    a subject, and a model that has seen one has seen something of the others. Where they are not,
    a plate is held out by its content (its file name, in a folder of pictures), so that a picture
    that occurs twice is on one side.

    Attributes:
        share: Share of the books, or of the plates, by seeded chance.
        books: Titles of the books to hold out, instead of a share.
        max_plates: At most this many held-out plates are read and kept in memory.
        max_training_plates: At most this many training plates are compared with drawings; copies
            of the others are not seen.
        num_watched: Plates of either side whose loss is measured and whose captions are drawn at
            every checkpoint.
    """

    share: float = 0.1
    books: list[str] = field(default_factory=list)
    max_plates: int = 256
    max_training_plates: int = 5000
    num_watched: int = 16

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise OldBookError(
                f"data.held_out.share lies between 0 and 1, not at {self.share}: the style score "
                "and val/loss need plates that are not trained on"
            )

    def check_column(self, book: str | None) -> None:
        """Refuse names of books where no column tells the book of a plate.

        Raises:
            OldBookError: It names both keys.
        """
        if self.books and book is None:
            raise OldBookError(
                "data.held_out.books names books, but no column says which book a plate is of: "
                "name it with data.columns.book, or set data.held_out.books to [] to hold out a "
                "share"
            )

    def holds(self, book: str | None, page: dict[str, Any] | None, seed: int) -> bool:
        """Whether a plate is held out."""
        if self.books:
            return book in self.books
        identity = identity_of(page or {}) if book is None else book
        return uniform(seed, "held out", identity) < self.share


def identity_of(page: dict[str, Any]) -> str:
    """Name a picture by its bytes, or by its file where the bytes are not read yet."""
    if page.get("bytes"):
        return blake2b(page["bytes"], digest_size=16).hexdigest()
    return Path(str(page.get("path"))).name  # wherever the folder lies
