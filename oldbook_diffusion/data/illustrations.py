"""The data: captioned illustrations of old books, streamed."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

from datasets import IterableDataset
from lightning.pytorch import LightningDataModule, Trainer

from oldbook_diffusion.batch import Batch
from oldbook_diffusion.cache.settings import Cache
from oldbook_diffusion.cache.store import Store
from oldbook_diffusion.data.captions import Captions
from oldbook_diffusion.data.contents import contents_of
from oldbook_diffusion.data.decode import Decode
from oldbook_diffusion.data.dependence import check_continues, order_of, steps_of
from oldbook_diffusion.data.faults import Faults
from oldbook_diffusion.data.global_batch import (
    AUTO,
    accumulate,
    check_batch_size,
    kept_size,
    share_of,
)
from oldbook_diffusion.data.loader import PlateLoader
from oldbook_diffusion.data.network import Network
from oldbook_diffusion.data.order import Position, Row, ShuffledRows
from oldbook_diffusion.data.sides import Sides
from oldbook_diffusion.data.source import Columns, open_stream
from oldbook_diffusion.data.split import HeldOut
from oldbook_diffusion.data.transforms import Limits
from oldbook_diffusion.errors import OldBookError, check_least


class Illustrations(LightningDataModule):
    """Stream captioned plates, centre-cropped, with some of them held out.

    Its state is a position; a run that goes on from it sees what it would have seen.

    Args:
        path: Hub name, folder of pictures with a `metadata.jsonl`, parquet or webdataset, or the
            address of a parquet file or a tar.
        split: Split of the dataset.
        revision: Branch, tag or commit on the hub.
        columns: Names of the columns.
        captions: How captions become prompts.
        held_out: What is kept from training, to measure on.
        resolution: Side of the square crops, in pixels.
        random_flip: Whether half the training visits are mirrored.
        batch_size: Illustrations at once on a device; `auto` tries how many fit in memory, never
            more than `global_batch`.
        global_batch: Illustrations per optimizer step, of all devices; what does not fit at once
            is accumulated, and `trainer.accumulate_grad_batches` follows. When null it is
            `batch_size` times that on each device.
        num_workers: Processes that decode; the main one when 0.
        shuffle_window: Illustrations that are shuffled together, held in memory as files.
        max_bad_share: The largest share of plates that others may have to stand in for.
        limits: Which pictures are plates, by their size.
        seed: Seed of the order, the split and every draw.
        allow_changes: Whether a run goes on with other data or batches, no longer the same run.
        network: How long a run waits for data from afar.
        cache: Where latents and prompts' embeddings are kept once computed; nowhere when null.
    """

    def __init__(
        self,
        path: str,
        split: str = "train",
        revision: str | None = None,
        columns: Columns = Columns(),  # noqa: B008
        captions: Captions = Captions(),  # noqa: B008
        held_out: HeldOut = HeldOut(),  # noqa: B008
        resolution: int = 512,
        random_flip: bool = False,
        batch_size: int | Literal["auto"] = 4,
        global_batch: int | None = None,
        num_workers: int = 0,
        shuffle_window: int = 256,
        max_bad_share: float = 0.05,
        limits: Limits = Limits(),  # noqa: B008
        seed: int = 0,
        allow_changes: bool = False,
        network: Network = Network(),  # noqa: B008
        cache: Cache | None = Cache(),  # noqa: B008
    ) -> None:
        super().__init__()
        check_batch_size(batch_size, global_batch)
        check_least("data.shuffle_window", shuffle_window, 1)
        check_least("data.num_workers", num_workers, 0)
        held_out.check_column(columns.book)
        self.path, self.split, self.revision = path, split, revision
        self.columns = columns
        self.captions = captions
        self.held_out = held_out
        self.resolution, self.random_flip = resolution, random_flip
        self.batch_size = 1 if batch_size == AUTO else batch_size  # until it is known what fits
        self.undecided = batch_size == AUTO
        self.global_batch = global_batch
        self.num_workers, self.shuffle_window = num_workers, shuffle_window
        self.seed = seed
        self.allow_changes = allow_changes
        self.network = network
        self.cache = cache
        self.known: Store | None = None  # opened by who knows the network
        self.contents: str | None = None
        self.limits = limits
        self.sides = Sides(path, self.plates, columns, held_out, seed)
        self.faults = Faults(max_bad_share, columns.image, columns.caption, self.sides.trains_on)
        self.counts = self.faults.state_dict()
        self.position = Position()

    @cached_property
    def stream(self) -> IterableDataset:
        """The rows of one pass, in their own order, pictures as bytes."""
        return open_stream(self.path, self.split, self.revision, self.columns, self.network)

    def plates(self) -> Iterator[dict[str, Any]]:
        """The rows of one pass, whatever their server does."""
        return self.network.read(self.stream)

    def setup(self, stage: str) -> None:
        """Open the stream, read the held-out plates: what is wrong shows at once."""
        self.contents = contents_of(self.path, self.stream)
        self.held_out_sample()  # reads them
        if stage == "fit" and not self.undecided:
            self.decide(self.batch_size)

    def train_dataloader(self) -> PlateLoader:
        """Endless shuffled batches, from where the run stands; as long as the run is."""
        assert self.trainer is not None
        rows = ShuffledRows(
            self.stream,
            self.sides.trains_on,
            self.seed,
            self.shuffle_window,
            self.position,
            self.trainer.global_rank,
            self.trainer.world_size,
            self.batch_size,
            self.network,
        )
        return self.loader(rows, True, self.known, self.num_batches(self.trainer))

    @property
    def share(self) -> int | None:
        """Illustrations per optimizer step and device, where the config says so."""
        assert self.trainer is not None
        return self.global_batch and share_of(self.global_batch, self.trainer.world_size)

    def decide(self, batch_size: int) -> None:
        """Make up the steps of batches of this size."""
        assert self.trainer is not None
        self.batch_size, self.undecided = batch_size, False
        if self.share is not None:
            accumulate(self.trainer, self.share, batch_size)

    def num_batches(self, trainer: Trainer) -> int:
        """Batches of the whole run: those behind it, and those of the steps to come."""
        behind = trainer.fit_loop.epoch_loop.batch_progress.current.ready
        return behind + (trainer.max_steps - trainer.global_step) * trainer.accumulate_grad_batches

    def val_dataloader(self) -> list[PlateLoader]:
        """The watched plates: held-out ones, then training ones; to each process its share.

        Raises:
            OldBookError: There is none for one of the processes.
        """
        assert self.trainer is not None
        share = slice(self.trainer.global_rank, None, self.trainer.world_size)
        sides = self.sides.watched()
        if self.trainer.world_size > max(map(len, sides)):
            raise OldBookError(
                f"{self.trainer.world_size} processes have too few plates to measure on: raise "
                "data.held_out.num_watched, or take fewer processes"
            )
        return [self.loader(rows[share], training=False) for rows in sides]

    def predict_dataloader(self) -> PlateLoader:
        """The watched plates of the held-out books."""
        return self.watched_sample()[0]

    def watched_sample(self) -> tuple[PlateLoader, PlateLoader]:
        """All watched plates, for whoever measures: held-out ones, then training ones."""
        held_out, training = self.sides.watched()
        return self.loader(held_out, training=False), self.loader(training, training=False)

    def held_out_sample(self) -> PlateLoader:
        """Batches of all held-out plates, for whoever measures."""
        return self.loader(self.sides.measured, training=False)

    def training_sample(self) -> PlateLoader:
        """Batches of the training plates, not augmented, read once as they are needed."""
        rows = self.sides.rows("trained on", self.held_out.max_training_plates)
        return self.loader(rows, training=False)

    def preparation(self, rank: int, world_size: int) -> PlateLoader:
        """Batches of every training plate of a process, in each way that training may show it."""
        ways = (False, True) if self.random_flip else (False,)
        rows = itertools.islice(self.sides.rows("trained on", None), rank, None, world_size)
        views = (replace(row, mirrored=mirrored) for row in rows for mirrored in ways)
        return self.loader(views, training=False, known=self.known)

    def loader(
        self,
        rows: Iterable[Row],
        training: bool,
        known: Store | None = None,
        num_batches: int | None = None,
    ) -> PlateLoader:
        """Decode and batch rows."""
        flip = training and self.random_flip
        about = (self.columns, self.captions, self.resolution)
        decode = Decode(*about, training, flip, known, self.limits, self.network)
        return PlateLoader(
            rows, decode, self.faults, self.batch_size, self.num_workers, num_batches
        )

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Remember the position of the training batch that is about to be used, and the counts.

        Not where the loader stands: Lightning fetches a batch ahead.
        """
        if self.trainer is not None and self.trainer.training:
            self.position, self.counts = batch["position"], batch["faults"]
        return batch

    def state_dict(self) -> dict[str, Any]:
        """The position, and what the run depends on besides."""
        depends = {"order": order_of(self), "batches": steps_of(self)}
        now = {"position": self.position._asdict(), "faults": self.counts}
        return {**now, **depends, "batch_size": self.batch_size}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to a position, where a run goes on; a checkpoint can be measured on any plates.

        Raises:
            OldBookError: The plates would come in another order, or otherwise.
        """
        assert self.trainer is not None
        if self.trainer.state.fn != "fit":
            return
        if self.undecided and self.share is not None:
            self.decide(kept_size(state_dict.get("batch_size"), self.share))
        check_continues(self, state_dict)
        self.position = Position(**state_dict["position"])
        self.counts = state_dict.get("faults", self.counts)
        self.faults.load_state_dict(self.counts)
