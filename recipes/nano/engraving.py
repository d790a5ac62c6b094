"""The engraver: flat pictures to ink lines on paper, each book in a hand of its own.

Tone is made as an engraver makes it: parallel lines that swell with the darkness of what they
shade, a second set across them in the shadows, and an outline where colours meet (compare
Ostromoukhov, "Digital facial engraving", 1999).
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

FINE = 2  # lines are drawn on a grid this much finer than the picture, then averaged


@dataclass(frozen=True)
class Hand:
    """How one book's engraver works.

    Attributes:
        pitch: Distance of the lines, in pixels of the picture.
        angle: Direction of the first lines, in radians.
        crossing: Angle between the two sets of lines, in radians.
        shadow: Darkness in [0, 1] from which the second set is cut.
        swing: Amplitude of the lines' waves, in pixels.
        contour: Strength of the outlines, in [0, 1].
        ink: Colour of the ink, in [0, 1].
        paper: Colour of the paper, in [0, 1].
        border: Width of the frame line, in pixels; 0 for none.
    """

    pitch: float
    angle: float
    crossing: float
    shadow: float
    swing: float
    contour: float
    ink: tuple[float, float, float]
    paper: tuple[float, float, float]
    border: int


def hand_of_book(book: int) -> Hand:
    """The hand of one book, the same for all its plates."""
    rng = np.random.default_rng([0xB00C, book])
    age, ink = rng.uniform(0, 0.16), rng.uniform(0.1, 0.26)
    return Hand(
        pitch=float(rng.uniform(3.4, 4.8)),
        angle=float(rng.uniform(-0.35, 0.35) + rng.choice([0.0, np.pi / 4, -np.pi / 4])),
        crossing=float(rng.uniform(0.9, 1.6)),
        shadow=float(rng.uniform(0.45, 0.65)),
        swing=float(rng.uniform(0.0, 0.8)),
        contour=float(rng.uniform(0.6, 1.0)),
        ink=(ink + 0.04, ink, ink * 0.8),
        paper=(0.985 - 0.3 * age, 0.97 - 0.6 * age, 0.95 - 1.2 * age),
        border=int(rng.choice([0, 1, 2])),
    )


def ridges(shape: tuple[int, int], hand: Hand, turn: float, phase: float) -> np.ndarray:
    """Distance to the next line of a set, 0 on the line and 1 half-way, [H, W]."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32) / FINE
    angle = hand.angle + turn
    along = columns * np.cos(angle) + rows * np.sin(angle)
    across = rows * np.cos(angle) - columns * np.sin(angle)
    across += hand.swing * np.sin(2 * np.pi * along / 23 + phase)
    return 2 * np.abs((across / hand.pitch + phase) % 1 - 0.5)


def cut(darkness: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    """Ink in [0, 1] of lines as wide as the darkness asks, their edges smooth."""
    return np.clip((ridge - 1 + darkness) * 4 + 0.5, 0, 1) * (darkness > 0.02)


def outline(colours: np.ndarray, strength: float) -> np.ndarray:
    """Ink in [0, 1] where colours [H, W, 3] change suddenly."""
    across = np.abs(np.diff(colours, axis=1, prepend=colours[:, :1])).max(-1)
    down = np.abs(np.diff(colours, axis=0, prepend=colours[:1])).max(-1)
    return np.clip((across + down - 0.1) * 3, 0, 1) * strength


def engrave(image: Image.Image, hand: Hand, rng: np.random.Generator) -> Image.Image:
    """Engrave a flat picture in a book's hand; the random source shifts the lines."""
    size = tuple(FINE * side for side in image.size)
    colours = np.asarray(image.resize(size, Image.Resampling.BICUBIC), np.float32) / 255
    tone = colours @ np.array([0.3, 0.59, 0.11], np.float32)
    darkness = np.clip(0.92 - tone, 0, 0.72)
    first, second = rng.uniform(0, 1, 2)
    ink = cut(darkness, ridges(tone.shape, hand, 0.0, first))
    shadow = np.clip((darkness - hand.shadow) * 1.6, 0, 1)
    ink = np.maximum(ink, cut(shadow, ridges(tone.shape, hand, hand.crossing, second)))
    ink = np.maximum(ink, outline(colours, hand.contour))[..., None]
    page = (1 - ink) * np.array(hand.paper) + ink * np.array(hand.ink)
    small = Image.fromarray((page * 255).round().astype(np.uint8)).reduce(FINE)
    return framed(small, hand)


def framed(image: Image.Image, hand: Hand) -> Image.Image:
    """Rule a line just inside the edge of the plate, as some books have it."""
    if not hand.border:
        return image
    page = np.array(image)
    inside = np.zeros(page.shape[:2], bool)
    width = hand.border
    inside[1:-1, 1:-1] = True
    inside[1 + width : -1 - width, 1 + width : -1 - width] = False
    page[inside] = (np.array(hand.ink) * 255).astype(np.uint8)
    return Image.fromarray(page)
