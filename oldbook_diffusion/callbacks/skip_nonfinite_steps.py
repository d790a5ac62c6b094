"""SkipNonfiniteSteps: optimizer steps whose loss or gradient is NaN or inf change nothing."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from jsonargparse.typing import PositiveInt
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from oldbook_diffusion.batch import Batch
from oldbook_diffusion.callbacks.checkpoint import Checkpoint
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.catalogue import SKIPPED

log = logging.getLogger(__name__)


class SkipNonfiniteSteps(Callback):
    """Leave weights and moments as they are where a loss or a gradient is NaN or inf.

    An optimizer that can skip by itself (`fused: true`) gets a flag on the device, and the CPU
    reads it a step later, without waiting; any other costs one synchronization per optimizer step.

    Args:
        max_consecutive: Consecutive skipped steps that stop the run.
    """

    def __init__(self, max_consecutive: PositiveInt = 10) -> None:
        self.max_consecutive = max_consecutive
        self.skipped = 0
        self.consecutive = 0
        self.good: list[Tensor] = []  # of the losses since the last step
        self.plates: list[str] = []
        self.pending: deque[tuple[Callable[[], bool], list[str]]] = deque()

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """Remember the plates of a step."""
        pairs = zip(batch["prompts"], batch["seeds"], strict=True)
        self.plates += [f"{prompt!r} (seed {seed})" for prompt, seed in pairs]

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """Remember whether the losses of a step are finite."""
        self.good.append(loss.detach().isfinite().all())

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Keep the optimizer from a nonfinite step."""
        scales = getattr(trainer.precision_plugin, "scaler", None) is not None
        # a scaler skips bad gradients itself, and makes some on purpose to find its scale
        good = torch.stack(self.good if scales else [*self.good, finite_gradients(optimizer)])
        bad = trainer.strategy.reduce((~good.all()).float(), reduce_op="sum").clamp(max=1)
        # private: how a GradScaler asks an optimizer to skip, and there is no other way
        if not scales and getattr(optimizer, "_step_supports_amp_scaling", False):
            optimizer.found_inf = bad  # type: ignore[attr-defined]
        elif not scales and bool(bad):
            optimizer.zero_grad(set_to_none=True)  # what has no gradient does not move
        self.pending.append((fetch(bad), self.plates))
        self.good, self.plates = [], []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count; stop the run after too many consecutive skipped steps.

        Raises:
            OldBookError: There were too many; the weights before them are saved.
        """
        if (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        lag = int(pl_module.device.type == "cuda")
        plates = self.count(lag)
        pl_module.log(SKIPPED.tag, float(self.skipped))
        if self.consecutive < self.max_consecutive:
            return
        assert isinstance(trainer.checkpoint_callback, Checkpoint)
        trainer.checkpoint_callback.save(trainer)
        raise OldBookError(
            f"loss is NaN or inf for {self.consecutive} consecutive steps, last at step "
            f"{trainer.global_step - lag} with {', '.join(plates)}: the weights before them are "
            "saved; lower the learning rate or leave these plates out, and resume with "
            "--ckpt_path last"
        )

    def count(self, lag: int = 0) -> list[str]:
        """Read the flags of all but the last steps; give the plates of the last one skipped."""
        last: list[str] = []
        while len(self.pending) > lag:
            read, plates = self.pending.popleft()
            bad = read()
            self.consecutive = self.consecutive + 1 if bad else 0
            if bad:
                last = plates
                self.skipped += 1
                log.warning("a step is skipped, its loss is NaN or inf: %s", ", ".join(plates))
        return last

    def state_dict(self) -> dict[str, Any]:
        """The count, so that the curve continues."""
        self.count()
        return {"skipped": self.skipped}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue the count."""
        self.skipped = state_dict["skipped"]


def finite_gradients(optimizer: Optimizer) -> Tensor:  # => bool scalar
    """Whether all gradients are finite, as a flag on the device."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    gradients = [p.grad for p in parameters if p.grad is not None]
    return torch.stack([gradient.norm().isfinite() for gradient in gradients]).all()


def fetch(flag: Tensor) -> Callable[[], bool]:
    """Copy a flag to the CPU while the device works on; read it later."""
    if not flag.is_cuda:
        return lambda: bool(flag)
    copy = torch.empty((), pin_memory=True).copy_(flag, non_blocking=True)
    arrived = torch.cuda.Event()
    arrived.record()

    def read() -> bool:
        arrived.synchronize()
        return bool(copy)

    return read
