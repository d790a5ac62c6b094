"""SelectCheckpoint: the checkpoint that a run recommends, by a rule written in its config."""

import logging

from jsonargparse.typing import PositiveInt
from lightning.pytorch import Callback, LightningModule, Trainer

from oldbook_diffusion.callbacks.evaluate import Evaluate
from oldbook_diffusion.evaluation.selection import has_scores, is_settled, recommend
from oldbook_diffusion.metrics.selection import Rule
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


class SelectCheckpoint(Callback):
    """Select a checkpoint at the end of a run, link to it, and confirm it on fresh noise.

    Args:
        rule: What a checkpoint must keep to be selected.
        patience: Stop when the same checkpoint stays selected for this many checkpoints; never
            when null.
    """

    def __init__(self, rule: Rule = Rule(), patience: PositiveInt | None = None) -> None:  # noqa: B008
        self.rule = rule
        self.patience = patience

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop early where the selection has been the same for long."""
        if self.patience is None or trainer.state.fn != "fit":
            return
        context, settled = RunContext(trainer), None
        if context.is_main and has_scores(context.folder):
            settled = is_settled(context.folder, self.rule, self.patience)
        if (step := context.broadcast(settled)) is not None:
            log.info(
                "Early stopping: step %d is still selected %d checkpoints later.",
                step,
                self.patience,
            )
            trainer.should_stop = True

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Select among all checkpoints of the run, those before it was resumed too."""
        assert isinstance(pl_module, StyleDiffusion)
        context, selected = RunContext(trainer), None
        if context.is_main and has_scores(context.folder):
            choice = recommend(context.folder, self.rule)
            log.info(choice.reason)
            selected = choice.step
        if (step := context.broadcast(selected)) is not None:
            for callback in trainer.callbacks:  # type: ignore[attr-defined]
                if isinstance(callback, Evaluate):
                    callback.confirm(context, pl_module, step)
