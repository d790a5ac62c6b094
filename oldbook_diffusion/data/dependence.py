"""What a run cannot change and still be the same run where it goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from oldbook_diffusion.continuity import check_unchanged, plain

if TYPE_CHECKING:
    from oldbook_diffusion.data.illustrations import Illustrations

GLOBAL_BATCH = (
    "plates per step (data.batch_size x trainer.accumulate_grad_batches x number of processes)"
)


def order_of(data: Illustrations) -> dict[str, Any]:
    """What the order of the plates depends on."""
    names = ("path", "split", "revision", "shuffle_window", "seed")
    contents = {} if data.contents is None else {"contents of data.path": data.contents}
    return {**{name: getattr(data, name) for name in names}, **contents}


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


def check_continues(data: Illustrations, state_dict: Mapping[str, Any]) -> None:
    """Refuse to go on from a checkpoint with other data, or with other steps.

    Raises:
        OldBookError: It names what has changed; `data.allow_changes` allows it.
    """
    if data.allow_changes:
        return
    cure = "set it back, or set data.allow_changes to true and lose the exact resume"
    check_unchanged("data", state_dict["order"], order_of(data), cure)
    check_unchanged("the steps", state_dict.get("batches", {}), steps_of(data), cure)
