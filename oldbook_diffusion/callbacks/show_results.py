"""What to open when a run is over."""

import logging
import sys
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

from oldbook_diffusion.drawing import WEIGHTS
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.report import report
from oldbook_diffusion.run.folder import going_on, run_folder

log = logging.getLogger(__name__)


class ShowResults(Callback):
    """Say at the end where everything is."""

    @rank_zero_only
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write a line for each thing to open, when everything else is written."""
        if stage != "fit":
            return
        folder = run_folder(trainer)
        last, best = (
            folder / f"checkpoints/step={trainer.global_step:06d}",
            folder / "checkpoints/best",
        )
        files = {
            "page": self.write_page(folder),
            "before/after": folder / "before_after.png",
            "drawings": folder / "images",
            "adapter": (best if best.exists() else last) / WEIGHTS,
        }
        lines = {
            "curves": f"tensorboard --logdir {folder}",
            **{name: file for name, file in files.items() if file.exists()},
            "go on": going_on(trainer, saves=False),
        }
        sys.stdout.write("\n" + "".join(f"{name:>14}  {what}\n" for name, what in lines.items()))

    def write_page(self, folder: Path) -> Path:
        """Write the report; a run that has drawn nothing, or a full disk, goes without."""
        try:
            report([folder])
        except (OldBookError, OSError) as error:
            log.info("no page is written: %s", error)
        return folder / "report.html"
