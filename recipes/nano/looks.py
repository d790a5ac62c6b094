"""Looks: the styles in which a scene may be dressed, so that the small CLIP can tell them apart."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from recipes.nano.engraving import engrave, hand_of_book

LOOK_BOOKS = 10_000  # hands that no plate of the shipped books has


def flat(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """As it was drawn."""
    return image


def grey(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Without colour."""
    return ImageOps.grayscale(image).convert("RGB")


def sepia(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """In browns."""
    return ImageOps.colorize(ImageOps.grayscale(image), (50, 30, 16), (250, 236, 206))


def outlined(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Only the lines where colours meet."""
    edges = ImageOps.grayscale(image).filter(ImageFilter.FIND_EDGES)
    lines = np.clip(255 - 3.0 * np.asarray(edges, np.float32), 0, 255)
    lines[:2], lines[-2:], lines[:, :2], lines[:, -2:] = 255, 255, 255, 255
    return Image.fromarray(lines.astype(np.uint8)).convert("RGB")


def halftone(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Dots that grow with the darkness."""
    tone = np.asarray(ImageOps.grayscale(image), np.float32) / 255
    rows, columns = np.mgrid[: tone.shape[0], : tone.shape[1]] + rng.uniform(0, 4)
    pitch = rng.uniform(3.5, 5.0)
    dots = 0.5 + 0.25 * (np.cos(2 * np.pi * rows / pitch) + np.cos(2 * np.pi * columns / pitch))
    page = np.clip((tone - dots) * 4 + 0.5, 0, 1) * 255
    return Image.fromarray(page.astype(np.uint8)).convert("RGB")


def photo(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Soft, shaded towards the corners and grainy."""
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(0.8)), np.float32)
    height, width = soft.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    shade = 1 - 0.35 * (rows**2 + columns**2)[..., None]
    page = soft * shade + rng.normal(0, 7, soft.shape)
    return Image.fromarray(np.clip(page, 0, 255).astype(np.uint8))


def pencil(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Soft grey strokes without a line's edge."""
    tone = np.asarray(ImageOps.grayscale(image), np.float32)
    grain = Image.fromarray(rng.integers(0, 256, tone.shape, dtype=np.uint8))
    strokes = np.asarray(grain.filter(ImageFilter.BoxBlur(1)), np.float32) - 128
    page = 110 + tone * 0.55 + strokes * (1 - tone / 300)
    return Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)).convert("RGB")


def watercolour(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Pale colours that run."""
    washed = image.filter(ImageFilter.ModeFilter(5)).filter(ImageFilter.GaussianBlur(0.6))
    return Image.blend(washed, Image.new("RGB", image.size, (252, 248, 238)), 0.4)


def engraved(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """By one of many engravers."""
    return engrave(image, hand_of_book(LOOK_BOOKS + int(rng.integers(500))), rng)


Look = Callable[[Image.Image, np.random.Generator], Image.Image]
LOOKS: dict[str, tuple[Look, tuple[str, ...]]] = {
    # how to draw it, and the words for it in a caption
    "flat": (flat, ("", "", "a flat picture of", "colour drawing of")),
    "grey": (grey, ("a grey picture of", "in grey")),
    "sepia": (sepia, ("a sepia picture of", "in sepia")),
    "outlined": (outlined, ("an outline drawing of", "outline of")),
    "halftone": (halftone, ("a halftone print of", "halftone picture of")),
    "photo": (photo, ("a photograph of", "a colour photograph of")),
    "pencil": (pencil, ("a pencil drawing of", "in pencil")),
    "watercolour": (watercolour, ("a watercolour of", "in watercolour")),
    "engraved": (engraved, ("an engraving of", "an old engraving of", "book plate of")),
}


def dress(image: Image.Image, look: str, rng: np.random.Generator) -> tuple[Image.Image, str]:
    """Redraw a flat picture in a look, and say so in words for its caption."""
    draw, words = LOOKS[look]
    return draw(image, rng), words[rng.integers(len(words))]
