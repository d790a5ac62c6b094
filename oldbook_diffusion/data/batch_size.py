"""Batch size: the plates of an optimizer step, divided into batches."""

import math
from typing import Literal

from lightning.pytorch import Trainer

from oldbook_diffusion.errors import OldBookError

AUTO: Literal["auto"] = "auto"
PLATES_PER_STEP = (
    "plates per step (data.batch_size x trainer.accumulate_grad_batches x number of processes)"
)


def check_batch_size(batch_size: int | Literal["auto"], global_batch_size: int | None) -> None:
    """Refuse a step that is no integer number of batches.

    Raises:
        OldBookError: It says which key to set.
    """
    if batch_size == AUTO and global_batch_size is None:
        raise OldBookError(
            "data.batch_size auto finds how many plates fit in memory at once: set "
            "data.global_batch_size to the plates of an optimizer step, so that it stays the same"
        )
    size = 1 if batch_size == AUTO else batch_size
    if global_batch_size is not None and global_batch_size % size:
        raise OldBookError(
            f"data.global_batch_size {global_batch_size} is no multiple of a batch of {size}: "
            "set data.batch_size to one of its divisors, or to auto"
        )


def share_of(global_batch_size: int, world_size: int) -> int:
    """The plates of a step that fall to each device.

    Raises:
        OldBookError: They cannot be divided.
    """
    if global_batch_size % world_size:
        raise OldBookError(
            f"data.global_batch_size {global_batch_size} cannot be divided among {world_size} "
            f"devices: set it to a multiple of {world_size}"
        )
    return global_batch_size // world_size


def sizes(share: int) -> list[int]:
    """The batches that a share can be made up of, from small to large; powers of two of one."""
    return [size for size in range(1, share + 1) if share % size == 0]


def kept_size(size: int | None, share: int) -> int:
    """The batch size of a checkpoint's run, or its largest divisor that divides a share.

    It is decided before the interval of the checkpoints is set, which counts in batches.
    """
    return math.gcd(size or 1, share)


def accumulate(trainer: Trainer, share: int, batch_size: int) -> None:
    """Make up a device's share of a step of batches; checkpoints stay at their steps.

    Raises:
        OldBookError: It is no integer number of them.
    """
    if share % batch_size:
        raise OldBookError(
            f"each of {trainer.world_size} devices takes {share} plates of a step, no whole number "
            f"of batches of {batch_size}: lower data.batch_size, or set it to auto"
        )
    steps = int(trainer.val_check_interval) // trainer.accumulate_grad_batches
    trainer.accumulate_grad_batches = share // batch_size
    trainer.val_check_interval = steps * trainer.accumulate_grad_batches
