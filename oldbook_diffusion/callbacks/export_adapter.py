"""ExportAdapter: the trained weights at each checkpoint, in formats of other programs."""

import logging

from lightning.pytorch import Callback, LightningModule, Trainer

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.export import FORMATS, Exporter, export
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


class ExportAdapter(Callback):
    """Write the trained weights beside each checkpoint, in each format that can hold them.

    Args:
        formats: Formats to write; all that support the method when null, none when empty.
    """

    def __init__(self, formats: list[Exporter] | None = None) -> None:
        self.formats = formats
        self.supported: list[Exporter] = []
        self.last_step = -1

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse a format that cannot hold what is trained; warn where there is none.

        Raises:
            OldBookError: A format was asked for that does not support the method.
        """
        assert isinstance(pl_module, StyleDiffusion)
        method, model = pl_module.method, pl_module.model
        default = [one for one in FORMATS if one.by_default]
        formats = default if self.formats is None else self.formats
        supported = [one for one in formats if one.supports(method, model)]
        unsupported = [one.name for one in self.formats or [] if one not in supported]
        if unsupported:
            raise OldBookError(
                f"export.formats: {unsupported[0]} cannot hold what {type(method).__name__} "
                "trains: set export.formats to null to write all formats that can"
            )
        if formats and not supported:
            log.warning("no format holds what %s trains: checkpoints only", type(method).__name__)
        for one in formats:
            if one not in supported and (why := one.why_not(method, model)):
                log.info("%s is not written at checkpoints: %s", one.name, why)
        self.supported = supported

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write at every checkpoint of a training run."""
        if trainer.state.fn == "fit":
            self.export(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write what the last step has learned."""
        self.export(trainer, pl_module)

    def export(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write from one process; the weights are the same in all."""
        assert isinstance(pl_module, StyleDiffusion)
        if not trainer.is_global_zero or trainer.global_step == self.last_step:
            return
        self.last_step = trainer.global_step
        folder = RunContext(trainer).folder.adapter(trainer.global_step)
        for exporter in self.supported:
            try:
                export(exporter, pl_module.method, pl_module.model, folder)
            except (OSError, OldBookError) as error:  # the checkpoint holds the same weights
                log.warning("%s is not written to %s: %s", exporter.name, folder, error)
