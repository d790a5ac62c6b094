"""Keys of the trainer that would be ignored, or would spoil a run: each is refused in a sentence.

A run is one pass over a stream of plates that ends at `trainer.max_steps`. It has no epochs, and
validation, samples, scores and files share the clock of `checkpoint.every_n_train_steps`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lightning.pytorch.callbacks import StochasticWeightAveraging, Timer, WeightAveraging

from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)

SEEDS = 2**32


class Rule(NamedTuple):
    """Which values of a key do what they say, and what to do about the others."""

    works: Callable[[Any], bool]
    cure: str


def is_left_out(*defaults: object) -> Callable[[Any], bool]:
    """Accepts null and values of one type and value with a default."""
    return lambda value: (
        value is None
        or any(type(value) is type(default) and value == default for default in defaults)
    )


RULES: dict[str, Rule] = {
    "limit_train_batches": Rule(
        is_left_out(1.0),
        "leave it out, since a run is as long as trainer.max_steps, and to train on fewer plates "
        "give a data.path that holds fewer",
    ),
    "limit_val_batches": Rule(
        is_left_out(1.0),
        "leave it out, and set data.held_out.num_monitored to the number of plates to validate on",
    ),
    "overfit_batches": Rule(
        is_left_out(0.0, 0),
        "leave it out, and to overfit on purpose give a data.path that holds few plates",
    ),
    "max_epochs": Rule(
        is_left_out(-1), "leave it out, since a stream has no epochs, and set trainer.max_steps"
    ),
    "min_epochs": Rule(
        is_left_out(0), "leave it out, since a stream has no epochs, and set trainer.min_steps"
    ),
    "check_val_every_n_epoch": Rule(
        is_left_out(), "leave it out, and set checkpoint.every_n_train_steps"
    ),
    "reload_dataloaders_every_n_epochs": Rule(
        is_left_out(0), "leave it out, since a stream has no epochs"
    ),
    "accumulate_grad_batches": Rule(
        lambda number: number >= 1, "set it to the number of batches of a step, 1 or more"
    ),
    "gradient_clip_val": Rule(
        lambda bound: bound is None or bound >= 0, "set it to a number above 0, or leave it out"
    ),
    "precision": Rule(
        lambda precision: precision not in ("16-true", "transformer-engine-float16"),
        "set it to 16-mixed, since optimizers divide by numbers that float16 rounds to 0",
    ),
}


def check_trainer(trainer: Mapping[str, Any]) -> None:
    """Refuse values of the trainer's keys that would be ignored, or would spoil a run.

    Raises:
        OldBookError: It names the first, and what to set instead.
    """
    for key, rule in RULES.items():
        if key in trainer and not rule.works(trainer[key]):
            raise OldBookError(f"trainer.{key} is {trainer[key]}: {rule.cure}")
    if trainer.get("precision") == "bf16-true":
        log.warning(
            "trainer.precision bf16-true keeps what is trained and the optimizer's moments in "
            "bfloat16, where small updates are lost; bf16-mixed keeps them in float32"
        )


def check_seed(seed: int | bool | None) -> None:
    """Refuse a seed that random generators do not take.

    Raises:
        OldBookError: It is below 0, or has more than 32 bits.
    """
    if seed is not None and not 0 <= seed < SEEDS:
        raise OldBookError(f"seed_everything is {seed}: set it to a number from 0 to {SEEDS - 1}")


def check_callbacks(callbacks: Sequence[Any]) -> None:
    """Refuse callbacks that lose something.

    Averages of weights copy the base model too, and no export would hold them.

    Raises:
        OldBookError: One of the callbacks averages weights, or is a timer.
    """
    for callback in callbacks:
        if isinstance(callback, (WeightAveraging, StochasticWeightAveraging)):
            raise OldBookError(
                f"trainer.callbacks: {type(callback).__name__} averages the whole model, and no "
                "checkpoint, sample or adapter would hold the average: leave it out, and lower the "
                "learning rate to the end with model.lr_scheduler instead"
            )
        if isinstance(callback, Timer):
            raise OldBookError(
                "trainer.callbacks: Timer ends a run between the batches of an optimizer step: "
                "leave it out, and set trainer.max_time, which waits for the step"
            )
