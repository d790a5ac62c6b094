"""How the plates of an optimizer step are divided into batches."""

import math
from typing import Literal

from lightning.pytorch import Trainer

from oldbook_diffusion.errors import OldBookError, check_least

AUTO: Literal["auto"] = "auto"


def check_batch_size(batch_size: int | Literal["auto"], global_batch: int | None) -> None:
    """Refuse what is no whole number of batches.

    Raises:
        OldBookError: It says which key to set.
    """
    if batch_size == AUTO and global_batch is None:
        raise OldBookError(
            "data.batch_size auto finds how many plates fit in memory at once: say in "
            "data.global_batch how many an optimizer step learns from, so that this stays the same"
        )
    size = 1 if batch_size == AUTO else batch_size
    check_least("data.batch_size", size, 1)
    if global_batch is not None and (global_batch < 1 or global_batch % size):
        raise OldBookError(
            f"data.global_batch {global_batch} is no whole number of batches of {size}: "
            "set data.batch_size to one of its divisors, or to auto"
        )


def share_of(global_batch: int, world_size: int) -> int:
    """The plates of a step that fall to each device.

    Raises:
        OldBookError: They cannot be divided.
    """
    if global_batch % world_size:
        raise OldBookError(
            f"data.global_batch {global_batch} cannot be divided among {world_size} devices: "
            f"take a multiple of {world_size}"
        )
    return global_batch // world_size


def sizes(share: int) -> list[int]:
    """The batches that a share can be made up of, from small to large; powers of two of one."""
    return [size for size in range(1, share + 1) if share % size == 0]


def kept_size(size: int | None, share: int) -> int:
    """The size that a checkpoint's run was trained with, or what a share and it are made up of.

    It is decided before the clock of the checkpoints is set, which counts in batches.
    """
    return math.gcd(size or 1, share)


def accumulate(trainer: Trainer, share: int, batch_size: int) -> None:
    """Make up a device's share of a step of batches; checkpoints stay at their steps.

    Raises:
        OldBookError: It is no whole number of them.
    """
    if share % batch_size:
        raise OldBookError(
            f"each of {trainer.world_size} devices takes {share} plates of a step, no whole number "
            f"of batches of {batch_size}: lower data.batch_size, or set it to auto"
        )
    steps = int(trainer.val_check_interval) // trainer.accumulate_grad_batches
    trainer.accumulate_grad_batches = share // batch_size
    trainer.val_check_interval = steps * trainer.accumulate_grad_batches
