"""The two sides of a dataset: what a run learns from, and what is held out to measure on."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, Literal

from oldbook_diffusion.data.order import NOTHING_LEFT, Position, Row
from oldbook_diffusion.data.source import Columns
from oldbook_diffusion.data.split import HeldOut
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import key

Side = Literal["held out", "trained on"]


class Sides:
    """The plates of each side, in the dataset's own order.

    Args:
        path: The dataset's name, for messages.
        plates: Gives the rows of one pass, pictures as bytes.
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

    def rows(self, side: Side, most: int | None) -> Iterator[Row]:
        """The first plates of one side, as files; all when null."""
        plates = filter(self.trains_on if side == "trained on" else self.holds, self.plates())
        for number, plate in enumerate(itertools.islice(plates, most)):
            place, after = Position(0, number), Position(0, number + 1)
            yield Row(plate, key(self.seed, side, number), place, after)

    @cached_property
    def measured(self) -> list[Row]:
        """The held-out plates, as files in memory; each keeps its seed for the whole run.

        Raises:
            OldBookError: There are none.
        """
        rows = list(self.rows("held out", self.held_out.max_plates))
        if not rows:
            raise OldBookError(
                f"no plate of {self.path} is held out, so that nothing can be measured: "
                "raise data.held_out.share or name books in data.held_out.books"
            )
        return rows

    @cached_property
    def learnt(self) -> list[Row]:
        """Training plates to take the watched ones from, as many as may be held out.

        Raises:
            OldBookError: There are none.
        """
        rows = list(self.rows("trained on", self.held_out.max_plates))
        if not rows:
            raise OldBookError(NOTHING_LEFT)
        return rows

    def watched(self) -> tuple[list[Row], list[Row]]:
        """Some plates of either side, spread over its first ones that are read anyway."""
        return self.some(self.measured), self.some(self.learnt)

    def some(self, rows: list[Row]) -> list[Row]:
        """As many as are watched, evenly spread."""
        number = min(self.held_out.num_watched, len(rows))
        return [rows[i * len(rows) // number] for i in range(number)]
