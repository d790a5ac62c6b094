"""Checkpoint: when a run is saved, and how many checkpoints are kept."""

from difflib import get_close_matches
from typing import Any, Literal

import torch
from jsonargparse.typing import PositiveInt
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.catalogue import CURVES
from oldbook_diffusion.optimization import resume_with_settings
from oldbook_diffusion.run.layout import STEP
from oldbook_diffusion.run.profile import Stopwatch
from oldbook_diffusion.system import StyleDiffusion


class Checkpoint(ModelCheckpoint):
    """Save every N optimizer steps, before and after the samples are scored, and at the end.

    The command line sets `trainer.val_check_interval` from `every_n_train_steps`, so that
    validation, samples, scores and files share one clock and no file falls between two optimizer
    steps.

    Args:
        every_n_train_steps: Optimizer steps between two checkpoints.
        monitor: Logged scalar to rank checkpoints by, such as `style/normalized`; all are kept
            when null.
        mode: Whether more or less of it is better.
        save_top_k: Number of best checkpoints to keep; all when -1.
    """

    def __init__(
        self,
        every_n_train_steps: PositiveInt = 500,
        monitor: str | None = None,
        mode: Literal["max", "min"] = "max",
        save_top_k: int = -1,
    ) -> None:
        check_monitor(monitor)
        super().__init__(
            filename=STEP,
            auto_insert_metric_name=False,
            monitor=monitor,
            mode=mode,
            save_top_k=save_top_k,
            save_last="link",
            enable_version_counter=False,  # a step that comes again takes the place of its file
        )
        self.every_n_train_steps = every_n_train_steps
        self.stopwatch = Stopwatch()
        self.saved_step = 0
        self.unscored_step = 0

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Resume at a step, by the optimizer's settings and the schedule that the config has now.

        Batches are counted anew where a step takes more of them now, or fewer.
        """
        if trainer.state.fn != "fit":
            return
        assert isinstance(pl_module, StyleDiffusion)
        resume_with_settings(checkpoint, *pl_module.build_optimization())
        behind = checkpoint["global_step"] * trainer.accumulate_grad_batches
        progress = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]
        for part in ("total", "current"):
            progress[part] = dict.fromkeys(progress[part], behind)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save before anything is sampled and scored, which may be killed; and owe that."""
        debugging = trainer.fast_dev_run or trainer.sanity_checking  # type: ignore[attr-defined]
        if debugging or trainer.state.fn != "fit" or trainer.global_step == self.saved_step:
            return
        progress = trainer.fit_loop.epoch_loop.val_loop.batch_progress
        present = progress.state_dict()
        owe_validation(trainer)
        with self.stopwatch.time("checkpoint"):
            trainer.save_checkpoint(self.file(trainer))
        progress.load_state_dict(present)
        self.unscored_step = trainer.global_step

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save with the scores, in the place of what has none; keep only what ranks high."""
        super().on_validation_end(trainer, pl_module)
        if self.unscored_step == trainer.global_step != self.saved_step:
            trainer.strategy.remove_checkpoint(self.file(trainer))

    def file(self, trainer: Trainer) -> str:
        """The file of the present step."""
        return self.format_checkpoint_name({"step": torch.tensor(trainer.global_step)})

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the last step too, where it is no multiple of the interval."""
        self.save(trainer)  # first: Lightning would save it under the name of the last alone
        super().on_train_end(trainer, pl_module)

    def save(self, trainer: Trainer) -> None:
        """Save the present step, whatever its scores; once."""
        if trainer.global_step != self.saved_step:
            step = {"step": torch.tensor(trainer.global_step)}
            # private: what is public counts the best, and would take this one for better
            self._save_checkpoint(trainer, self.file(trainer))
            self._save_last_checkpoint(trainer, step)

    # private: no hook tells when Lightning saves, nor how long it takes
    def _save_checkpoint(self, trainer: Trainer, filepath: str) -> None:
        with self.stopwatch.time("checkpoint"):
            super()._save_checkpoint(trainer, filepath)
        self.saved_step = trainer.global_step


def check_monitor(tag: str | None) -> None:
    """Refuse to rank by a score that no run logs; Lightning would at the first checkpoint.

    Raises:
        OldBookError: It is of a group of the catalogue, and not in it.
    """
    known = {each for curve in CURVES.values() for each in curve.tags}
    groups = {each.split("/")[0] for each in known}
    if tag is None or tag in known or tag.split("/")[0] not in groups:
        return
    (closest,) = get_close_matches(tag, sorted(known), n=1, cutoff=0)
    raise OldBookError(f"checkpoint.monitor {tag!r} is logged by no run: did you mean {closest!r}?")


def owe_validation(trainer: Trainer) -> None:
    """Have the resumed run start with the validation that is due."""
    # Lightning validates again only where it was inside of a batch
    progress = trainer.fit_loop.epoch_loop.val_loop.batch_progress
    progress.reset()
    progress.increment_ready()
    progress.increment_started()
