"""The split of a dataset into training plates and held-out plates, one plate at a time."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any, Literal

from jsonargparse.typing import NonNegativeInt, OpenUnitInterval, PositiveInt

from oldbook_diffusion.data.sampler import NOTHING_LEFT, Position, Row
from oldbook_diffusion.data.seek import Rows
from oldbook_diffusion.data.stream import Columns
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import key, uniform

SOME = 5  # books that a message names
Part = Literal["held out", "trained on"]  # the seeds of the plates depend on these words


@dataclass(frozen=True)
class HeldOut:
    """Plates that are kept from training, to evaluate on.

    Whole books are held out where books are known: plates of one book share a hand, a paper and
    a subject, and a model that has seen one has seen something of the others. Where they are not,
    a plate is held out by its content, so that duplicates are in one part; in a folder of images
    by its path below the folder.

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

    def holds(self, name: Any, seed: int) -> bool:
        """Whether a book is held out, or an image where books are not known."""
        if self.books:
            return str(name) in self.books
        return uniform(seed, "held out", name) < self.fraction


class Split:
    """The plates of each part, in the dataset's own order.

    Args:
        path: The dataset's name, for messages.
        plates: Gives the rows of one epoch, images as bytes.
        name_of: Gives the name of an image's file, wherever the dataset lies.
        columns: Names of the columns.
        held_out: What is kept from training.
        seed: Seed of the split, and of the draws about each plate.
    """

    def __init__(
        self,
        path: str,
        plates: Callable[[], Rows],
        name_of: Callable[[str], str],
        columns: Columns,
        held_out: HeldOut,
        seed: int,
    ) -> None:
        self.path = path
        self.plates = plates
        self.name_of = name_of
        self.columns = columns
        self.held_out = held_out
        self.seed = seed

    def holds(self, plate: dict[str, Any]) -> bool:
        """Whether a plate is held out."""
        book = plate[self.columns.book] if self.columns.book else None
        if book is None and not self.held_out.books:
            book = image_hash(plate[self.columns.image] or {}, self.name_of)
        return self.held_out.holds(book, self.seed)

    def trains_on(self, plate: dict[str, Any]) -> bool:
        """Whether a plate is trained on."""
        return not self.holds(plate)

    def rows(self, part: Part, most: int | None) -> Iterator[Row]:
        """The first plates of a part, images as files; all when null."""
        training = part == "trained on"
        kept = self.trains_on if training else self.holds

        def wanted(book: Any) -> bool:  # without a book, the image decides
            return book is None or self.held_out.holds(book, self.seed) != training

        plates = filter(kept, self.plates().where(self.columns.book, wanted))
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
            raise OldBookError(self.none_held_out())
        return rows

    def none_held_out(self) -> str:
        """Why nothing is held out, and what helps."""
        start = f"no image of {self.path} is held out, so that nothing can be evaluated"
        if self.columns.book is None:
            return f"{start}: raise data.held_out.fraction"
        books = {str(plate[self.columns.book]) for plate in self.plates()}
        some = ", ".join(sorted(books)[:SOME]) + (", ..." if len(books) > SOME else "")
        if self.held_out.books:
            return f"{start}: data.held_out.books names none of its books, which are {some}"
        if len(books) == 1:
            return (
                f"{start}: all are of one book, {some}; set data.columns.book to null, to hold out "
                "single images"
            )
        return (
            f"{start}: raise data.held_out.fraction, or name some of {some} in data.held_out.books"
        )

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


def image_hash(image: dict[str, Any], name_of: Callable[[str], str]) -> str:
    """Hash an image's bytes, or take its file's name where the bytes are not read yet."""
    if image.get("bytes"):
        return blake2b(image["bytes"], digest_size=16).hexdigest()
    return name_of(str(image.get("path")))
