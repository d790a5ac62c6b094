"""When a run is saved, and how a file gets onto the disk."""

import os
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from oldbook_diffusion.errors import OldBookError


class Checkpoint(ModelCheckpoint):
    """Save every so many optimizer steps, after the drawings are scored, and at the end.

    The command line sets `trainer.val_check_interval` from `every_n_steps`, so that validation,
    drawings, scores and files share one clock and no file falls between two optimizer steps.

    Args:
        every_n_steps: Optimizer steps between two checkpoints.
        monitor: Logged scalar to rank checkpoints by, such as `style/normalised`; all are kept
            when null.
        mode: Whether more or less of it is better.
        keep: Number of best checkpoints to keep; all when -1.
    """

    def __init__(
        self,
        every_n_steps: int = 500,
        monitor: str | None = None,
        mode: Literal["max", "min"] = "max",
        keep: int = -1,
    ) -> None:
        super().__init__(
            filename="step={step:06d}",
            auto_insert_metric_name=False,
            monitor=monitor,
            mode=mode,
            save_top_k=keep,
            save_last="link",
        )
        self.every_n_steps = every_n_steps

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the last step too, where it is no multiple of the interval."""
        super().on_train_end(trainer, pl_module)
        if trainer.global_step != self._last_global_step_saved:
            candidates = self._monitor_candidates(trainer)
            self._save_none_monitor_checkpoint(trainer, candidates)
            self._save_last_checkpoint(trainer, candidates)


class DurableCheckpointIO(TorchCheckpointIO):
    """Writes a file whole or not at all, and never runs code that a file brings along.

    Lightning writes to the temporary folder and moves: from another filesystem that is a copy,
    and a full disk or a kill leaves half a file where a good one was.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write beside the goal, flush to the disk, rename."""
        goal = Path(path)
        goal.parent.mkdir(parents=True, exist_ok=True)
        draft = goal.with_name(f".{goal.name}.tmp")
        try:
            with draft.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(goal)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
            draft.unlink(missing_ok=True)
            raise OldBookError(
                f"cannot write the checkpoint {goal} ({error}); the earlier ones are untouched: "
                "make room and go on with --ckpt_path last"
            ) from error

    def load_checkpoint(
        self, path: str | os.PathLike[str], map_location: Any = None, weights_only: Any = None
    ) -> dict[str, Any]:
        """Read tensors and plain data.

        Raises:
            OldBookError: The file is not there, damaged, or more than tensors and plain data.
        """
        if not Path(path).is_file():
            raise OldBookError(f"there is no checkpoint {path}")
        try:
            return torch.load(path, map_location=map_location or "cpu", weights_only=True)
        except Exception as error:  # a damaged file raises nearly every kind
            raise OldBookError(
                f"the checkpoint {path} is damaged, or holds more than tensors and plain data; "
                "take an earlier one"
            ) from error
