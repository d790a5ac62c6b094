"""A batch of captioned images, as the data hands it to the system."""

from typing import Any, TypedDict

from torch import Tensor


class Batch(TypedDict):
    """Captioned images; every random draw about one is keyed by its seed."""

    images: Tensor  # [B, 3, H, W] in [0, 1], without those that are cached
    moments: list[Tensor | None]  # [2 C, h, w] of those that are cached
    keys: list[str]  # their names in the cache
    prompts: list[str]
    seeds: list[int]
    books: list[str | None]
    position: Any  # in the data after this batch
    bad_samples: dict[str, Any]  # counts of bad samples up to it
