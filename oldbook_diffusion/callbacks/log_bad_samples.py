"""LogBadSamples: plates that a run could not use, in a file of its folder."""

import logging

from lightning.pytorch import Callback, LightningModule, Trainer

from oldbook_diffusion.data import Illustrations
from oldbook_diffusion.run.context import RunContext

log = logging.getLogger(__name__)


class LogBadSamples(Callback):
    """Write every bad sample to the run's folder, and count them at the end."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give the tally its file, before the first plate is decoded."""
        if stage == "fit" and isinstance(data := trainer.datamodule, Illustrations):  # type: ignore[attr-defined]
            data.bad_samples.file = RunContext(trainer).folder.bad_samples

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Warn how many visits were to bad samples, and to enlarged ones."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        if stage != "fit" or not isinstance(data, Illustrations):
            return
        if enlarged := data.progress.counts.get("num_enlarged"):  # older checkpoints lack it
            log.warning(
                "%d of %d visits were to plates smaller than data.resolution, which are enlarged: "
                "lower data.resolution, or raise data.images.min_side to leave them out",
                *(enlarged, data.progress.counts["num_seen"]),
            )
        reasons = data.progress.counts["reasons"]
        if total := sum(reasons.values()):
            log.warning(
                "%d of %d visits were to plates that cannot be used and were replaced: %s; "
                "%s names each plate",
                total,
                data.progress.counts["num_seen"],
                ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())),
                data.bad_samples.file,
            )
