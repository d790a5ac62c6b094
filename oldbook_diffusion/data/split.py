"""The split of a dataset into training plates and held-out plates, one plate at a time."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from jsonargparse.typing import NonNegativeInt, OpenUnitInterval, PositiveInt

from oldbook_diffusion.data.sampler import NOTHING_LEFT, Position, Row
from oldbook_diffusion.data.stream import Columns
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import key, uniform

Part = Literal["held out", "trained on"]  # the seeds of the plates depend on these words


@dataclass(frozen=True)
class HeldOut:
    """Plates that are kept from training, to evaluate on.

    Whole books are held out where books are known: plates of one book share a hand, a paper and
    a subject, and a model that has seen one has seen something of the others. Where they are not,
    a plate is held out by its content (its file name, in a folder of images), so that duplicates
    are in one part.

    Attributes:
        fraction: Fraction of the books, or of the plates, in (0, 1), chosen by seeded chance.
        books: Titles of the books to hold out, instead of a fraction.
        max_plates: Maximum number of held-out plates that are read and kept in memory.
        max_training_plates: Maximum number of training plates that samples are compared with;
            copies of the others are not seen.
        num_monitored: Size of the monitored subsets, one of held-out and one of training plates,
            whose loss is computed and whose captions are sampled at every checkpoint.
    """

    fraction: OpenUnitInterval = 0.1
    books: list[str] = field(default_factory=list)
    max_plates: PositiveInt = 256
    max_training_plates: NonNegativeInt = 5000
    num_monitored: PositiveInt = 16

    def check_column(self, book: str | None) -> None:
        """Refuse titles of books where no column tells the book of a plate.

        Raises:
            OldBookError: It names both keys.
        """
        if self.books and book is None:
            raise OldBookError(
                "data.held_out.books names books, but no column tells the book of a plate: "
                "name it with data.columns.book, or set data.held_out.books to [] to hold out a "
                "fraction"
            )

    def holds(self, book: str | None, image: dict[str, Any] | None, seed: int) -> bool:
        """Whether a plate is held out."""
        if self.books:
            return book in self.books
        name = image_hash(image or {}) if book is None else book
        return uniform(seed, "held out", name) < self.fraction


class Split:
    """The plates of each part, in the dataset's own order.

    Args:
        path: The dataset's name, for messages.
        plates: Gives the rows of one epoch, images as bytes.
        columns: Names of the columns.
        held_out: What is kept from training.
        seed: Seed of the split, and of the draws about each plate.
    """

    def __init__(
        self,
        path: str,
        plates: Callable[[], Iterable[dict[str, Any]]],
        columns: Columns,
        held_out: HeldOut,
        seed: int,
    ) -> None:
        self.path = path
        self.plates = plates
        self.columns = columns
        self.held_out = held_out
        self.seed = seed

    def holds(self, plate: dict[str, Any]) -> bool:
        """Whether a plate is held out."""
        book = plate[self.columns.book] if self.columns.book else None
        return self.held_out.holds(book, plate[self.columns.image], self.seed)

    def trains_on(self, plate: dict[str, Any]) -> bool:
        """Whether a plate is trained on."""
        return not self.holds(plate)

    def rows(self, part: Part, most: int | None) -> Iterator[Row]:
        """The first plates of a part, images as files; all when null."""
        plates = filter(self.trains_on if part == "trained on" else self.holds, self.plates())
        for number, plate in enumerate(itertools.islice(plates, most)):
            position, after = Position(0, number), Position(0, number + 1)
            yield Row(plate, key(self.seed, part, number), position, after)

    @cached_property
    def held_out_rows(self) -> list[Row]:
        """The held-out plates, as files in memory; each keeps its seed for the whole run.

        Raises:
            OldBookError: There are none.
        """
        rows = list(self.rows("held out", self.held_out.max_plates))
        if not rows:
            raise OldBookError(
                f"no plate of {self.path} is held out, so that nothing can be evaluated: "
                "raise data.held_out.fraction or name books in data.held_out.books"
            )
        return rows

    @cached_property
    def training_rows(self) -> list[Row]:
        """Training plates to take the monitored subset from, as many as may be held out.

        Raises:
            OldBookError: There are none.
        """
        rows = list(self.rows("trained on", self.held_out.max_plates))
        if not rows:
            raise OldBookError(NOTHING_LEFT)
        return rows

    def monitored(self) -> tuple[list[Row], list[Row]]:
        """The monitored subsets: of held-out plates, and of training plates."""
        return self.subset(self.held_out_rows), self.subset(self.training_rows)

    def subset(self, rows: list[Row]) -> list[Row]:
        """As many rows as are monitored, evenly spread."""
        number = min(self.held_out.num_monitored, len(rows))
        return [rows[i * len(rows) // number] for i in range(number)]


def image_hash(image: dict[str, Any]) -> str:
    """Hash an image's bytes, or take its file's name where the bytes are not read yet."""
    if image.get("bytes"):
        return blake2b(image["bytes"], digest_size=16).hexdigest()
    return Path(str(image.get("path"))).name  # wherever the folder lies
