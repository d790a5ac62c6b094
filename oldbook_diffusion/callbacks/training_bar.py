"""TrainingBar: one bar of optimizer steps, and a line at each checkpoint."""

import logging
import sys
import time
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar
from tqdm import tqdm

from oldbook_diffusion.metrics.catalogue import RECALL, STYLE, TRAIN_LOSS
from oldbook_diffusion.run.context import RunContext

log = logging.getLogger(__name__)

SECONDS = 1.0  # between two looks at the loss, for each of which a GPU is waited for


class TrainingBar(ProgressBar):
    """Show steps, loss and learning rate of a training run, in a terminal alone.

    The time that is left is estimated from the whole of the run, sampling and scoring included.
    At each checkpoint a line tells the scores and where the samples are, in a file of output too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.wanted = True
        self.bar: tqdm | None = None
        self.looked = 0.0

    def disable(self) -> None:
        """Show nothing; Lightning asks for it in all processes but the main one."""
        self.wanted = False

    def enable(self) -> None:
        """Show the bar again."""
        self.wanted = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin at the step that the run goes on from."""
        self.bar = tqdm(
            total=trainer.max_steps,
            initial=trainer.global_step,
            desc="training",
            unit="step",
            file=sys.stderr,  # as it is now: tqdm takes the one there was when it was imported
            smoothing=0,  # else the estimate would forget the samples between two checkpoints
            dynamic_ncols=True,
            disable=None if self.wanted else True,  # null: where there is no terminal
        )

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count optimizer steps, and look at the loss now and then."""
        if self.bar is None or self.bar.disable or trainer.global_step == self.bar.n:
            return
        if time.monotonic() - self.looked > SECONDS:
            self.looked = time.monotonic()
            self.bar.set_postfix(self.figures(trainer), refresh=False)
        self.bar.update(trainer.global_step - self.bar.n)

    def figures(self, trainer: Trainer) -> dict[str, str]:
        """Loss, learning rate and the last scores, as far as they are known."""
        found = trainer.callback_metrics
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        shown = {"loss": TRAIN_LOSS, "style": STYLE, "recall": RECALL}
        scores = {name: f"{float(found[x.tag]):.3g}" for name, x in shown.items() if x.tag in found}
        return {**scores, "lr": f"{rate:.3g}"}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell what a checkpoint is worth, and where its samples are."""
        if trainer.state.fn != "fit" or not trainer.is_global_zero:
            return
        found = {tag: float(value) for tag, value in trainer.callback_metrics.items()}
        told = [
            f"{name} {curve.in_words(found)}"
            for name, curve in {"style": STYLE, "prompt recall": RECALL}.items()
            if curve.tag in found
        ]
        samples = RunContext(trainer).folder.samples_of(trainer.global_step)
        told += [f"samples in {samples}"] if samples.is_dir() else []
        step = f"step {trainer.global_step} of {trainer.max_steps}"
        with tqdm.external_write_mode(file=sys.stderr):
            log.info("%s", f"{step}: {'; '.join(told)}" if told else step)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the bar as it is."""
        self.close()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Leave the bar as it is, above the message."""
        self.close()

    def close(self) -> None:
        """End the line of the bar."""
        if self.bar is not None:
            self.bar.close()
