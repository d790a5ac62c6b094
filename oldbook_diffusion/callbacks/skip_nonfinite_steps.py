"""What a run does when the loss is no number."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from oldbook_diffusion.callbacks.checkpoint import Checkpoint
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.catalogue import SKIPPED
from oldbook_diffusion.system import Illustrated

log = logging.getLogger(__name__)


class SkipNonfiniteSteps(Callback):
    """Leave weights and moments as they are where a loss or a gradient is infinite or no number.

    An optimizer that can skip by itself (`fused: true`) is told on the device, and the processor
    hears of it a step later, without waiting; any other costs one question per optimizer step.

    Args:
        max_in_a_row: Skipped steps in a row that end the run.
    """

    def __init__(self, max_in_a_row: int = 10) -> None:
        self.max_in_a_row = max_in_a_row
        self.skipped = 0
        self.in_a_row = 0
        self.good: list[Tensor] = []  # of the losses since the last step
        self.plates: list[str] = []
        self.answers: deque[tuple[Callable[[], bool], list[str]]] = deque()

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Illustrated, batch_idx: int
    ) -> None:
        """Remember the plates of a step."""
        pairs = zip(batch["prompts"], batch["seeds"], strict=True)
        self.plates += [f"{prompt!r} (seed {seed})" for prompt, seed in pairs]

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        """Remember whether the losses of a step are numbers."""
        self.good.append(loss.detach().isfinite().all())

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Keep the optimizer from a bad step."""
        scales = getattr(trainer.precision_plugin, "scaler", None) is not None
        # a scaler skips bad gradients itself, and makes some on purpose to find its scale
        good = torch.stack(self.good if scales else [*self.good, finite_gradients(optimizer)])
        bad = trainer.strategy.reduce((~good.all()).float(), reduce_op="sum").clamp(max=1)
        if not scales and getattr(optimizer, "_step_supports_amp_scaling", False):
            optimizer.found_inf = bad  # type: ignore[attr-defined]
        elif not scales and bool(bad):
            optimizer.zero_grad(set_to_none=True)  # what has no gradient does not move
        self.answers.append((ask(bad), self.plates))
        self.good, self.plates = [], []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count; end the run where nothing but bad steps comes.

        Raises:
            OldBookError: There were too many in a row; the last good weights are saved.
        """
        if (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        lag = int(pl_module.device.type == "cuda")
        plates = self.count(lag)
        pl_module.log(SKIPPED.tag, float(self.skipped))
        if self.in_a_row < self.max_in_a_row:
            return
        assert isinstance(trainer.checkpoint_callback, Checkpoint)
        trainer.checkpoint_callback.save(trainer)
        raise OldBookError(
            f"the loss is no number for {self.in_a_row} steps in a row, last at step "
            f"{trainer.global_step - lag} with {', '.join(plates)}: the weights before them are "
            "saved; lower the learning rate or leave these plates out, and go on with "
            "--ckpt_path last"
        )

    def count(self, lag: int = 0) -> list[str]:
        """Hear how the steps went, but for the last ones; give the plates of the last bad one."""
        last: list[str] = []
        while len(self.answers) > lag:
            hear, plates = self.answers.popleft()
            bad = hear()
            self.in_a_row = self.in_a_row + 1 if bad else 0
            if bad:
                last = plates
                self.skipped += 1
                log.warning("a step is skipped, its loss is no number: %s", ", ".join(plates))
        return last

    def state_dict(self) -> dict[str, Any]:
        """The count, so that the curve goes on."""
        self.count()
        return {"skipped": self.skipped}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.skipped = state_dict["skipped"]


def finite_gradients(optimizer: Optimizer) -> Tensor:  # => bool scalar
    """Whether all gradients are numbers, told on the device."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    gradients = [p.grad for p in parameters if p.grad is not None]
    return torch.stack([gradient.norm().isfinite() for gradient in gradients]).all()


def ask(flag: Tensor) -> Callable[[], bool]:
    """Have a flag brought to the processor while the device works on; hear it later."""
    if not flag.is_cuda:
        return lambda: bool(flag)
    answer = torch.empty((), pin_memory=True).copy_(flag, non_blocking=True)
    arrived = torch.cuda.Event()
    arrived.record()

    def hear() -> bool:
        arrived.synchronize()
        return bool(answer)

    return hear
