"""The datamodule: captioned illustrations of old books, streamed."""

import itertools
import math
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import torch
from jsonargparse.typing import NonNegativeInt, PositiveInt
from lightning.pytorch import LightningDataModule, Trainer

from oldbook_diffusion.batch import Batch
from oldbook_diffusion.cache.settings import Cache
from oldbook_diffusion.cache.store import Store
from oldbook_diffusion.data.bad_samples import BadSamples
from oldbook_diffusion.data.batch_size import (
    AUTO,
    PLATES_PER_STEP,
    accumulate,
    check_batch_size,
    kept_size,
    share_of,
)
from oldbook_diffusion.data.captions import Captions
from oldbook_diffusion.data.decode import Decode
from oldbook_diffusion.data.fingerprint import check_resumes
from oldbook_diffusion.data.loader import PlateLoader
from oldbook_diffusion.data.opening import open_dataset
from oldbook_diffusion.data.progress import Progress
from oldbook_diffusion.data.sampler import Row, ShuffledRows
from oldbook_diffusion.data.seek import Rows
from oldbook_diffusion.data.sources import source_of
from oldbook_diffusion.data.split import HeldOut, Split
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.data.transforms import Images
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.fingerprint import plain
from oldbook_diffusion.transfer import pinned


class Illustrations(LightningDataModule):
    """Datamodule of captioned plates: streamed, centre-cropped, some of them held out.

    Its state is a position; a run that is resumed from it sees what it would have seen.

    Args:
        path: Hub name, folder of images with a `metadata.jsonl`, parquet or webdataset, or the
            URL of a parquet file or a tar.
        columns: Names of the columns.
        stream: How the dataset is streamed.
        captions: How captions become prompts.
        images: Which images are used, and how they are augmented.
        held_out: What is kept from training, to evaluate on.
        resolution: Side of the square crops, in pixels.
        batch_size: Plates per batch on a device; `auto` finds how many fit in memory, at most
            `global_batch_size`.
        global_batch_size: Plates per optimizer step, of all devices; what does not fit at once
            is accumulated, and `trainer.accumulate_grad_batches` follows. When null it is
            `batch_size` times that on each device.
        num_workers: Processes that decode; the main one when 0.
        seed: Seed of the order, the split and every draw.
        cache: Where latents and text embeddings are kept once computed; nowhere when null.
    """

    def __init__(
        self,
        path: str,
        columns: Columns = Columns(),  # noqa: B008
        stream: Stream = Stream(),  # noqa: B008
        captions: Captions = Captions(),  # noqa: B008
        images: Images = Images(),  # noqa: B008
        held_out: HeldOut = HeldOut(),  # noqa: B008
        resolution: PositiveInt = 512,
        batch_size: PositiveInt | Literal["auto"] = 4,
        global_batch_size: PositiveInt | None = None,
        num_workers: NonNegativeInt = 0,
        seed: int = 0,
        cache: Cache | None = Cache(),  # noqa: B008
    ) -> None:
        super().__init__()
        check_batch_size(batch_size, global_batch_size)
        held_out.check_column(columns.book)
        captions.check_column(columns.caption)
        self.path, self.columns, self.stream = path, columns, stream
        self.captions, self.images, self.held_out = captions, images, held_out
        self.resolution = resolution
        self.batch_size = 1 if batch_size == AUTO else batch_size  # until it is known what fits
        self.undecided = batch_size == AUTO
        self.global_batch_size = global_batch_size
        self.num_workers, self.seed, self.cache = num_workers, seed, cache
        self.cached: Store | None = None  # opened by who knows the network
        self.source = source_of(path, columns)
        self.split = Split(path, self.plates, self.source.name_of, columns, held_out, seed)
        self.bad_samples = BadSamples(
            images.max_bad_fraction, columns.image, columns.caption, self.split.trains_on
        )
        self.progress = Progress(self.bad_samples.state_dict())

    @cached_property
    def rows(self) -> Rows:
        """The rows of one epoch, in their own order, images as bytes."""
        return open_dataset(self.source, self.stream, self.columns)

    def plates(self) -> Rows:
        """The rows of one epoch; the dataset is opened when they are asked for."""
        return self.rows

    def setup(self, stage: str) -> None:
        """Open the dataset and read the held-out plates, so that errors show at once."""
        self.held_out_sample()  # reads them
        if stage == "fit" and not self.undecided:
            self.decide(self.batch_size)

    def train_dataloader(self) -> PlateLoader:
        """Shuffled batches, from the position of the run to its last step."""
        assert self.trainer is not None
        rows = ShuffledRows(
            self.rows,
            self.split.trains_on,
            self.seed,
            self.stream.shuffle_buffer_size,
            self.progress.position,
            self.trainer.global_rank,
            self.trainer.world_size,
            self.batch_size,
        )
        return self.loader(rows, True, self.cached, self.num_batches(self.trainer))

    @property
    def share(self) -> int | None:
        """Plates per optimizer step and device, where the config says so."""
        assert self.trainer is not None
        return self.global_batch_size and share_of(self.global_batch_size, self.trainer.world_size)

    def decide(self, batch_size: int) -> None:
        """Set the batch size, and accumulate as many batches as a step needs."""
        assert self.trainer is not None
        self.batch_size, self.undecided = batch_size, False
        if self.share is not None:
            accumulate(self.trainer, self.share, batch_size)

    def num_batches(self, trainer: Trainer) -> int:
        """Batches of the whole run: those behind it, and those of the steps to come."""
        behind = trainer.fit_loop.epoch_loop.batch_progress.current.ready
        return behind + (trainer.max_steps - trainer.global_step) * trainer.accumulate_grad_batches

    def val_dataloader(self) -> list[PlateLoader]:
        """The monitored subsets: held-out plates, then training plates, divided among processes.

        Raises:
            OldBookError: There is none for one of the processes.
        """
        assert self.trainer is not None
        mine = slice(self.trainer.global_rank, None, self.trainer.world_size)
        subsets = self.split.monitored()
        if self.trainer.world_size > max(map(len, subsets)):
            raise OldBookError(
                f"{self.trainer.world_size} processes have too few plates to evaluate on: raise "
                "data.held_out.num_monitored, or use fewer processes"
            )
        return [self.loader(rows[mine], training=False) for rows in subsets]

    def predict_dataloader(self) -> PlateLoader:
        """The monitored held-out plates."""
        return self.monitored_sample()[0]

    def monitored_sample(self) -> tuple[PlateLoader, PlateLoader]:
        """Batches of the whole monitored subsets: held-out plates, then training plates."""
        held_out, training = self.split.monitored()
        return self.loader(held_out, training=False), self.loader(training, training=False)

    def held_out_sample(self) -> PlateLoader:
        """Batches of all held-out plates."""
        return self.loader(self.split.held_out_rows, training=False)

    def training_sample(self) -> PlateLoader:
        """Batches of the training plates, not augmented, read once as they are needed."""
        rows = self.split.rows("trained on", self.held_out.max_training_plates)
        return self.loader(rows, training=False)

    def cache_sample(self, rank: int, world_size: int) -> PlateLoader:
        """Batches of every training plate of a process, in each orientation that training uses."""
        ways = (False, True) if self.images.random_flip else (False,)
        rows = itertools.islice(self.split.rows("trained on", None), rank, None, world_size)
        views = (replace(row, mirrored=mirrored) for row in rows for mirrored in ways)
        return self.loader(views, training=False, cached=self.cached)

    def loader(
        self,
        rows: Iterable[Row],
        training: bool,
        cached: Store | None = None,
        num_batches: int | None = None,
    ) -> PlateLoader:
        """Decode and batch rows."""
        decode = Decode(
            self.columns,
            self.captions,
            self.resolution,
            training,
            cached,
            self.images,
            self.stream.network,
            self.source.holds,
        )
        return PlateLoader(
            rows, decode, self.bad_samples, self.batch_size, self.num_workers, num_batches
        )

    def transfer_batch_to_device(
        self, batch: Batch, device: torch.device, dataloader_idx: int
    ) -> Batch:
        """Send a batch, for which the processor does not wait."""
        return super().transfer_batch_to_device(pinned(batch, device), device, dataloader_idx)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Remember the position of the training batch that is about to be used, and the counts.

        Not the loader's: Lightning fetches a batch ahead.
        """
        if self.trainer is not None and self.trainer.training:
            self.progress.enter(batch)
        return batch

    def order(self) -> dict[str, Any]:
        """All that the order of the plates depends on."""
        settings = {
            **self.source.place,
            "data.stream.split": self.stream.split,
            "data.stream.subset": self.stream.subset,
            "data.stream.shuffle_buffer_size": plain(self.stream.shuffle_buffer_size),
            "seed_everything": self.seed,
        }
        contents = self.rows.contents and {"contents of data.path": self.rows.contents}
        return {**settings, **(contents or {})}

    def steps(self) -> dict[str, Any]:
        """All that a step depends on, given the order; not how it is divided among processes."""
        assert self.trainer is not None
        batches = (self.batch_size, self.trainer.accumulate_grad_batches, self.trainer.world_size)
        return {
            "data.columns": plain(self.columns),
            "data.captions": plain(self.captions),
            "data.resolution": plain(self.resolution),
            "data.images.random_flip": self.images.random_flip,
            "data.images.max_pixels": plain(self.images.max_pixels),
            "data.images.min_side": plain(self.images.min_side),
            "data.held_out.fraction": plain(self.held_out.fraction),
            "data.held_out.books": plain(self.held_out.books),
            PLATES_PER_STEP: plain(self.global_batch_size or math.prod(batches)),
        }

    def state_dict(self) -> dict[str, Any]:
        """The position, and what the run depends on besides."""
        depends = {"order": self.order(), "batches": self.steps()}
        return {**self.progress.state_dict(), **depends, "batch_size": plain(self.batch_size)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to a position, in training; a checkpoint can be evaluated on any plates.

        Raises:
            OldBookError: The plates would come in another order, or otherwise.
        """
        assert self.trainer is not None
        if self.trainer.state.fn != "fit":
            return
        if self.undecided and self.share is not None:
            self.decide(kept_size(state_dict.get("batch_size"), self.share))
        if not self.stream.allow_changes:
            check_resumes(state_dict, self.order(), self.steps())
        self.progress.load_state_dict(state_dict)
        self.bad_samples.load_state_dict(self.progress.counts)
