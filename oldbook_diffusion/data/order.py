"""The order of the plates: a function of the seed and the position alone."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

from datasets import IterableDataset
from torch.utils.data import Sampler

from oldbook_diffusion.data.entry import enter
from oldbook_diffusion.data.network import Network
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import key, permutation

NOTHING_LEFT = (
    "no plate is left to train on: the dataset is empty or every plate is held out, look at "
    "data.path and data.held_out"
)
MOST_OTHERS = 32  # tried in one place before it is given up


class Position(NamedTuple):
    """Where a run stands in the data: whole passes over it, and rows of the present one.

    It is the same in all processes: they share a batch's plates between them and go on together.
    """

    epoch: int = 0
    row: int = 0


@dataclass(frozen=True)
class Row:
    """One row of the dataset, and where a run stands after it.

    Attributes:
        plate: Its columns.
        seed: Seed of every draw about this visit.
        place: Its own position.
        next: The position after it; in training, after the batches that it is shared out with.
        mirrored: Whether to mirror the picture; as the seed says when null.
        others: What may take its place, the nearest first; nothing may when null.
    """

    plate: dict[str, Any]
    seed: int
    place: Position
    next: Position
    mirrored: bool | None = None
    others: Callable[[], Iterator[dict[str, Any]]] | None = field(default=None, compare=False)


class ShuffledRows(Sampler[Row]):
    """An endless shuffled stream that can start at any position.

    Each pass permutes the shards, and permutes the rows inside windows of the stream. To start
    at a position, the windows before it are skipped, not decoded; nothing else is remembered.
    It is a sampler so that the main process reads each byte once and the workers of a
    `DataLoader` only decode: the order does not depend on their number.

    Processes deal the stream out batch by batch, so that a step of two processes learns from the
    very batches that one process would accumulate.

    Args:
        stream: The rows of one pass, pictures as bytes.
        keep: Which plates are for training.
        seed: Seed of the permutations.
        window: Rows that are shuffled together, and held in memory as bytes.
        start: The position of the first row.
        rank: Which process this is.
        world_size: Number of processes; each takes every so-manieth batch.
        batch_size: Rows that a process takes at a time.
        network: How the rows come.
    """

    def __init__(
        self,
        stream: IterableDataset,
        keep: Callable[[dict[str, Any]], bool],
        seed: int,
        window: int,
        start: Position,
        rank: int = 0,
        world_size: int = 1,
        batch_size: int = 1,
        network: Network = Network(),  # noqa: B008
    ) -> None:
        self.stream = stream
        self.keep = keep
        self.seed = seed
        self.window = window
        self.start = start
        self.rank = rank
        self.world_size = world_size
        self.batch_size = batch_size
        self.network = network

    def __iter__(self) -> Iterator[Row]:
        """The rows of this process, for ever."""
        visits = self.visits()
        first = self.rank * self.batch_size
        while True:
            dealt = list(itertools.islice(visits, self.world_size * self.batch_size))
            for row in dealt[first : first + self.batch_size]:
                yield replace(row, next=dealt[-1].next)

    def visits(self) -> Iterator[Row]:
        """The rows of all processes, for ever.

        Raises:
            OldBookError: A whole pass held nothing to train on.
        """
        position = self.start
        while True:
            empty = position.row == 0
            for row in self.one_pass(position):
                empty = False
                yield row
            if empty:
                raise OldBookError(NOTHING_LEFT)
            position = Position(position.epoch + 1)

    def one_pass(self, start: Position) -> Iterator[Row]:
        """The rows of one pass from a position on."""
        first = start.row // self.window
        seed = key(self.seed, "shards", start.epoch)
        parts = enter(self.stream, seed, first * self.window, self.network)
        rows = itertools.chain.from_iterable(map(self.network.read, parts))
        for window in itertools.count(first):
            plates = list(itertools.islice(rows, self.window))
            if not plates:
                return
            order = permutation(len(plates), key(self.seed, "window", start.epoch, window))
            for offset, index in enumerate(order):
                place = Position(start.epoch, window * self.window + offset)
                if place.row >= start.row and self.keep(plates[index]):
                    around = order[offset + 1 :] + order[:offset]
                    yield self.visit(plates, index, around, place)

    def visit(
        self, plates: list[dict[str, Any]], index: int, around: list[int], place: Position
    ) -> Row:
        """The row at a place, with what may take its place."""
        seed = key(self.seed, "plate", *place)
        others = partial(self.others, plates, around, place.epoch)
        return Row(plates[index], seed, place, Position(place.epoch, place.row + 1), others=others)

    def others(
        self, plates: list[dict[str, Any]], order: list[int], epoch: int
    ) -> Iterator[dict[str, Any]]:
        """The plates of a window, the nearest first, then the first of the pass.

        The last window of a pass may be a single row.
        """
        window = (plates[place] for place in order)
        yield from itertools.islice(filter(self.keep, window), MOST_OTHERS)
        first = (row.plate for row in self.one_pass(Position(epoch)))
        yield from itertools.islice(first, MOST_OTHERS)
