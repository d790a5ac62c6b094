"""What a run says about plates that it could not use."""

import logging

from lightning.pytorch import Callback, LightningModule, Trainer

from oldbook_diffusion.data import Illustrations
from oldbook_diffusion.run.folder import run_folder

log = logging.getLogger(__name__)

FILE = "bad_samples.jsonl"


class LogBadSamples(Callback):
    """Write every bad plate down in the run's folder, and count them at the end."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give the tally its file, before the first plate is decoded."""
        if stage == "fit" and isinstance(data := trainer.datamodule, Illustrations):  # type: ignore[attr-defined]
            data.faults.file = run_folder(trainer) / FILE

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Say how many visits were to bad plates."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        if stage != "fit" or not isinstance(data, Illustrations):
            return
        reasons = data.counts["reasons"]
        if total := sum(reasons.values()):
            log.warning(
                "%d of %d visits were to plates that cannot be used, others took their place: %s; "
                "%s names each plate",
                total,
                data.counts["num_seen"],
                ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())),
                data.faults.file,
            )
