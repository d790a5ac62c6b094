"""Canvas: vector drawing that also records which part of the picture each pixel belongs to.

Shapes are collected as SVG and rasterised twice by resvg: in their colours, and in the numbers of
their parts, so that an engraver knows outlines, figure and ground without guessing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PIL import Image

from recipes.nano.drawing.icons import variants
from recipes.nano.drawing.svg import Colour, Point, css, rasterise, shade, smooth

Choice = TypeVar("Choice")
FINE = 2  # pictures are rasterised this much larger, then averaged
PARTS = 250  # parts that a picture can tell apart


@dataclass(frozen=True)
class Part:
    """What an engraver is told about one part of a picture.

    Attributes:
        form: "round" swells towards the viewer, "flat" does not, "hair" is drawn along its length,
            "skin" stays paper but for its shadows, "solid" is printed black.
        ground: Whether it is background, drawn lightly and without an outline of its own.
        angle: Direction of its lines in degrees, 0 is level; left to the engraver when None.
    """

    form: str = "flat"
    ground: bool = False
    angle: float | None = None


@dataclass(frozen=True)
class Drawing:
    """A rasterised picture at FINE times its size.

    Attributes:
        colours: float32 [H, W, 3] in [0, 1].
        ids: uint8 [H, W], for each pixel its part's place in ``parts``.
        parts: The parts; the first is the empty sheet.
    """

    colours: np.ndarray
    ids: np.ndarray
    parts: tuple[Part, ...]


class Canvas:
    """A sheet on which shapes are laid, in hundredths of its short side, y downwards.

    Args:
        size: Width and height of the picture, in pixels.
        rng: The source of every choice made while drawing.

    Attributes:
        w: Width in hundredths of the short side; 100 or more.
        h: Height in hundredths of the short side; 100 or more.
    """

    def __init__(self, size: tuple[int, int], rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.w, self.h = (100 * side / min(size) for side in size)
        self.set = 0 if rng.random() < 0.7 else 1  # most scenes keep to the plainer icons
        self.parts: list[Part] = [Part(ground=True)]
        self.shapes: list[str] = []  # with {fill} where a colour goes
        self.colours: list[tuple[str, str]] = []  # of each shape: its own, its part's
        self.definitions: list[str] = []
        self.open: list[int | Part] = []
        self.frames: list[str] = []
        self.window = (0.0, 0.0, self.w, self.h)  # left, top, width, height of what is shown

    def crop(self, zoom: float, across: float, down: float) -> None:
        """Show a part of the sheet: larger by zoom, placed in [0, 1] across and down."""
        width, height = self.w / zoom, self.h / zoom
        self.window = (across * (self.w - width), down * (self.h - height), width, height)

    @contextmanager
    def frame(
        self, x: float, y: float, scale: float = 1.0, mirrored: bool = False, turn: float = 0.0
    ) -> Iterator[None]:
        """Draw in a frame with its origin at a point, scaled, turned in degrees, maybe mirrored."""
        across = -scale if mirrored else scale
        self.frames.append(
            f"translate({x:.3f} {y:.3f}) rotate({turn:.2f}) scale({across:.4f} {scale:.4f})"
        )
        try:
            yield
        finally:
            self.frames.pop()

    @contextmanager
    def part(self, form: str = "flat", *, angle: float | None = None) -> Iterator[None]:
        """Draw shapes that are one part: colours may differ within it, one outline around all."""
        ground = any(isinstance(p, Part) and p.ground for p in self.open)
        self.open.append(self.new_part(Part(form, ground, angle)))
        try:
            yield
        finally:
            self.open.pop()

    @contextmanager
    def background(self) -> Iterator[None]:
        """Draw parts that are all ground."""
        self.open.append(Part(ground=True))
        try:
            yield
        finally:
            self.open.pop()

    def new_part(self, part: Part) -> int:
        """Number a part."""
        if len(self.parts) < PARTS:
            self.parts.append(part)
        return len(self.parts) - 1

    def part_of(self, form: str, angle: float | None) -> int:
        """The number of the part that the next shape belongs to."""
        if self.open and isinstance(self.open[-1], int):
            return self.open[-1]
        ground = bool(self.open)
        return self.new_part(Part(form, ground, angle))

    def lay(self, markup: str, colour: str, form: str, angle: float | None = None) -> None:
        """Lay one shape's markup, with {fill} where its colour goes."""
        number = self.part_of(form, angle)
        for frame in reversed(self.frames):
            markup = f'<g transform="{frame}">{markup}</g>'
        self.shapes.append(markup)
        self.colours.append((colour, f"rgb({number},0,0)"))

    def path(self, d: str, colour: Colour, form: str = "round", angle: float | None = None) -> None:
        """A filled path, in SVG's path language."""
        self.lay(f'<path d="{d}" fill="{{fill}}"/>', css(colour), form, angle)

    def stroke(self, d: str, width: float, colour: Colour, form: str = "flat") -> None:
        """A line along a path in SVG's path language, its ends round."""
        markup = (
            f'<path d="{d}" fill="none" stroke="{{fill}}" stroke-width="{width:.3f}" '
            'stroke-linecap="round" stroke-linejoin="round"/>'
        )
        self.lay(markup, css(colour), form)

    def oval(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: Colour,
        *,
        turn: float = 0.0,
        form: str = "round",
    ) -> None:
        """A filled ellipse about a point, turned in degrees."""
        markup = (
            f'<ellipse cx="{x:.3f}" cy="{y:.3f}" rx="{rx:.3f}" ry="{ry:.3f}" fill="{{fill}}" '
            f'transform="rotate({turn:.2f} {x:.3f} {y:.3f})"/>'
        )
        self.lay(markup, css(colour), form)

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: Colour,
        *,
        round: float = 0.0,
        form: str = "flat",
        angle: float | None = None,
    ) -> None:
        """A filled rectangle from its upper left corner."""
        markup = (
            f'<rect x="{x:.3f}" y="{y:.3f}" width="{width:.3f}" height="{height:.3f}" '
            f'rx="{round:.3f}" fill="{{fill}}"/>'
        )
        self.lay(markup, css(colour), form, angle)

    def polygon(
        self,
        points: Sequence[Point],
        colour: Colour,
        form: str = "flat",
        angle: float | None = None,
    ) -> None:
        """A filled polygon with straight sides."""
        self.path("M" + "L".join(f"{x:.3f} {y:.3f}" for x, y in points) + "Z", colour, form, angle)

    def blob(
        self,
        points: Sequence[Point],
        colour: Colour,
        form: str = "round",
        angle: float | None = None,
    ) -> None:
        """A filled smooth closed curve through points (Catmull-Rom)."""
        self.path(smooth(points, closed=True), colour, form, angle)

    def line(
        self, points: Sequence[Point], width: float, colour: Colour, form: str = "flat"
    ) -> None:
        """A smooth line through points."""
        self.stroke(smooth(points, closed=False), width, colour, form)

    def band(self, top: float, bottom: float, colour: Colour, below: Colour | None = None) -> None:
        """A strip over the whole width, from a first colour to a second where one is given."""
        fill = css(colour) if below is None else self.gradient(colour, below)
        markup = (
            f'<rect x="-1" y="{top:.3f}" width="{self.w + 2:.3f}" height="{bottom - top:.3f}" '
            'fill="{fill}"/>'
        )
        self.lay(markup, fill, "flat", 0.0)

    def gradient(self, above: Colour, below: Colour) -> str:
        """Define a change of colour from the top of a shape to its bottom."""
        name = f"g{len(self.definitions)}"
        self.definitions.append(
            f'<linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1">'
            f'<stop offset="0" stop-color="{css(above)}"/>'
            f'<stop offset="1" stop-color="{css(below)}"/></linearGradient>'
        )
        return f"url(#{name})"

    def icon(
        self,
        name: str,
        x: float,
        y: float,
        size: float,
        *,
        mirrored: bool = False,
        tint: Colour | None = None,
        form: str = "round",
    ) -> None:
        """An icon about a point, its side given, maybe mirrored or in shades of one colour."""
        choices = variants(name)
        icon = choices[min(self.set, len(choices) - 1)]
        scale, half = size / icon.side, size / 2
        across, left = (-scale, x + half) if mirrored else (scale, x - half)
        # ids and tints replace an icon's own colours, so its markup goes through a filter
        markup = (
            f'<g transform="translate({left:.3f} {y - half:.3f}) scale({across:.4f} {scale:.4f})" '
            f'filter="{{fill}}">{icon.body.replace("{", "").replace("}", "")}</g>'
        )
        self.lay(markup, "tint:none" if tint is None else f"tint:{css(tint)}", form)

    def jitter(self, amount: float = 4.0) -> float:
        """A small shift to either side."""
        return float(self.rng.uniform(-amount, amount))

    def chance(self, probability: float) -> bool:
        """Whether something happens, by the canvas's own randomness."""
        return bool(self.rng.random() < probability)

    def choice(self, options: Sequence[Choice]) -> Choice:
        """One of several, all as likely."""
        return options[int(self.rng.integers(len(options)))]

    def draw(self) -> Drawing:
        """Rasterise the colours and the numbers of the parts, at FINE times the size."""
        colours = self.pixels([own for own, _ in self.colours])
        ids = self.pixels([part for _, part in self.colours], crisp=True)[..., 0]
        return Drawing(np.float32(colours) / 255, known(ids, len(self.parts)), tuple(self.parts))

    def finish(self) -> Image.Image:
        """The flat picture in the size that was asked for."""
        colours = self.pixels([own for own, _ in self.colours])
        return Image.fromarray(colours).reduce(FINE)

    def pixels(self, fills: Sequence[str], crisp: bool = False) -> np.ndarray:  # => [H, W, 3] uint8
        """Draw all shapes with the given fills, at FINE times the size."""
        size = FINE * self.size[0], FINE * self.size[1]
        return rasterise(self.shapes, fills, self.definitions, self.window, size, crisp)


def known(ids: np.ndarray, number: int) -> np.ndarray:
    """Ids, with what no part has as the empty sheet."""
    return np.where(ids < number, ids, 0).astype(np.uint8)


__all__ = ["FINE", "Canvas", "Colour", "Drawing", "Part", "Point", "shade", "smooth"]
