"""What to open when a run is over."""

import sys
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

from oldbook_diffusion.callbacks.run_folder import run_folder
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.report import report


class ShowResults(Callback):
    """Say at the end where everything is."""

    @rank_zero_only
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write a line for each thing to open, when everything else is written."""
        if stage != "fit":
            return
        folder = run_folder(trainer)
        step = f"step={trainer.global_step:06d}"
        lines = {
            "page": self.write_page(folder),
            "curves": f"tensorboard --logdir {folder}",
            "before/after": folder / "before_after.png",
            "drawings": folder / "images",
            "adapter": folder / "checkpoints" / step / "pytorch_lora_weights.safetensors",
            "go on": f"oldbook fit --config {folder / 'config.yaml'} --ckpt_path last",
        }
        sys.stdout.write("\n" + "".join(f"{name:>14}  {what}\n" for name, what in lines.items()))

    def write_page(self, folder: Path) -> str:
        """Write the report; a run that has drawn nothing, or a full disk, goes without."""
        try:
            return str(report([folder])[0])
        except (OldBookError, OSError) as error:
            return f"not written: {error}"
