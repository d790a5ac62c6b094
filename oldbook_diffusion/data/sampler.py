"""Sampler of the training plates: their order is a function of the seed and the position."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

from torch.utils.data import Sampler

from oldbook_diffusion.data.seek import Rows
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import key, permutation

NOTHING_LEFT = (
    "no plate is left to train on: the dataset is empty or every plate is held out, check "
    "data.path and data.held_out"
)
MAX_REPLACEMENTS = 32  # tried from one place before it is given up


class Position(NamedTuple):
    """Position of a run in the data: whole epochs, and rows of the present one.

    It is the same in all processes: they divide a step's plates and advance together.
    """

    epoch: int = 0
    row: int = 0


@dataclass(frozen=True)
class Row:
    """One row of the dataset, and the position of a run after it.

    Attributes:
        plate: Its columns.
        seed: Seed of every draw about this visit.
        position: Its own position.
        next: The position after it; in training, after the batches of all processes.
        mirrored: Whether to mirror the picture; as the seed says when null.
        replacements: What may replace it where it is bad, the nearest first; none when null.
    """

    plate: dict[str, Any]
    seed: int
    position: Position
    next: Position
    mirrored: bool | None = None
    replacements: Callable[[], Iterator[dict[str, Any]]] | None = field(default=None, compare=False)


class ShuffledRows(Sampler[Row]):
    """An endless shuffled stream that can start at any position.

    Each epoch permutes the shards, and permutes the rows inside each buffer of the stream. To
    start at a position, the buffers before it are skipped, not decoded; there is no other state.
    It is a sampler so that the main process reads each byte once and the workers of a
    `DataLoader` only decode: the order does not depend on their number.

    Processes take turns, batch by batch, so that a step of two processes trains on the very
    batches that one process would accumulate.

    Args:
        rows: The rows of one epoch, images as bytes.
        keep: Which plates are for training.
        seed: Seed of the permutations.
        buffer_size: Rows that are shuffled together, and held in memory as bytes.
        start: The position of the first row.
        rank: Which process this is.
        world_size: Number of processes; each takes every `world_size`-th batch.
        batch_size: Rows that a process takes at a time.
    """

    def __init__(
        self,
        rows: Rows,
        keep: Callable[[dict[str, Any]], bool],
        seed: int,
        buffer_size: int,
        start: Position,
        rank: int = 0,
        world_size: int = 1,
        batch_size: int = 1,
    ) -> None:
        self.rows = rows
        self.keep = keep
        self.seed = seed
        self.buffer_size = buffer_size
        self.start = start
        self.rank = rank
        self.world_size = world_size
        self.batch_size = batch_size

    def __iter__(self) -> Iterator[Row]:
        """The rows of this process, without end."""
        visits = self.visits()
        first = self.rank * self.batch_size
        while True:
            dealt = list(itertools.islice(visits, self.world_size * self.batch_size))
            for row in dealt[first : first + self.batch_size]:
                yield replace(row, next=dealt[-1].next)

    def visits(self) -> Iterator[Row]:
        """The rows of all processes, without end.

        Raises:
            OldBookError: A whole epoch held nothing to train on.
        """
        position = self.start
        while True:
            empty = position.row == 0
            for row in self.one_epoch(position):
                empty = False
                yield row
            if empty:
                raise OldBookError(NOTHING_LEFT)
            position = Position(position.epoch + 1)

    def one_epoch(self, start: Position) -> Iterator[Row]:
        """The rows of one epoch from a position on."""
        first = start.row // self.buffer_size
        seed = key(self.seed, "shards", start.epoch)
        rows = self.rows.seek(seed, first * self.buffer_size)
        for number in itertools.count(first):
            plates = list(itertools.islice(rows, self.buffer_size))
            if not plates:
                return
            order = permutation(len(plates), key(self.seed, "window", start.epoch, number))
            for offset, index in enumerate(order):
                position = Position(start.epoch, number * self.buffer_size + offset)
                if position.row >= start.row and self.keep(plates[index]):
                    around = order[offset + 1 :] + order[:offset]
                    yield self.visit(plates, index, around, position)

    def visit(
        self, plates: list[dict[str, Any]], index: int, around: list[int], position: Position
    ) -> Row:
        """The row at a position, with what may replace it."""
        seed = key(self.seed, "plate", *position)
        after = Position(position.epoch, position.row + 1)
        replacements = partial(self.replacements, plates, around, position.epoch)
        return Row(plates[index], seed, position, after, replacements=replacements)

    def replacements(
        self, plates: list[dict[str, Any]], order: list[int], epoch: int
    ) -> Iterator[dict[str, Any]]:
        """The other plates of a buffer, the nearest first, then the first of the epoch.

        The last buffer of an epoch may be a single row.
        """
        buffer = (plates[index] for index in order)
        yield from itertools.islice(filter(self.keep, buffer), MAX_REPLACEMENTS)
        first = (row.plate for row in self.one_epoch(Position(epoch)))
        yield from itertools.islice(first, MAX_REPLACEMENTS)
