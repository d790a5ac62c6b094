"""The engraver: a drawing in parts to ink lines on paper, each book in a hand of its own.

An engraver draws outlines, leaves the lit side blank and shades the rest with lines that swell with
the darkness, bend over round forms and are crossed in the deepest shadows only (compare
Ostromoukhov, "Digital facial engraving", 1999; Salisbury et al., "Interactive pen-and-ink
illustration", 1994). Lengths are in pixels of the finished picture, tones in [0, 1], 1 is black.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from recipes.nano.drawing.canvas import FINE, Drawing
from recipes.nano.engraver.forms import Forms, model

LIGHTEST = 0.15  # tone below which paper stays paper


@dataclass(frozen=True)
class Hand:
    """How one book's engraver works.

    Attributes:
        pitch: Distance of the lines.
        angle: Direction of the lines where a part has none of its own, in radians.
        crossing: Angle between the two sets of lines, in radians.
        crossed: Tone from which a second set is cut; above 1 for an engraver who never crosses.
        bend: How far lines bend over a round form, as a share of its height.
        wobble: Amplitude of the hand's tremor.
        contour: Width of the outlines.
        inner: Width of the lines inside a part.
        light: Contrast of the modelling by light, in [0, 1].
        ground: "lines", "few" or "blank": how much of the background is drawn.
        vignette: Whether the background fades towards the edges.
        ink: Colour of the ink, in [0, 1].
        paper: Colour of the paper, in [0, 1].
        border: Width of the frame line; 0 for none.
    """

    pitch: float = 4.4
    angle: float = 0.5
    crossing: float = 1.2
    crossed: float = 0.6
    bend: float = 0.4
    wobble: float = 0.25
    contour: float = 1.7
    inner: float = 1.0
    light: float = 0.6
    ground: str = "lines"
    vignette: bool = False
    ink: tuple[float, float, float] = (0.12, 0.1, 0.08)
    paper: tuple[float, float, float] = (0.96, 0.93, 0.86)
    border: int = 0


def hand_of_book(book: int) -> Hand:
    """The hand of one book, the same for all its plates."""
    rng = np.random.default_rng([0xB00C, book])
    age, ink = rng.uniform(0, 0.16), rng.uniform(0.05, 0.2)
    vignette = bool(rng.random() < 0.35)
    return Hand(
        pitch=float(rng.uniform(3.9, 5.0)),
        angle=float(rng.choice([0.0, 0.55, -0.75, 0.8]) + rng.uniform(-0.2, 0.2)),
        crossing=float(rng.uniform(0.9, 1.57)),
        crossed=float(rng.choice([0.52, 0.6, 0.68, 2.0])),
        bend=float(rng.uniform(0.2, 0.7)),
        wobble=float(rng.uniform(0.0, 0.45)),
        contour=float(rng.uniform(1.4, 2.1)),
        inner=float(rng.uniform(0.85, 1.25)),
        light=float(rng.uniform(0.45, 0.75)),
        ground=str(rng.choice(["lines", "few", "blank"], p=[0.4, 0.4, 0.2])),
        vignette=vignette,
        ink=(ink + 0.04, ink, ink * 0.8),
        paper=(0.985 - 0.3 * age, 0.97 - 0.6 * age, 0.95 - 1.2 * age),
        border=0 if vignette else int(rng.choice([0, 1, 2])),
    )


def engrave(drawing: Drawing, hand: Hand, rng: np.random.Generator) -> Image.Image:
    """Engrave a drawing in a book's hand; the random source shifts the lines."""
    forms = model(drawing, hand.angle)
    ink = np.maximum(hatching(forms, hand, rng), outlines(forms, hand))
    return print_page(ink, hand)


def hatching(forms: Forms, hand: Hand, rng: np.random.Generator) -> np.ndarray:  # => [H, W]
    """Ink in [0, 1] of the lines that shade figures and ground."""
    tone = np.where(forms.ground, ground_tone(forms, hand, rng), figure_tone(forms, hand))
    first, second = rng.uniform(0, 1, 2)
    width = np.where(forms.solid, np.clip(0.92 + 0.4 * forms.shade, 0.72, 0.97), swelling(tone))
    ink = cut(ridges(forms, hand, 0.0, first), width, hand.pitch)
    deep = np.clip((tone - hand.crossed) * 2.2, 0, 0.42) * ~forms.ground
    deep = np.where((deep > 0.05) & ~forms.solid, np.maximum(deep, 0.22), 0)
    ink = np.maximum(ink, cut(ridges(forms, hand, hand.crossing, second), deep, hand.pitch))
    return ink * (1 - forms.light_marks)


def figure_tone(forms: Forms, hand: Hand) -> np.ndarray:  # => [H, W]
    """How dark each pixel of the figures is: its own colour, and how it turns to the light."""
    lit = np.where(forms.shade > 0, 1.15, 1.2) * forms.shade
    dark = forms.darkness
    own = np.where(forms.flat, 0.66 * dark, 0.4 * dark + 0.42 * dark**2)
    own = np.where(forms.skin, 0.4 * forms.own_darkness, own)
    tone = np.clip(own + hand.light * lit * np.where(forms.skin, 0.35, 1), 0, 0.8)
    return np.where(forms.solid, 0.9, tone)


def ground_tone(forms: Forms, hand: Hand, rng: np.random.Generator) -> np.ndarray:  # => [H, W]
    """How dark the background is: light, clear of the figures, its lines broken here and there."""
    strength, most = {"lines": (1.4, 0.5), "few": (1.0, 0.42), "blank": (0.45, 0.3)}[hand.ground]
    tone = np.clip(strength * forms.darkness, 0, most)
    night = forms.dark_ground
    tone = np.where(night, np.clip(forms.darkness * 0.85, 0, 0.55), tone)
    clearance = (
        smoothstep(forms.to_figure, 1.5, 4.0) if night else smoothstep(forms.to_figure, 2, 7)
    )
    patches = ndimage.gaussian_filter(rng.normal(size=tone.shape).astype(np.float32), (5, 16))
    if not night:
        tone = tone * receding(tone.shape) + 0.06 * patches / (patches.std() + 1e-6) * (tone > 0.1)
    tone = np.maximum(tone * clearance, 0.5 * forms.foot_shadow)
    return tone * fading(tone.shape) if hand.vignette and not night else tone


def receding(shape: tuple[int, ...]) -> np.ndarray:  # => [H, 1]
    """1 at the top and the bottom of a picture, paler towards the horizon."""
    rows = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    return 0.35 + 0.75 * np.abs(rows - 0.15) ** 1.3


def fading(shape: tuple[int, ...]) -> np.ndarray:  # => [H, W]
    """1 in the middle of a vignette, 0 at its edges."""
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) for side in shape)
    radius = np.sqrt(rows[:, None] ** 2 + columns[None] ** 2)
    return 1 - smoothstep(radius, 0.75, 1.1)


def swelling(tone: np.ndarray) -> np.ndarray:
    """The share of the pitch that a line covers, for a tone: none on paper, then ever more."""
    share = 0.15 + 0.67 * np.clip((tone - LIGHTEST) / (0.85 - LIGHTEST), 0, 1) ** 1.2
    return share * (tone > LIGHTEST)


def ridges(forms: Forms, hand: Hand, turn: float, phase: float) -> np.ndarray:  # => [H, W]
    """Distance to the next line of a set in half pitches: 0 on the line, 1 half-way."""
    rows, columns = (
        np.mgrid[: forms.angle.shape[0], : forms.angle.shape[1]].astype(np.float32) / FINE
    )
    angle = forms.angle + turn * ~forms.ground
    along = columns * np.cos(angle) + rows * np.sin(angle)
    across = rows * np.cos(angle) - columns * np.sin(angle)
    tremor = np.sin(along / 7 + 6 * phase + 3 * np.sin(across / 19))
    across = across + hand.bend * forms.height + hand.wobble * tremor
    return 2 * np.abs((across / hand.pitch + phase) % 1 - 0.5)


def cut(ridge: np.ndarray, width: np.ndarray, pitch: float) -> np.ndarray:
    """Ink in [0, 1] of lines that cover a share of their pitch, their edges smooth."""
    return np.clip((width - ridge) * pitch * FINE / 2.4 + 0.5, 0, 1) * (width > 0)


def outlines(forms: Forms, hand: Hand) -> np.ndarray:  # => [H, W]
    """Ink in [0, 1] of contours, thin in the light, of inner lines and of small dark marks."""
    weight = 0.85 + np.clip(1.1 * forms.shade, -0.45, 0.7)
    outer = stroke(forms.silhouette, hand.contour * weight)
    joints = stroke(forms.joints, hand.inner * (0.4 + 0.6 * weight))
    far = stroke(forms.ground_edges, np.full_like(weight, 0.75))
    least = np.where(forms.skin, 0.03, 0.009)  # no rings around rosy cheeks
    inner = np.clip((forms.edges(hand.inner) - least) * 50, 0, 1) * ~forms.ground
    return np.maximum.reduce(
        [outer, joints, far, inner * (1 - forms.light_marks), forms.dark_marks]
    )


def stroke(places: np.ndarray, width: np.ndarray) -> np.ndarray:  # => [H, W]
    """Ink in [0, 1] of a line through the places that are True, its width given at each pixel."""
    if not places.any():
        return np.zeros(places.shape, np.float32)
    distance = ndimage.distance_transform_edt(~places).astype(np.float32)
    return np.clip(width / 2 * FINE - distance + 0.5, 0, 1)


def print_page(ink: np.ndarray, hand: Hand) -> Image.Image:
    """Print ink on paper, in the picture's own size, within the frame that the book has."""
    page = (1 - ink[..., None]) * np.array(hand.paper) + ink[..., None] * np.array(hand.ink)
    small = Image.fromarray((page * 255).round().clip(0, 255).astype(np.uint8)).reduce(FINE)
    return framed(small, hand) if hand.border else small


def framed(image: Image.Image, hand: Hand) -> Image.Image:
    """Rule a line just inside the edge of the plate, and leave a margin outside of it."""
    page, width = np.array(image), hand.border
    rim = np.ones(page.shape[:2], bool)
    rim[2:-2, 2:-2] = False
    line = ~rim
    line[2 + width : -2 - width, 2 + width : -2 - width] = False
    page[rim], page[line] = (np.array(hand.paper) * 255, np.array(hand.ink) * 255)
    return Image.fromarray(page)


def smoothstep(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below low, 1 above high, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
