"""The adapter, where any diffusers pipeline can load it."""

import logging

from lightning.pytorch import Callback, LightningModule, Trainer
from safetensors import SafetensorError

from oldbook_diffusion.adapter import export_adapter
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


class ExportAdapter(Callback):
    """Write the adapter beside each checkpoint: `checkpoints/step=N/`."""

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write at every checkpoint of a training run."""
        if trainer.state.fn == "fit":
            self.export(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write what the last step has learnt."""
        self.export(trainer, pl_module)

    def export(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write from one process; adapters are the same in all."""
        assert isinstance(pl_module, StyleDiffusion)
        if trainer.is_global_zero:
            folder = RunContext(trainer).folder.adapter(trainer.global_step)
            try:
                export_adapter(pl_module.model.unet, folder)
            except (
                OSError,
                SafetensorError,
                OldBookError,
            ) as error:  # the checkpoint holds the same weights
                log.warning("the adapter is not exported to %s: %s", folder, error)
