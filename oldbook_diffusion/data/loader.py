"""From rows to batches: decode in workers, leave out what is bad and say so."""

import logging
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from oldbook_diffusion.cache import Store
from oldbook_diffusion.data.captions import Captions, usable
from oldbook_diffusion.data.order import Position, Row
from oldbook_diffusion.data.source import Columns
from oldbook_diffusion.data.transforms import (
    BadPageError,
    center_crop,
    decode_page,
    picture_key,
    read_page,
)
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import uniform

log = logging.getLogger(__name__)


class Batch(TypedDict):
    """Captioned illustrations; every random draw about one is keyed by its seed."""

    images: Tensor  # [B, 3, H, W] in [0, 1], without those that the cache knows
    moments: list[Tensor | None]  # [2 C, h, w] of those that it knows
    keys: list[str]  # their names in the cache
    prompts: list[str]
    seeds: list[int]
    books: list[str | None]
    position: Position  # after this batch


@dataclass(frozen=True)
class Illustration:
    """One plate, ready to be batched, or the reason why it is not."""

    row: Row
    pixels: Tensor | None = None  # uint8 [3, H, W]
    moments: Tensor | None = None  # [2 C, h, w] of its posterior, where the cache knows it
    key: str = ""
    prompt: str = ""
    bad: str | None = None


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
    """

    columns: Columns
    captions: Captions
    resolution: int
    training: bool
    flip: bool = False
    known: Store | None = None

    def __getitem__(self, row: Row) -> Illustration:
        """Decode one row, unless it has been encoded before."""
        caption = row.plate[self.columns.caption]
        if not usable(caption):
            return Illustration(row, bad="no caption")
        try:
            illustration = self.picture(row)
        except BadPageError as reason:
            return Illustration(row, bad=str(reason))
        if self.training:
            return replace(illustration, prompt=self.captions.training_prompt(caption, row.seed))
        return replace(illustration, prompt=self.captions.prompt(caption))

    def picture(self, row: Row) -> Illustration:
        """What the autoencoder says about a picture, or its pixels."""
        page = row.plate[self.columns.image] or {}
        content = read_page(page.get("bytes"), page.get("path"))
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


@dataclass
class Faults:
    """A tally of what was left out.

    Attributes:
        max_share: The largest share of bad plates that a run accepts.
        num_seen: Plates read so far.
        reasons: Bad plates so far, by reason.
    """

    max_share: float
    num_seen: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)

    def count(self, illustration: Illustration, image_column: str) -> None:
        """Count a plate; stop at too many bad ones.

        Raises:
            OldBookError: The share of bad plates is too large.
        """
        self.num_seen += 1
        if illustration.bad is None:
            return
        self.tell(illustration, image_column)
        self.reasons[kind_of(illustration)] += 1
        # a share of fewer than 100 plates says little
        if self.reasons.total() > self.max_share * max(self.num_seen, 100):
            raise OldBookError(
                f"{self.reasons.total()} of {self.num_seen} plates could not be used "
                f"({self}), the first of the last kind being "
                f"{file_name(illustration, image_column)}; mend the dataset or raise "
                f"data.max_bad_share above {self.max_share}"
            )

    def tell(self, illustration: Illustration, image_column: str) -> None:
        """Warn at the first bad plate of each kind."""
        if illustration.bad is not None and (kind := kind_of(illustration)) not in self.told:
            self.told.add(kind)
            log.warning("left out %s: %s", file_name(illustration, image_column), illustration.bad)

    def __str__(self) -> str:
        return ", ".join(f"{count} {reason}" for reason, count in sorted(self.reasons.items()))


def kind_of(illustration: Illustration) -> str:
    """What is wrong with a bad plate, without its particulars."""
    return (illustration.bad or "").split(" (")[0]


def file_name(illustration: Illustration, image_column: str) -> str:
    """Name a plate for a message."""
    page: dict[str, Any] = illustration.row.plate[image_column] or {}
    return page.get("path") or f"row {illustration.row.place.row}"


class PlateLoader(Iterable[Batch]):
    """Batches of good illustrations, in the order of the rows.

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
        for illustration in self.decoded():
            # plates that are only measured come again and again, and say nothing about a share
            count = self.faults.count if self.decode.training else self.faults.tell
            count(illustration, self.decode.columns.image)
            if illustration.bad is None:
                illustrations.append(illustration)
            if len(illustrations) == self.batch_size:
                yield collate(illustrations, self.decode)
                illustrations = []
        if illustrations:
            yield collate(illustrations, self.decode)

    def decoded(self) -> Iterable[Illustration]:
        """Decode the rows, ahead of time where there are workers."""
        return DataLoader(
            self.decode,
            sampler=self.rows,
            batch_size=None,
            num_workers=self.num_workers,
            prefetch_factor=2 * self.batch_size if self.num_workers else None,
            worker_init_fn=leave_signals_to_the_main_process,
        )


def leave_signals_to_the_main_process(worker: int) -> None:
    """Go on decoding when a whole group is told to end: the main process still has to save."""
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)


def collate(illustrations: list[Illustration], decode: Decode) -> Batch:
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
    )
