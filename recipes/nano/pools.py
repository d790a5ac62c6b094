"""Pools of training pictures, made once, in chunks, and kept as tensors in the cache."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from recipes.nano.legs import CACHE

SIDE = 128
CROPS = 4  # of each real picture
SHORT_SIDES = (128, 300)  # how coarse a real picture may be made before it is cropped
CHUNK = 1000


def to_tensor(image: Image.Image) -> Tensor:  # => [3, H, W] uint8
    """A picture as bytes."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


def load_pool(name: str, make: Callable[[], Tensor]) -> Tensor:
    """Take a pool from the cache, or make it and keep it."""
    path = CACHE / "pools" / f"{name}.pt"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        torch.save(make(), draft)
        draft.replace(path)
    return torch.load(path, weights_only=True)


def load_chunks(
    name: str, number: int, make: Callable[[range], Tensor], workers: int = 1
) -> Tensor:
    """Take items 0 to number from the cache in chunks, and make those chunks that are missing.

    Args:
        name: Name of the pool.
        number: Number of the items.
        make: Makes the items of a span; a function of a module where there are workers.
        workers: Processes that make chunks at the same time.
    """
    spans = [range(first, min(number, first + CHUNK)) for first in range(0, number, CHUNK)]
    if workers > 1:
        with ProcessPoolExecutor(workers, get_context("spawn")) as processes:
            list(processes.map(make_chunk, *zip(*((name, s, make) for s in spans), strict=True)))
    return torch.cat([load_chunk(name, span, make) for span in spans])


def load_chunk(name: str, span: range, make: Callable[[range], Tensor]) -> Tensor:
    """Take a chunk from the cache, or make it and keep it."""
    return load_pool(f"{name}_{span.start}_{span.stop}", lambda: make(span))


def make_chunk(name: str, span: range, make: Callable[[range], Tensor]) -> None:
    """Make a chunk in a process of its own, on one thread."""
    torch.set_num_threads(1)
    load_chunk(name, span, make)


def crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A square from a picture, at a random scale, maybe mirrored."""
    scale = min(1.0, rng.integers(*SHORT_SIDES) / min(image.size))
    size = [max(SIDE, round(side * scale)) for side in image.size]
    image = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    left, top = (rng.integers(side - SIDE + 1) for side in image.size)
    image = image.crop((left, top, left + SIDE, top + SIDE))
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def real_crops(folder: Path) -> Tensor:  # => [N, 3, SIDE, SIDE] uint8
    """Random crops of every picture under a folder."""
    rng, crops = np.random.default_rng(0), []
    for path in sorted(folder.rglob("*.jpg")):
        with Image.open(path) as image:
            crops += [to_tensor(crop(image, rng)) for _ in range(CROPS)]
    return torch.stack(crops)


def scene_pictures(number: int, look: str) -> Tensor:  # => [N, 3, SIDE, SIDE] uint8
    """Scenes in one look, by many hands."""
    from recipes.nano.engraver.looks import dress
    from recipes.nano.scenes import draw_scene

    rng = np.random.default_rng(0)
    scenes = (draw_scene(index, split=f"autoencoder/{look}") for index in range(number))
    return torch.stack([to_tensor(dress(scene, look, rng)[0]) for scene in scenes])
