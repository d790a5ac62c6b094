"""From rows to batches: decode in workers, put others in the place of what is bad."""

import signal
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from oldbook_diffusion.batch import Batch
from oldbook_diffusion.data.decode import Decode, Illustration
from oldbook_diffusion.data.faults import BadPlateError, Faults
from oldbook_diffusion.data.order import Row
from oldbook_diffusion.errors import OldBookError

# what tells a run to end; Windows knows no SIGUSR1
SIGNALS = [signal.Signals[name] for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name)]
GROUP = 4  # rows on one way to a worker and back: fewer messages, and a first batch soon


class Visit(NamedTuple):
    """A row, and what can be used of it."""

    row: Row
    illustration: Illustration


class PlateLoader(Iterable[Batch]):
    """Batches of good illustrations, in the order of the rows.

    A bad row that others may stand in for keeps its place and its seed, so that what is bad moves
    nothing else; any other is left out.

    Args:
        rows: What to decode, in order.
        decode: How to decode.
        faults: The tally of bad plates.
        batch_size: Illustrations per batch.
        num_workers: Processes that decode; the main one when 0.
        num_batches: Batches of one iteration; until the rows end when null.
    """

    def __init__(
        self,
        rows: Iterable[Row],
        decode: Decode,
        faults: Faults,
        batch_size: int,
        num_workers: int = 0,
        num_batches: int | None = None,
    ) -> None:
        self.rows = rows
        self.decode = decode
        self.faults = faults
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.num_batches = num_batches

    def __len__(self) -> int:
        if self.num_batches is not None:
            return self.num_batches
        if not isinstance(self.rows, list):
            raise TypeError("a stream has no length")
        return -(-len(self.rows) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """Collect good illustrations until a batch is full."""
        batch: list[Visit] = []
        for visit in self.good():
            batch.append(visit)
            if len(batch) == self.batch_size:
                yield collate(batch, self.decode, self.faults)
                batch = []
        if batch:
            yield collate(batch, self.decode, self.faults)

    def good(self) -> Iterator[Visit]:
        """What can be used of the rows, and what takes the place of the rest."""
        rows: deque[Row] = deque()  # in the workers' hands
        for illustration in self.decoded(rows):
            row, bad = rows.popleft(), illustration.bad
            # plates that are only measured come again and again, and say nothing about a share
            if self.decode.training:
                self.faults.count(row, bad)
            if bad is None:
                yield Visit(row, illustration)
                continue
            other = self.stand_in(row, bad)
            self.faults.tell(row, bad, None if other is None else other.row)
            if other is not None:
                yield other

    def stand_in(self, row: Row, bad: BadPlateError) -> Visit | None:
        """The first of the others that can be used, with the seed and the place of a bad row.

        Raises:
            OldBookError: None of them can.
        """
        if row.others is None:
            return None
        for plate in row.others():
            other = replace(row, plate=plate, others=None)
            if (illustration := present(self.decode[other])).bad is None:
                return Visit(other, illustration)
        raise OldBookError(
            f"{self.faults.name(row)} cannot be used ({bad}), nor can any plate near it that "
            "could take its place: mend the dataset"
        )

    def decoded(self, rows: deque[Row]) -> Iterator[Illustration]:
        """Decode the rows, ahead of time where there are workers; keep those that they work on."""
        parcels = DataLoader(
            self.decode,
            batch_sampler=Handed(self.rows, rows, GROUP if self.num_workers else 1),
            collate_fn=Parcel.pack,
            num_workers=self.num_workers,
            prefetch_factor=2 * -(-self.batch_size // GROUP) if self.num_workers else None,
            worker_init_fn=leave_signals_to_the_main_process,
        )
        for parcel in parcels:
            yield from map(present, parcel.unpack())


def present(illustration: Illustration) -> Illustration:
    """What has come.

    Raises:
        OldBookError: It did not, for no fault of the plate.
    """
    if illustration.absent is not None:
        raise illustration.absent
    return illustration


@dataclass(frozen=True)
class Handed(Sampler[list[Row]]):
    """Rows on their way to the workers, which need nothing of their neighbours.

    Attributes:
        rows: What to hand out.
        out: What was handed out, for who waits for it.
        number: Rows of each group.
    """

    rows: Iterable[Row]
    out: deque[Row]
    number: int

    def __iter__(self) -> Iterator[list[Row]]:
        """Hand out one group after the other."""
        rows = iter(self.rows)
        while group := list(islice(rows, self.number)):
            self.out.extend(group)
            yield [replace(row, others=None) for row in group]


@dataclass(frozen=True)
class Parcel:
    """Illustrations on their way from a worker, the tensors of all in one piece of shared memory.

    Attributes:
        illustrations: What was decoded, without tensors.
        tensors: By name, whose they are, and all of them as one.
    """

    illustrations: list[Illustration]
    tensors: dict[str, tuple[list[int], Tensor]] = field(default_factory=dict)

    @classmethod
    def pack(cls, illustrations: list[Illustration]) -> "Parcel":
        """Put illustrations together."""
        parcel = cls([replace(one, pixels=None, moments=None) for one in illustrations])
        for name in ("pixels", "moments"):
            found = {n: getattr(one, name) for n, one in enumerate(illustrations)}
            found = {n: tensor for n, tensor in found.items() if tensor is not None}
            if found:
                parcel.tensors[name] = list(found), torch.stack(list(found.values()))
        return parcel

    def unpack(self) -> list[Illustration]:
        """Give each its tensors back."""
        illustrations = list(self.illustrations)
        for name, (places, tensors) in self.tensors.items():
            for place, tensor in zip(places, tensors, strict=True):
                illustrations[place] = replace(illustrations[place], **{name: tensor})
        return illustrations


def leave_signals_to_the_main_process(worker: int) -> None:
    """Go on decoding when a whole group is told to end: the main process still has to save."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def collate(visits: list[Visit], decode: Decode, faults: Faults) -> Batch:
    """Batch illustrations; the position is the one after the last."""
    book, side = decode.columns.book, decode.resolution
    rows, illustrations = zip(*visits, strict=True)
    pixels = [one.pixels for one in illustrations if one.pixels is not None]
    images = torch.stack(pixels) if pixels else torch.empty(0, 3, side, side)
    return Batch(
        images=images.float() / 255,
        moments=[one.moments for one in illustrations],
        keys=[one.key for one in illustrations],
        prompts=[one.prompt for one in illustrations],
        seeds=[row.seed for row in rows],
        books=[row.plate[book] if book else None for row in rows],
        position=rows[-1].next,
        faults=faults.state_dict(),
    )
