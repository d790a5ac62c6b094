"""Pools of training pictures, made once and kept as tensors in the cache."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from recipes.nano.legs import CACHE

SIDE = 64
CROPS = 6  # of each real picture
SHORT_SIDES = (64, 200)  # how coarse a real picture may be made before it is cropped


def to_tensor(image: Image.Image) -> Tensor:  # => [3, H, W] uint8
    """A picture as bytes."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


def load_pool(name: str, make: Callable[[], Tensor]) -> Tensor:
    """Take a pool from the cache, or make it and keep it."""
    path = CACHE / "pools" / f"{name}.pt"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(make(), path)
    return torch.load(path, weights_only=True)


def crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A square of 64 px from a picture, at a random scale, maybe mirrored."""
    scale = min(1.0, rng.integers(*SHORT_SIDES) / min(image.size))
    size = [max(SIDE, round(side * scale)) for side in image.size]
    image = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    left, top = (rng.integers(side - SIDE + 1) for side in image.size)
    image = image.crop((left, top, left + SIDE, top + SIDE))
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def real_crops(folder: Path) -> Tensor:  # => [N, 3, 64, 64] uint8
    """Random crops of every picture under a folder."""
    rng, crops = np.random.default_rng(0), []
    for path in sorted(folder.rglob("*.jpg")):
        with Image.open(path) as image:
            crops += [to_tensor(crop(image, rng)) for _ in range(CROPS)]
    return torch.stack(crops)


def scene_pictures(number: int, look: str) -> Tensor:  # => [N, 3, 64, 64] uint8
    """Scenes in one look, by many hands."""
    from recipes.nano.looks import dress
    from recipes.nano.scenes import draw_scene

    rng = np.random.default_rng(0)
    scenes = (draw_scene(index, split=f"autoencoder/{look}") for index in range(number))
    return torch.stack([to_tensor(dress(scene.image, look, rng)[0]) for scene in scenes])
