"""FillCache: encodes what a run will need before it starts, for `oldbook prepare`."""

import logging

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar

from oldbook_diffusion.batch import Batch, to_unit_range
from oldbook_diffusion.cache.store import Store
from oldbook_diffusion.data import Illustrations
from oldbook_diffusion.data.loader import PlateLoader
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


class FillCache(LightningModule):
    """Encodes every plate and prompt that training may need, and caches the results.

    Cached plates and prompts are neither decoded nor encoded again, so that `oldbook prepare`
    resumes where an earlier one has stopped.

    Args:
        system: Its frozen parts encode.
        data: Its training plates are encoded.
    """

    def __init__(self, system: StyleDiffusion, data: Illustrations) -> None:
        super().__init__()
        self.system = system
        self.data = data

    def setup(self, stage: str) -> None:
        """Store the encoders in the precision of the run."""
        self.system.setup(stage)

    def predict_dataloader(self) -> PlateLoader:
        """The plates of this process; by now the networks are on the device of the run."""
        self.system.open_cache(self.data)
        return self.data.cache_sample(self.trainer.global_rank, self.trainer.world_size)

    def predict_step(self, batch: Batch, batch_idx: int) -> None:
        """Encode a batch."""
        images = to_unit_range(batch["images"])
        self.system.encoder.moments(images, batch["moments"], batch["keys"])
        self.system.encoder.conditioning(batch["prompts"])

    def on_predict_end(self) -> None:
        """Encode the empty prompt too, where captions are dropped; flush the cache."""
        if self.data.captions.dropout:
            with self.trainer.precision_plugin.forward_context():
                self.system.encoder.conditioning([""])
        self.system.encoder.flush()


def fill_cache(trainer: Trainer, system: StyleDiffusion, data: Illustrations) -> None:
    """Fill the cache, with a progress bar and no other callback of a run.

    Raises:
        OldBookError: There is no cache, or its folder cannot be written.
    """
    if data.cache is None:
        raise OldBookError("there is no cache to fill: data.cache is null")
    callbacks: list[ProgressBar] = []
    if trainer.progress_bar_callback is not None:
        callbacks = [trainer.progress_bar_callback]
    trainer.callbacks = callbacks  # type: ignore[attr-defined]
    trainer.predict(FillCache(system, data), return_predictions=False)
    pictures, prompts = system.encoder.images, system.encoder.prompts
    log.info(
        "everything is encoded; with what other runs have left, the cache of these networks holds "
        "%d pictures and %d prompts",
        count(pictures),
        count(prompts),
    )


def count(store: Store | None) -> int:
    """Number of entries of a store.

    Raises:
        OldBookError: There is no store.
    """
    if store is None:
        raise OldBookError("nothing was kept: set data.cache.folder to a folder you can write to")
    return len(store)
