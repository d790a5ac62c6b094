"""EndOnSignal: a run that receives a signal, or that fails, saves and stops."""

import signal
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.optim import Optimizer

from oldbook_diffusion.callbacks.checkpoint import Checkpoint, owe_validation
from oldbook_diffusion.data.illustrations import Illustrations
from oldbook_diffusion.data.loader import SIGNALS
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.run.exit_status import status
from oldbook_diffusion.system import StyleDiffusion


class Terminated(BaseException):
    """The end of a run that got a signal.

    Args:
        trainer: Of the run.
        has_learnt: Whether there is something to save.

    Attributes:
        lines: The command that resumes, to print in the main process.
        status: The exit status.
    """

    def __init__(self, trainer: Trainer, has_learnt: bool) -> None:
        self.lines = (
            f"{RunContext(trainer).resume_command(has_learnt)}\n" if trainer.is_global_zero else ""
        )
        self.status = status(trainer, 128 + signal.SIGTERM)


class EndOnSignal(Callback):
    """On SIGTERM or SIGUSR1, save at the next optimizer step and exit.

    Lightning would exit with status 0 and save nothing, or save between two optimizer steps.
    Sampling and validation are interrupted, where one process does them, and started again by the
    resumed run. Where a step fails before it has changed a weight, such as for want of memory, what
    was learnt until then is saved too.
    """

    def __init__(self) -> None:
        self.signaled = False
        self.has_learnt = False
        self.updating = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Listen, in the place of Lightning's own handlers; it puts back what was before."""
        assert isinstance(pl_module, StyleDiffusion)
        for number in SIGNALS:
            signal.signal(number, self.receive)
        self.signaled = trainer.received_sigterm
        if trainer.world_size == 1:  # else the others would wait for this one's samples
            self.watch = pl_module.model.denoiser.register_forward_pre_hook(
                lambda *_: self.end_sampling(trainer)
            )

    def receive(self, *signal_and_frame: Any) -> None:
        """Remember the signal; a checkpoint is written between steps."""
        self.signaled = True

    def end_sampling(self, trainer: Trainer) -> None:
        """Stop before a forward pass without gradients."""
        if self.signaled and not torch.is_grad_enabled():
            raise Terminated(trainer, self.has_learnt)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Stop after an optimizer step, all processes after the same."""
        if (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        self.has_learnt, self.updating = True, False
        data_of(trainer).progress.mark_step()
        signaled = trainer.strategy.reduce_boolean_decision(self.signaled, all=False)
        if not signaled or trainer.global_step >= trainer.max_steps:  # the run stops soon anyway
            return
        if not (batch_idx + 1) % int(trainer.val_check_batch or 1):
            owe_validation(trainer)
        raise Terminated(trainer, self.has_learnt)

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Notice that weights are about to change."""
        self.updating = True

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Save the weights, also where a step, sampling or scoring fails, or no more data comes."""
        failed = isinstance(exception, Exception | KeyboardInterrupt)
        alone = trainer.world_size == 1  # else the others would wait, or this one for them
        ended = isinstance(exception, Terminated) or (
            alone and (trainer.validating or (failed and trainer.training and not self.updating))
        )
        if ended and self.has_learnt:
            if trainer.validating:
                owe_validation(trainer)
            data_of(trainer).progress.return_to_step()
            assert isinstance(trainer.checkpoint_callback, Checkpoint)
            trainer.checkpoint_callback.save(trainer)
        trainer.fit_loop.teardown()  # Lightning forgets its workers where a validation was on

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the network as it was."""
        if trainer.world_size == 1:
            self.watch.remove()


def data_of(trainer: Trainer) -> Illustrations:
    """The data of a run."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    assert isinstance(data, Illustrations)
    return data
