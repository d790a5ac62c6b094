"""The sheet a scene is drawn on: twice as large as asked, then made smaller, so smooth."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from recipes.nano.sprites import load_sprites

Colour = tuple[int, int, int]
OVERSAMPLING = 2


class Canvas:
    """A drawing in units of its own: x and y in [0, 1], y downwards; sizes in short sides.

    Args:
        size: Width and height of the finished picture, in pixels.
        rng: The source of every choice made while drawing.
    """

    def __init__(self, size: tuple[int, int], rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.width, self.height = (OVERSAMPLING * side for side in size)
        self.unit = min(self.width, self.height)
        self.image = Image.new("RGB", (self.width, self.height), "white")
        self.pen = ImageDraw.Draw(self.image)
        self.hand = 0 if rng.random() < 0.7 else 1  # most scenes keep to the plainer icon set

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A point in pixels."""
        return x * self.width, y * self.height

    def box(self, x: float, y: float, width: float, height: float) -> tuple[float, ...]:
        """The corners of a box about a point; its sides in short sides."""
        (cx, cy), w, h = self.at(x, y), width * self.unit / 2, height * self.unit / 2
        return cx - w, cy - h, cx + w, cy + h

    def gradient(self, top: Colour, bottom: Colour, start: float = 0.0, end: float = 1.0) -> None:
        """Fill the rows from start to end with a smooth change of colour."""
        first, last = round(start * self.height), round(end * self.height)
        share = np.linspace(0, 1, max(1, last - first))[:, None, None]
        rows = (1 - share) * np.array(top) + share * np.array(bottom)
        strip = np.broadcast_to(rows, (len(rows), self.width, 3)).astype(np.uint8)
        self.image.paste(Image.fromarray(strip), (0, first))

    def ellipse(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A filled ellipse about a point."""
        self.pen.ellipse(self.box(x, y, width, height), fill=colour)

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A filled rectangle about a point."""
        self.pen.rectangle(self.box(x, y, width, height), fill=colour)

    def band(self, top: float, bottom: float, colour: Colour) -> None:
        """A strip over the whole width."""
        self.pen.rectangle((*self.at(0, top), *self.at(1, bottom)), fill=colour)

    def polygon(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """A filled polygon."""
        self.pen.polygon([self.at(*point) for point in points], fill=colour)

    def line(self, points: Sequence[tuple[float, float]], width: float, colour: Colour) -> None:
        """A line through points, its width in short sides."""
        pixels = max(1, round(width * self.unit))
        self.pen.line([self.at(*point) for point in points], fill=colour, width=pixels)

    def sprite(
        self,
        icon: str,
        x: float,
        y: float,
        size: float,
        *,
        mirrored: bool = False,
        tint: Colour | None = None,
    ) -> None:
        """An icon about a point, its side in short sides, maybe mirrored or in one colour."""
        choices = load_sprites()[icon]
        picture = choices[min(self.hand, len(choices) - 1)]
        side = max(4, round(size * self.unit))
        picture = picture.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
        if mirrored:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if tint is not None:
            picture = tinted(picture, tint)
        corner = x * self.width - side / 2, y * self.height - side / 2
        self.image.paste(picture, tuple(round(c) for c in corner), picture)

    def jitter(self, amount: float = 0.04) -> float:
        """A small shift to either side."""
        return float(self.rng.uniform(-amount, amount))

    def finish(self) -> Image.Image:
        """The picture in the size that was asked for."""
        return self.image.reduce(OVERSAMPLING)


def tinted(picture: Image.Image, colour: Colour) -> Image.Image:
    """The picture in shades of one colour, its transparency kept."""
    grey = np.asarray(picture.convert("L"), dtype=np.float32)[..., None] / 255
    shades = np.clip(grey * 0.8 + 0.35, 0, 1) * np.array(colour)
    result = Image.fromarray(shades.astype(np.uint8)).convert("RGBA")
    result.putalpha(picture.getchannel("A"))
    return result
