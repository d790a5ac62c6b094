"""AutoBatchSize: how many plates fit in memory at once."""

import logging

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.seed import isolate_rng

from oldbook_diffusion.data import Illustrations
from oldbook_diffusion.data.batch_size import sizes
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.library_errors import is_out_of_memory
from oldbook_diffusion.run.memory import forget_peak, peak_memory, room, used_memory
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


class AutoBatchSize(Callback):
    """Make up an optimizer step of as few batches as memory allows, where the config asks for it.

    Tries real steps on noise, from one plate upwards; weights and random numbers are unchanged.
    A resumed run keeps its batch size.
    """

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find the batch size; by now the networks are on the device of the run."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, Illustrations)
        assert isinstance(pl_module, StyleDiffusion)
        if not data.undecided or data.share is None:
            return
        with isolate_rng(), trainer.precision_plugin.forward_context():
            fits = largest_that_fits(pl_module, sizes(data.share), data.resolution)
        # the same in all processes, or they would not step together
        every = trainer.strategy.reduce(
            torch.tensor(fits, device=pl_module.device), reduce_op="min"
        )
        data.decide(int(every))
        log.info(
            "%d of the %d plates of a step fit in memory at once",
            data.batch_size * trainer.world_size,
            data.global_batch_size,
        )


def largest_that_fits(system: StyleDiffusion, candidates: list[int], resolution: int) -> int:
    """Try batches from small to large, as long as the next is likely to fit.

    Raises:
        OldBookError: None does.
    """
    before, free = used_memory(system.device), room(system.device)
    largest, for_each = 0, 0.0
    for size in candidates:
        if largest and size * for_each > free:
            break
        forget_peak(system.device)
        try:
            system.rehearse(size, resolution)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            break
        largest = size
        for_each = max(0, peak_memory(system.device) - before) / size
    if not largest:
        raise OldBookError(
            "not even one plate fits in memory: set model.gradient_checkpointing to true, or lower "
            "data.resolution"
        )
    return largest
