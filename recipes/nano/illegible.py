"""Pictures that nobody can read, so that the small CLIP learns to say so.

A network that saw clean pictures alone names the subject of a picture in which a person sees
scribble: it reads traces. Here a picture loses its subject little by little, in ways that
fine-tuning is known to lose it in, and past a limit its caption no longer stands.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy import ndimage

Damage = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


def blurred(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Out of focus."""
    sigma = 0.5 * 24**strength
    return ndimage.gaussian_filter(picture, (sigma, sigma, 0), mode="nearest")


def scrambled(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Cut into squares, the smaller the stronger, a growing share of which change places."""
    side = int(2 ** np.ceil(5.9 - 3 * strength))
    height, width = (length // side * side for length in picture.shape[:2])
    tiles = picture[:height, :width].reshape(height // side, side, width // side, side, 3)
    tiles = tiles.swapaxes(1, 2).reshape(-1, side, side, 3)
    moved = np.flatnonzero(rng.random(len(tiles)) < 0.2 + 0.8 * strength)
    tiles[moved] = tiles[rng.permutation(moved)]
    page = picture.copy()
    tiles = tiles.reshape(height // side, width // side, side, side, 3).swapaxes(1, 2)
    page[:height, :width] = tiles.reshape(height, width, 3)
    return page


def warped(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Every place moved by a random field."""
    height, width = picture.shape[:2]
    scale, reach = rng.uniform(3, 8), 1.5 * 24**strength
    field = ndimage.gaussian_filter(rng.normal(size=(2, height, width)), (0, scale, scale))
    field *= reach / field.std()
    places = np.mgrid[:height, :width] + field
    channels = np.moveaxis(picture, -1, 0)
    taken = [ndimage.map_coordinates(c, places, order=1, mode="reflect") for c in channels]
    return np.stack(taken, -1)


def overlaid(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Under hatching that no longer follows it, figure and ground alike."""
    lines = hatching(picture.shape[:2], rng)[..., None]
    left = 1 - strength
    tone = picture.mean((0, 1)) + left * (picture - picture.mean((0, 1)))
    return np.where(lines < 0.5, np.minimum(tone, 0.15 + 0.5 * left * tone), tone)


def broken(picture: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Lost in blots: a threshold of the picture and of cloudy noise."""
    noise = ndimage.gaussian_filter(rng.normal(size=picture.shape[:2]), rng.uniform(0.8, 3))
    noise = noise / noise.std() * 0.3
    grey = picture.mean(-1)
    mixed = (1 - strength) * (grey - grey.mean()) * 1.5 + strength * noise
    page = np.clip(0.5 + 3 * mixed, 0.08, 0.95)[..., None]
    return 0.5 * (1 - strength) * (picture - page) + page


def hatching(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:  # => [H, W]
    """Lines over all, in [0, 1]: straight, wavy, bent over clouds, at times crossed."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    page = np.ones(size, np.float32)
    bend = ndimage.gaussian_filter(rng.normal(size=size), rng.uniform(5, 20))
    bend *= rng.uniform(0, 6) / bend.std()
    for _ in range(1 + (rng.random() < 0.4)):
        angle, pitch = rng.uniform(0, np.pi), rng.uniform(3, 7)
        phase = (columns * np.cos(angle) + rows * np.sin(angle) + bend) / pitch
        page = np.minimum(page, ((phase + rng.random()) % 1 > rng.uniform(0.2, 0.6)))
    return ndimage.gaussian_filter(page, 0.6)


DAMAGES: dict[str, tuple[Damage, float, float]] = {
    # words for what is left, the damage, up to which strength its subject is plain, and from
    # which nobody names it (looked at: ten rows of eight strengths)
    "a blur": (blurred, 0.75, 0.9),
    "scraps": (scrambled, 0.3, 0.65),
    "scribble": (warped, 0.15, 0.4),
    "only lines": (overlaid, 0.4, 0.75),
    "stains": (broken, 0.65, 0.85),
}


def damaged(image: Image.Image, words: str, legible: bool, rng: np.random.Generator) -> Image.Image:
    """Damage a picture so little that its subject stays plain, or so much that it is lost."""
    damage, plain, lost = DAMAGES[words]
    strength = rng.uniform(0, plain) if legible else rng.uniform(lost, 1)
    page = damage(np.asarray(image.convert("RGB"), np.float32) / 255, strength, rng)
    return Image.fromarray((page.clip(0, 1) * 255).astype(np.uint8))
