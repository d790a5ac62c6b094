"""The optimizer and the learning-rate schedule of a run, checked before its first step."""

import inspect
import logging
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.library_errors import blaming
from oldbook_diffusion.schedules import Constant

log = logging.getLogger(__name__)

REHEARSED = 100_000  # steps of a schedule at most: some seconds
LENGTHS = ("T_max", "total_steps")  # of schedules of torch


def build_optimizer(factory: Callable[[Any], Optimizer], parameters: Any) -> Optimizer:
    """The optimizer of a config.

    Args:
        factory: Makes it.
        parameters: Tensors, or groups of them; the learning rate of a group is multiplied by its
            `rate_ratio`.

    Raises:
        OldBookError: It refuses one of its settings.
    """
    with blaming("model.optimizer"):
        optimizer = factory(parameters)
    for group in optimizer.param_groups:
        group["lr"] *= group.pop("rate_ratio", 1.0)
    return optimizer


def unscales_by_itself(optimizer: Optimizer) -> bool:
    """Whether an optimizer takes the scale of its gradients, and a flag to skip a step."""
    # private: how a GradScaler asks, and there is no other way
    return bool(getattr(optimizer, "_step_supports_amp_scaling", False))


def check_clipping(optimizer: Optimizer) -> None:
    """Refuse an optimizer that unscales its gradients itself where a run clips them.

    Raises:
        OldBookError: It does, so that the gradients cannot be clipped before.
    """
    if unscales_by_itself(optimizer):  # Lightning would say so at the first step
        raise OldBookError(
            "model.optimizer.init_args.fused does not go with trainer.gradient_clip_val at "
            "precision 16-mixed: set fused to false, precision to bf16-mixed, or "
            "trainer.gradient_clip_val to null"
        )


def check_schedule(
    factory: Callable[[Optimizer], Any], optimizers: Callable[[Any], Optimizer], steps: int
) -> None:
    """Rehearse the learning-rate schedule of a config; warn where it is not as long as the run.

    Args:
        factory: Makes the schedule of an optimizer.
        optimizers: Makes an optimizer.
        steps: Optimizer steps of the run.

    Raises:
        OldBookError: The optimizer or the schedule refuses one of its settings, or the schedule
            ends before the run.
    """
    weights = [torch.zeros(1, requires_grad=True)]
    trial = build_schedule(factory, build_optimizer(optimizers, weights), steps)
    with blaming("model.lr_scheduler"):
        rates = advance(trial, min(steps, REHEARSED))
    for key in LENGTHS:
        if (length := getattr(trial, key, steps)) != steps:
            log.warning(
                "model.lr_scheduler is %d steps long (%s), and the run %d (trainer.max_steps): the "
                "learning rate ends at %.0f %% of its peak; a schedule of "
                "oldbook_diffusion.schedules, such as Cosine, is as long as the run",
                *(length, key, steps, 100 * rates[-1] / max(*rates, 1e-30)),
            )


def build_schedule(factory: Callable[[Optimizer], Any], optimizer: Optimizer, steps: int) -> Any:
    """The learning-rate schedule of an optimizer; where its length is not said, the run's."""
    with blaming("model.lr_scheduler"):
        schedule = factory(optimizer)
    if isinstance(schedule, Constant) and schedule.num_steps is None:
        schedule.num_steps = steps
    return schedule


def advance(schedule: Any, steps: int) -> list[float]:
    """Step a schedule without an optimizer; give the rates of the first group from step 0 on."""
    rates = [schedule.optimizer.param_groups[0]["lr"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of steps of a schedule without steps of weights
        for _ in range(steps):
            schedule.step()
            rates.append(schedule.optimizer.param_groups[0]["lr"])
    return rates


def resume_with_settings(checkpoint: dict[str, Any], optimizer: Optimizer, schedule: Any) -> None:
    """Put the settings of this run into the optimizer's and the schedule's state of a checkpoint.

    torch would go on with the settings that are kept in the state. What optimizers adapt stays;
    the schedule is that of the config, at the step of the checkpoint.

    Args:
        checkpoint: What is resumed from; its states are changed.
        optimizer: As the config says, before its first step.
        schedule: Likewise, of that optimizer; null where the rate is constant.

    Raises:
        OldBookError: The state is that of another optimizer.
    """
    groups = checkpoint["optimizer_states"][0]["param_groups"]
    check_same_optimizer(checkpoint.get("optimizer"), len(groups), optimizer)
    schedules, rate = checkpoint["lr_schedulers"], groups[0]["lr"]
    if schedule is not None:
        kept_step = schedules[0].get("last_epoch") if schedules else None
        advance(schedule, checkpoint["global_step"] if kept_step is None else kept_step)
    settings = {"initial_lr", *inspect.signature(type(optimizer)).parameters} - {"params"}
    for kept, wanted in zip(groups, optimizer.param_groups, strict=True):
        kept.pop("initial_lr", None)
        kept |= {key: value for key, value in wanted.items() if key in settings}
    checkpoint["lr_schedulers"] = [] if schedule is None else [schedule.state_dict()]
    if (now := groups[0]["lr"]) != rate:
        log.warning(
            "the learning rate goes on at %g, as the config has it; the checkpoint had %g",
            *(now, rate),
        )


def check_same_optimizer(then: str | None, num_groups: int, optimizer: Optimizer) -> None:
    """Refuse the state of another optimizer; what an older checkpoint lacks counts as equal.

    Raises:
        OldBookError: The state is that of another optimizer.
    """
    now = type(optimizer).__name__
    if (then or now) != now or num_groups != len(optimizer.param_groups):
        raise OldBookError(
            "the checkpoint does not fit model.optimizer: it was trained with "
            f"{then or 'another'}, now it is {now}; set it back, or start a run of its own "
            "without --ckpt_path"
        )
