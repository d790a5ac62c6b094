"""SkipNonfiniteSteps: optimizer steps whose loss or gradient is NaN or inf change nothing."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from jsonargparse.typing import PositiveInt
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.amp import GradScaler
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from oldbook_diffusion.batch import Batch
from oldbook_diffusion.callbacks.checkpoint import Checkpoint
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.catalogue import GRADIENT_NORM, LOSS_SCALE, SKIPPED
from oldbook_diffusion.optimization import unscales_by_itself

log = logging.getLogger(__name__)

# by whether a scaler skips
CAUSES = ("the loss or the gradient is NaN or inf", "the gradient overflows in float16")
CURES = (
    "lower the learning rate or leave these plates out",
    "set trainer.precision to bf16-mixed or 32-true",
)


class SkipNonfiniteSteps(Callback):
    """Leave weights and moments as they are where a loss or a gradient is NaN or inf.

    An optimizer that can skip by itself (`fused: true`) gets a flag on the device, and the CPU
    reads it a step later, without waiting; any other costs one synchronization per optimizer step.
    At precision 16-mixed the gradient scaler skips, and some steps at first, to find its scale;
    its skips are counted alike.

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
        norm = gradient_norm(optimizer)
        pl_module.log(GRADIENT_NORM.tag, norm)
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        if scaler is None:
            bad = torch.stack([*self.good, norm.isfinite()]).logical_not().any()
            flag = self.skip(trainer, optimizer, bad)
        else:  # it skips by itself
            flag = self.watch(scaler)
            pl_module.log(LOSS_SCALE.tag, torch.tensor(flag.before))
        self.pending.append((flag, self.plates))
        self.good, self.plates = [], []

    def skip(self, trainer: Trainer, optimizer: Optimizer, bad: Tensor) -> Callable[[], bool]:
        """Skip the step on all processes where it is bad on one."""
        bad = trainer.strategy.reduce(bad.float(), reduce_op="sum").clamp(max=1)
        if unscales_by_itself(optimizer):  # and skips by itself
            optimizer.found_inf = bad  # type: ignore[attr-defined]
        elif bool(bad):
            optimizer.zero_grad(set_to_none=True)  # what has no gradient does not move
        return fetch(bad)

    def watch(self, scaler: GradScaler) -> "ScaleFell":
        """Tell the flag of the last step how the scale is now, and make one of this step."""
        flag = ScaleFell(scaler)
        if self.pending and isinstance(before := self.pending[-1][0], ScaleFell):
            before.after = flag.before
        return flag

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
        # a tensor of the CPU: Lightning would copy a number to the device, and wait for it
        pl_module.log(SKIPPED.tag, torch.tensor(float(self.skipped)))
        if self.consecutive < self.max_consecutive:
            return
        assert isinstance(trainer.checkpoint_callback, Checkpoint)
        trainer.checkpoint_callback.save(trainer)
        scaled = getattr(trainer.precision_plugin, "scaler", None) is not None
        raise OldBookError(
            f"{self.consecutive} consecutive steps are skipped, since {CAUSES[scaled]}, the last "
            f"at step {trainer.global_step - lag} with {', '.join(plates)}: the weights before "
            f"them are saved; {CURES[scaled]}, and resume with --ckpt_path last"
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
                cause = CAUSES[isinstance(read, ScaleFell)]
                log.warning("a step is skipped, since %s: %s", cause, ", ".join(plates))
        return last

    def state_dict(self) -> dict[str, Any]:
        """The count, so that the curve continues."""
        self.count()
        return {"skipped": self.skipped}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue the count."""
        self.skipped = state_dict["skipped"]


class ScaleFell:
    """Whether a gradient scaler lowered its scale, as it does where it skips a step.

    Made before the step, when the scaler is about to wait for the device anyway.

    Attributes:
        before: The scale before the step.
        after: The scale after it, once the next step knows it.
    """

    def __init__(self, scaler: GradScaler) -> None:
        self.scaler = scaler
        self.before = scaler.get_scale()
        self.after: float | None = None

    def __call__(self) -> bool:
        """Compare, with the scale of now where no later step has told it."""
        after = self.scaler.get_scale() if self.after is None else self.after
        return after < self.before


def gradient_norm(optimizer: Optimizer) -> Tensor:  # => scalar on the device
    """Norm of all gradients, which is finite where they are."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    return get_total_norm([p.grad for p in parameters if p.grad is not None])


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
