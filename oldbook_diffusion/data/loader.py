"""From rows to batches: decode in workers, put others in the place of what is bad."""

import signal
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from oldbook_diffusion.cache import Store
from oldbook_diffusion.data.captions import Captions, usable
from oldbook_diffusion.data.faults import BadPlateError, Faults, Reason
from oldbook_diffusion.data.order import Position, Row
from oldbook_diffusion.data.source import Columns
from oldbook_diffusion.data.transforms import (
    Limits,
    center_crop,
    decode_page,
    picture_key,
    read_page,
)
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import uniform


class Batch(TypedDict):
    """Captioned illustrations; every random draw about one is keyed by its seed."""

    images: Tensor  # [B, 3, H, W] in [0, 1], without those that the cache knows
    moments: list[Tensor | None]  # [2 C, h, w] of those that it knows
    keys: list[str]  # their names in the cache
    prompts: list[str]
    seeds: list[int]
    books: list[str | None]
    position: Position  # after this batch
    faults: dict[str, Any]  # counts up to it


@dataclass(frozen=True)
class Illustration:
    """One plate, ready to be batched, or the reason why it is not."""

    row: Row
    pixels: Tensor | None = None  # uint8 [3, H, W]
    moments: Tensor | None = None  # [2 C, h, w] of its posterior, where the cache knows it
    key: str = ""
    prompt: str = ""
    bad: BadPlateError | None = None


@dataclass(frozen=True)
class Decode(Dataset[Illustration]):
    """Turns rows into illustrations, in a worker or in the main process.

    Attributes:
        columns: Names of the columns.
        captions: How captions become prompts.
        resolution: Side of the squares, in pixels.
        training: Whether captions are dropped at random.
        flip: Whether half the visits are mirrored.
        known: What is encoded already and needs no decoding.
        limits: Which pictures are plates.
    """

    columns: Columns
    captions: Captions
    resolution: int
    training: bool
    flip: bool = False
    known: Store | None = None
    limits: Limits = field(default_factory=Limits)

    def __getitem__(self, row: Row) -> Illustration:
        """Decode one row, unless it has been encoded before."""
        caption = row.plate[self.columns.caption]
        if not usable(caption):
            said = "" if caption is None else f"{type(caption).__name__}: {str(caption)[:60]!r}"
            return Illustration(row, bad=BadPlateError(Reason.NO_CAPTION, said))
        try:
            illustration = self.picture(row)
        except BadPlateError as bad:
            return Illustration(row, bad=bad)
        if self.training:
            return replace(illustration, prompt=self.captions.training_prompt(caption, row.seed))
        return replace(illustration, prompt=self.captions.prompt(caption))

    def picture(self, row: Row) -> Illustration:
        """What the autoencoder says about a picture, or its pixels."""
        page = row.plate[self.columns.image] or {}
        content = read_page(page.get("bytes"), page.get("path"))
        self.limits.check(content)  # whether the cache knows it or not
        mirrored = self.mirrored(row)
        key = picture_key(content, self.resolution, mirrored)
        if self.known is not None and (moments := self.known.get(key)) is not None:
            return Illustration(row, moments=moments, key=key)
        pixels = center_crop(decode_page(content), self.resolution)
        return Illustration(row, pixels.flip(-1) if mirrored else pixels, key=key)

    def mirrored(self, row: Row) -> bool:
        """Whether this visit shows the picture mirrored."""
        if row.mirrored is not None:
            return row.mirrored
        return self.flip and uniform(row.seed, "flip") < 0.5


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
        illustrations: list[Illustration] = []
        for illustration in self.good():
            illustrations.append(illustration)
            if len(illustrations) == self.batch_size:
                yield collate(illustrations, self.decode, self.faults)
                illustrations = []
        if illustrations:
            yield collate(illustrations, self.decode, self.faults)

    def good(self) -> Iterator[Illustration]:
        """What can be used of the rows, and what takes the place of the rest."""
        rows: deque[Row] = deque()  # in the workers' hands
        for illustration in self.decoded(rows):
            row, bad = rows.popleft(), illustration.bad
            # plates that are only measured come again and again, and say nothing about a share
            if self.decode.training:
                self.faults.count(row, bad)
            if bad is None:
                yield illustration
                continue
            other = self.stand_in(row, bad)
            self.faults.tell(row, bad, None if other is None else other.row)
            if other is not None:
                yield other

    def stand_in(self, row: Row, bad: BadPlateError) -> Illustration | None:
        """The first of the others that can be used, with the seed and the place of a bad row.

        Raises:
            OldBookError: None of them can.
        """
        if row.others is None:
            return None
        for plate in row.others():
            other = self.decode[replace(row, plate=plate, others=None)]
            if other.bad is None:
                return other
        raise OldBookError(
            f"{self.faults.name(row)} cannot be used ({bad}), nor can any plate near it that "
            "could take its place: mend the dataset"
        )

    def decoded(self, rows: deque[Row]) -> Iterable[Illustration]:
        """Decode the rows, ahead of time where there are workers; keep those that they work on."""
        return DataLoader(
            self.decode,
            sampler=Handed(self.rows, rows),
            batch_size=None,
            num_workers=self.num_workers,
            prefetch_factor=2 * self.batch_size if self.num_workers else None,
            worker_init_fn=leave_signals_to_the_main_process,
        )


@dataclass(frozen=True)
class Handed(Sampler[Row]):
    """Rows on their way to the workers, which need nothing of their neighbours.

    Attributes:
        rows: What to hand out.
        out: What was handed out, for who waits for it.
    """

    rows: Iterable[Row]
    out: deque[Row]

    def __iter__(self) -> Iterator[Row]:
        """Hand out one after the other."""
        for row in self.rows:
            self.out.append(row)
            yield replace(row, others=None)


def leave_signals_to_the_main_process(worker: int) -> None:
    """Go on decoding when a whole group is told to end: the main process still has to save."""
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)


def collate(illustrations: list[Illustration], decode: Decode, faults: Faults) -> Batch:
    """Batch illustrations; the position is the one after the last."""
    book, side = decode.columns.book, decode.resolution
    pixels = [one.pixels for one in illustrations if one.pixels is not None]
    images = torch.stack(pixels) if pixels else torch.empty(0, 3, side, side)
    return Batch(
        images=images.float() / 255,
        moments=[one.moments for one in illustrations],
        keys=[one.key for one in illustrations],
        prompts=[one.prompt for one in illustrations],
        seeds=[one.row.seed for one in illustrations],
        books=[one.row.plate[book] if book else None for one in illustrations],
        position=illustrations[-1].row.next,
        faults=faults.state_dict(),
    )
