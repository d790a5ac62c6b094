"""Loader of batches: decodes rows in workers, and replaces bad samples."""

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
from oldbook_diffusion.data.bad_samples import BadSampleError, BadSamples
from oldbook_diffusion.data.decode import Decode, Illustration
from oldbook_diffusion.data.sampler import Row
from oldbook_diffusion.errors import OldBookError

# signals that stop a run; Windows has no SIGUSR1
SIGNALS = [signal.Signals[name] for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name)]
GROUP = 4  # rows of one message to a worker: fewer messages, and yet a first batch soon


class Visit(NamedTuple):
    """A row, and its decoded illustration."""

    row: Row
    illustration: Illustration


class PlateLoader(Iterable[Batch]):
    """Batches of good illustrations, in the order of the rows.

    The replacement of a bad row takes its position and its seed, so that no other row changes;
    a bad row without replacements is left out.

    Args:
        rows: What to decode, in order.
        decode: How to decode.
        bad_samples: Counts the bad ones.
        batch_size: Illustrations per batch.
        num_workers: Processes that decode; the main one when 0.
        num_batches: Batches of one iteration; until the rows end when null.
    """

    def __init__(
        self,
        rows: Iterable[Row],
        decode: Decode,
        bad_samples: BadSamples,
        batch_size: int,
        num_workers: int = 0,
        num_batches: int | None = None,
    ) -> None:
        self.rows = rows
        self.decode = decode
        self.bad_samples = bad_samples
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
                yield collate(batch, self.decode, self.bad_samples)
                batch = []
        if batch:
            yield collate(batch, self.decode, self.bad_samples)

    def good(self) -> Iterator[Visit]:
        """The good rows, and replacements of the bad ones."""
        rows: deque[Row] = deque()  # that the workers decode
        for illustration in self.decoded(rows):
            row, bad = rows.popleft(), illustration.bad
            # plates that are only evaluated come again and again, and would distort the fraction
            if self.decode.training:
                self.bad_samples.count(row, bad, illustration.enlarged)
            if bad is None:
                yield Visit(row, illustration)
                continue
            other = self.replacement(row, bad)
            self.bad_samples.report(row, bad, None if other is None else other.row)
            if other is not None:
                yield other

    def replacement(self, row: Row, bad: BadSampleError) -> Visit | None:
        """The first good replacement of a bad row, with its seed and its position.

        Raises:
            OldBookError: There is none.
        """
        if row.replacements is None:
            return None
        for plate in row.replacements():
            other = replace(row, plate=plate, replacements=None)
            if (illustration := arrived(self.decode[other])).bad is None:
                return Visit(other, illustration)
        raise OldBookError(
            f"{self.bad_samples.name(row)} cannot be used ({bad}), nor can any plate near it that "
            "could replace it: fix the dataset"
        )

    def decoded(self, rows: deque[Row]) -> Iterator[Illustration]:
        """Decode the rows, ahead of time where there are workers; keep those that they work on."""
        parcels = DataLoader(
            self.decode,
            batch_sampler=RecordingSampler(self.rows, rows, GROUP if self.num_workers else 1),
            collate_fn=Parcel.pack,
            num_workers=self.num_workers,
            prefetch_factor=2 * -(-self.batch_size // GROUP) if self.num_workers else None,
            worker_init_fn=leave_signals_to_the_main_process,
        )
        for parcel in parcels:
            yield from map(arrived, parcel.unpack())


def arrived(illustration: Illustration) -> Illustration:
    """An illustration whose image arrived.

    Raises:
        OldBookError: It did not, since its server failed.
    """
    if illustration.lost is not None:
        raise illustration.lost
    return illustration


@dataclass(frozen=True)
class RecordingSampler(Sampler[list[Row]]):
    """Sampler of groups of rows for the workers, which records them.

    Attributes:
        rows: The rows.
        sampled: Rows that were handed out, in order.
        number: Rows of each group.
    """

    rows: Iterable[Row]
    sampled: deque[Row]
    number: int

    def __iter__(self) -> Iterator[list[Row]]:
        """The groups, without the replacements, which workers do not need."""
        rows = iter(self.rows)
        while group := list(islice(rows, self.number)):
            self.sampled.extend(group)
            yield [replace(row, replacements=None) for row in group]


@dataclass(frozen=True)
class Parcel:
    """Illustrations as a worker sends them, their tensors in one piece of shared memory.

    Attributes:
        illustrations: What was decoded, without tensors.
        tensors: By name, the indices of their illustrations, and all of them stacked.
    """

    illustrations: list[Illustration]
    tensors: dict[str, tuple[list[int], Tensor]] = field(default_factory=dict)

    @classmethod
    def pack(cls, illustrations: list[Illustration]) -> "Parcel":
        """Stack the tensors of illustrations."""
        parcel = cls([replace(one, pixels=None, moments=None) for one in illustrations])
        for name in ("pixels", "moments"):
            found = {n: getattr(one, name) for n, one in enumerate(illustrations)}
            found = {n: tensor for n, tensor in found.items() if tensor is not None}
            if found:
                parcel.tensors[name] = list(found), torch.stack(list(found.values()))
        return parcel

    def unpack(self) -> list[Illustration]:
        """The illustrations with their tensors."""
        illustrations = list(self.illustrations)
        for name, (indices, tensors) in self.tensors.items():
            for index, tensor in zip(indices, tensors, strict=True):
                illustrations[index] = replace(illustrations[index], **{name: tensor})
        return illustrations


def leave_signals_to_the_main_process(worker: int) -> None:
    """Keep decoding when a process group gets a signal: the main process still has to save."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def collate(visits: list[Visit], decode: Decode, bad_samples: BadSamples) -> Batch:
    """Batch illustrations; the position is the one after the last."""
    book, side = decode.columns.book, decode.resolution
    rows, illustrations = zip(*visits, strict=True)
    pixels = [one.pixels for one in illustrations if one.pixels is not None]
    images = torch.stack(pixels) if pixels else torch.empty(0, 3, side, side, dtype=torch.uint8)
    return Batch(
        images=images,
        moments=[one.moments for one in illustrations],
        keys=[one.key for one in illustrations],
        prompts=[one.prompt for one in illustrations],
        seeds=[row.seed for row in rows],
        books=[row.plate[book] if book else None for row in rows],
        position=rows[-1].next,
        bad_samples=bad_samples.state_dict(),
    )
