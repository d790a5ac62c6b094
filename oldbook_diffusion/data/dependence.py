"""What a run cannot change and still be the same run where it goes on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from oldbook_diffusion.continuity import plain

if TYPE_CHECKING:
    from oldbook_diffusion.data.illustrations import Illustrations

GLOBAL_BATCH = (
    "plates per step (data.batch_size x trainer.accumulate_grad_batches x number of processes)"
)


def order_of(data: Illustrations) -> dict[str, Any]:
    """What the order of the plates depends on."""
    names = ("path", "split", "revision", "shuffle_window", "seed")
    return {name: getattr(data, name) for name in names}


def steps_of(data: Illustrations) -> dict[str, Any]:
    """What a step is made of, given the order; not how it is split among processes."""
    assert data.trainer is not None
    split = (data.batch_size, data.trainer.accumulate_grad_batches, data.trainer.world_size)
    names = ("columns", "captions", "resolution", "random_flip", "limits")
    return {
        **{f"data.{name}": plain(getattr(data, name)) for name in names},
        "data.held_out.share": data.held_out.share,
        "data.held_out.books": plain(data.held_out.books),
        GLOBAL_BATCH: data.global_batch or math.prod(split),
    }
