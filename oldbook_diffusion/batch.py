"""A batch of captioned images, as the data hands it to the system."""

from typing import Any, TypedDict

from torch import Tensor


class Batch(TypedDict):
    """Captioned images; every random draw about one is keyed by its seed."""

    images: Tensor  # uint8 [B, 3, H, W], without those that are cached
    moments: list[Tensor | None]  # [2 C, h, w] of those that are cached
    keys: list[str]  # their names in the cache
    prompts: list[str]
    seeds: list[int]
    books: list[str | None]
    position: Any  # in the data after this batch
    bad_samples: dict[str, Any]  # counts of bad samples up to it


def to_unit_range(images: Tensor) -> Tensor:  # => float32 in [0, 1], of the same shape
    """Scale uint8 images; on the device, which is sent a quarter of the bytes so."""
    return images.float() / 255
