"""The optimizer and the learning-rate schedule of a run, checked before its first step."""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer

from oldbook_diffusion.library_errors import blaming

REHEARSED = 100_000  # steps of a schedule at most: some seconds


def build_optimizer(factory: Callable[[Any], Optimizer], parameters: Any) -> Optimizer:
    """The optimizer of a config.

    Raises:
        OldBookError: It refuses one of its settings.
    """
    with blaming("model.optimizer"):
        return factory(parameters)


def build_schedule(
    factory: Callable[[Optimizer], Any],
    optimizers: Callable[[Any], Optimizer],
    optimizer: Optimizer,
    steps: int,
) -> Any:
    """The learning-rate schedule of a config.

    Args:
        factory: Makes the schedule of an optimizer.
        optimizers: Makes an optimizer, for a rehearsal of all steps.
        optimizer: The run's.
        steps: Optimizer steps of the run.

    Raises:
        OldBookError: The schedule refuses one of its settings, or ends before the run.
    """
    rehearsed = optimizers([torch.zeros(1, requires_grad=True)])
    with blaming("model.lr_scheduler"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of steps of a schedule without steps of weights
        schedule = factory(rehearsed)
        for _ in range(min(steps, REHEARSED)):
            schedule.step()
    return factory(optimizer)
