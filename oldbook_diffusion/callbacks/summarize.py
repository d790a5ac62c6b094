"""Summarize: what a run is going to do, before it does."""

import logging

from lightning.pytorch import Callback, LightningModule, Trainer

from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


class Summarize(Callback):
    """Tell in a few lines what is trained, on what, how long and where."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the lines, from one process."""
        assert isinstance(pl_module, StyleDiffusion)
        if trainer.is_global_zero:
            for line in summary(trainer, pl_module):
                log.info("%s", line)


def summary(trainer: Trainer, system: StyleDiffusion) -> list[str]:
    """The lines."""
    model, context = system.model, RunContext(trainer)
    trained = [p for p in model.parameters() if p.requires_grad]
    number = sum(p.numel() for p in trained)
    whole = sum(p.numel() for p in model.denoiser.parameters())
    batches = (context.data.batch_size, trainer.accumulate_grad_batches, trainer.world_size)
    plates = batches[0] * batches[1] * batches[2]
    held_out = len(context.data.split.held_out_rows)
    return [
        f"{type(system.method).__name__} on {type(model).__name__} {model.pretrained}: {number:,} "
        f"parameters are trained, {number / whole:.1%} of the denoiser's",
        f"{trainer.max_steps} steps of {plates} plates ({batches[0]} at once, {batches[1]} times, "
        f"{batches[2]} devices), from step {trainer.global_step} on; {held_out} plates held out",
        f"{trainer.strategy.root_device}, precision {trainer.precision}; {context.folder.path}",
    ]
