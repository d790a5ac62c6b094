"""What to open when a run is over."""

import sys

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

from oldbook_diffusion.callbacks.run_folder import run_folder


class ShowResults(Callback):
    """Say at the end where everything is."""

    @rank_zero_only
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write a line for each thing to open."""
        folder = run_folder(trainer)
        step = f"step={trainer.global_step:06d}"
        lines = {
            "curves": f"tensorboard --logdir {folder}",
            "before/after": folder / "before_after.png",
            "drawings": folder / "images",
            "adapter": folder / "checkpoints" / step / "pytorch_lora_weights.safetensors",
            "go on": f"oldbook fit --config {folder / 'config.yaml'} --ckpt_path last",
        }
        sys.stdout.write("\n" + "".join(f"{name:>14}  {what}\n" for name, what in lines.items()))
