"""Looks: the styles in which a scene may be dressed, and the words that name them in a caption."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from recipes.nano.engraver.engraving import (
    Hand,
    engrave,
    hand_of_book,
    hatching,
    outlines,
    print_page,
)
from recipes.nano.engraver.forms import model
from recipes.nano.scenes import Scene

LOOK_BOOKS = 10_000  # hands that no plate of the shipped books has


def flat(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """As it was drawn."""
    return scene.image


def grey(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """Without colour."""
    return ImageOps.grayscale(scene.image).convert("RGB")


def sepia(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """In browns."""
    return ImageOps.colorize(ImageOps.grayscale(scene.image), (50, 30, 16), (250, 236, 206))


def penman(rng: np.random.Generator) -> Hand:
    """The hand of somebody who draws with a pen or a ruler, on any paper, and engraves no book."""
    ink = rng.uniform(0, 0.35, 3) * rng.choice([0.3, 1.0])
    paper = 1 - rng.uniform(0, 1) * rng.uniform(0, 0.3, 3)
    return Hand(
        pitch=float(rng.uniform(3.2, 6.5)),
        angle=float(rng.uniform(0, np.pi)),
        bend=0.0,
        wobble=float(rng.uniform(0, 0.6)),
        contour=float(rng.uniform(0.8, 2.2)),
        inner=float(rng.uniform(0.8, 1.4)),
        light=0.0,
        ink=(float(ink[0]), float(ink[1]), float(ink[2])),
        paper=(float(paper[0]), float(paper[1]), float(paper[2])),
    )


def contour(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """Outlines alone, in pen on some paper."""
    hand = penman(rng)
    return print_page(outlines(model(scene.drawing, 0.0), hand), hand)


def hatched(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """Straight lines alone, one direction over all, their width the darkness; no outlines."""
    hand = penman(rng)
    forms = model(scene.drawing, hand.angle)
    level = np.zeros_like(forms.height)
    forms = replace(forms, angle=level + np.float32(hand.angle), height=level, shade=level)
    hand = replace(hand, crossed=float(rng.choice([0.5, 2.0])), ground="lines")
    return print_page(hatching(forms, hand, rng), hand)


def halftone(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """Dots that grow with the darkness."""
    tone = np.asarray(ImageOps.grayscale(scene.image), np.float32) / 255
    rows, columns = np.mgrid[: tone.shape[0], : tone.shape[1]] + rng.uniform(0, 4)
    pitch = rng.uniform(4.0, 6.0)
    dots = 0.5 + 0.25 * (np.cos(2 * np.pi * rows / pitch) + np.cos(2 * np.pi * columns / pitch))
    page = np.clip((tone - dots) * 4 + 0.5, 0, 1) * 255
    return Image.fromarray(page.astype(np.uint8)).convert("RGB")


def photo(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """Lit from the side, soft, shaded towards the corners and grainy."""
    forms = model(scene.drawing, 0.0)
    lit = forms.colours * (1 - 0.45 * np.where(forms.ground, 0, forms.shade))[..., None]
    picture = Image.fromarray((lit.clip(0, 1) * 255).astype(np.uint8)).reduce(2)
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(1.2)), np.float32)
    height, width = soft.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    page = soft * (1 - 0.35 * (rows**2 + columns**2)[..., None]) + rng.normal(0, 6, soft.shape)
    return Image.fromarray(np.clip(page, 0, 255).astype(np.uint8))


def pencil(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """Soft grey strokes without a line's edge."""
    tone = np.asarray(ImageOps.grayscale(scene.image), np.float32)
    grain = Image.fromarray(rng.integers(0, 256, tone.shape, dtype=np.uint8))
    strokes = np.asarray(grain.filter(ImageFilter.BoxBlur(1)), np.float32) - 128
    page = 110 + tone * 0.55 + strokes * (1 - tone / 300)
    return Image.fromarray(np.clip(page, 0, 255).astype(np.uint8)).convert("RGB")


def watercolour(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """Pale colours that run."""
    washed = scene.image.filter(ImageFilter.ModeFilter(9)).filter(ImageFilter.GaussianBlur(1.0))
    return Image.blend(washed, Image.new("RGB", washed.size, (252, 248, 238)), 0.4)


def engraved(scene: Scene, rng: np.random.Generator) -> Image.Image:
    """By one of many engravers."""
    return engrave(scene.drawing, hand_of_book(LOOK_BOOKS + int(rng.integers(500))), rng)


Look = Callable[[Scene, np.random.Generator], Image.Image]
LOOKS: dict[str, tuple[Look, tuple[str, ...]]] = {
    # how to draw it, and the words for it in a caption
    "flat": (flat, ("", "", "a flat picture of", "colour drawing of")),
    "grey": (grey, ("a grey picture of", "in grey")),
    "sepia": (sepia, ("a sepia picture of", "in sepia")),
    "contour": (
        contour,
        ("an outline drawing of", "a line drawing of", "in outline", "pen drawing of"),
    ),
    "hatched": (hatched, ("a hatched drawing of", "shaded with lines", "a hatching of")),
    "halftone": (halftone, ("a halftone print of", "halftone picture of")),
    "photo": (photo, ("a photograph of", "a colour photograph of")),
    "pencil": (pencil, ("a pencil drawing of", "in pencil")),
    "watercolour": (watercolour, ("a watercolour of", "in watercolour")),
    "engraved": (engraved, ("an engraving of", "an old engraving of", "book plate of")),
}


def dress(scene: Scene, look: str, rng: np.random.Generator) -> tuple[Image.Image, str]:
    """Redraw a scene in a look, and say so in words for its caption."""
    draw, words = LOOKS[look]
    return draw(scene, rng), words[rng.integers(len(words))]
