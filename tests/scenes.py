"""Scenes whose style is known: the same landscapes and portraits, painted, engraved, or neither."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

SIDE = 96
INK, PAGE = np.array([0.12, 0.1, 0.09]), np.array([0.95, 0.91, 0.82])


@dataclass(frozen=True)
class Scene:
    """Colours [H, W, 3] in [0, 1] and the region that each pixel belongs to."""

    colours: np.ndarray
    regions: np.ndarray


def scene(index: int, family: str) -> Scene:
    """A landscape or a portrait, a function of its index."""
    rng = np.random.default_rng([index, len(family)])
    regions = Image.new("L", (SIDE, SIDE), 0)
    pen = ImageDraw.Draw(regions)
    (landscape if family == "landscape" else portrait)(pen, rng)
    labels = np.array(regions)
    palette = rng.uniform(0.15, 0.95, (8, 3))
    light = np.linspace(1.1, 0.8, SIDE)[:, None, None]
    return Scene((palette[labels] * light).clip(0, 1), labels)


def landscape(pen: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    horizon = int(rng.uniform(0.4, 0.65) * SIDE)
    pen.ellipse(around(rng.uniform(10, 86), horizon * 0.4, 9, 9), fill=1)
    peaks = [(x, horizon - rng.uniform(5, 30)) for x in range(-10, SIDE + 20, 22)]
    pen.polygon([(-10, horizon), *peaks, (SIDE + 10, horizon)], fill=2)
    pen.rectangle((0, horizon, SIDE, SIDE), fill=3)
    for x in rng.uniform(8, 88, 3):
        foot, size = rng.uniform(horizon + 6, SIDE), rng.uniform(7, 14)
        pen.rectangle((x - 2, foot - size * 2, x + 2, foot), fill=4)
        pen.ellipse(around(x, foot - size * 2, size, size), fill=5)


def portrait(pen: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    x, y = SIDE / 2 + rng.uniform(-8, 8), SIDE * 0.42 + rng.uniform(-5, 5)
    width, height = rng.uniform(18, 26), rng.uniform(24, 32)
    pen.ellipse(around(x, SIDE, 40, 34), fill=1)
    pen.ellipse(around(x, y - 6, width + 5, height), fill=2)
    pen.ellipse(around(x, y, width, height), fill=3)
    for side in (-1, 1):
        pen.ellipse(around(x + side * width * 0.4, y - 4, 4, 3), fill=4)
    pen.ellipse(around(x, y + height * 0.5, 9, 3), fill=5)


def around(x: float, y: float, dx: float, dy: float) -> tuple[float, float, float, float]:
    return (x - dx, y - dy, x + dx, y + dy)


def painted(subject: Scene) -> np.ndarray:
    """Flat colours, a little uneven."""
    rng = np.random.default_rng(int(subject.colours.sum() * 1000))
    return (subject.colours + rng.normal(0, 0.015, subject.colours.shape)).clip(0, 1)


def engraved(subject: Scene, hand: int) -> np.ndarray:
    """Hatching that follows the regions, crossed where it is dark, outlined, on paper."""
    rng = np.random.default_rng([hand, 7])
    pitch, turn = rng.uniform(3.2, 5.0), rng.uniform(0, np.pi)
    tone = 1 - subject.colours.mean(axis=2)
    y, x = np.mgrid[:SIDE, :SIDE]
    ink = np.zeros((SIDE, SIDE))
    for crossing, threshold in ((0.0, 0.0), (np.pi / 2.5, 0.5)):
        angle = turn + subject.regions * 0.7 + crossing
        wave = np.cos(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / pitch) / 2 + 0.5
        lines = ((tone - threshold) * 1.4 - wave) * 5 + 0.5
        ink = np.maximum(ink, lines.clip(0, 1) * (tone > threshold))
    edges = (subject.regions != np.roll(subject.regions, 1, 0)) | (
        subject.regions != np.roll(subject.regions, 1, 1)
    )
    ink = np.maximum(ink, edges)[..., None]
    page = PAGE - rng.uniform(0, 0.08)
    return (INK * ink + page * (1 - ink)).clip(0, 1)


def stack(pictures: list[np.ndarray]) -> Tensor:  # => [N, 3, H, W]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()


def scenes(first: int, number: int) -> list[Scene]:
    """Landscapes and portraits in turn."""
    return [scene(i, ("landscape", "portrait")[i % 2]) for i in range(first, first + number)]
