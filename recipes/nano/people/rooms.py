"""Rooms, and the frames in which scenes are laid out."""

from collections.abc import Iterator
from contextlib import contextmanager

from recipes.nano.drawing.canvas import Canvas, Colour, shade

WALLS: tuple[Colour, ...] = (
    (214, 226, 220),
    (232, 222, 196),
    (208, 218, 236),
    (236, 212, 204),
    (222, 216, 232),
    (206, 224, 206),
)


WOOD: Colour = (150, 100, 62)


FLOOR: Colour = (206, 176, 138)


@contextmanager
def scene(
    canvas: Canvas, *, mirror: bool = True, low: float = 0.92, high: float = 1.04
) -> Iterator[None]:
    """A box of 100 x 100 on the lower edge, jittered in place and size, maybe mirrored."""
    size = float(canvas.rng.uniform(low, high))
    middle = canvas.w / 2 + canvas.jitter(3)
    mirrored = mirror and canvas.chance(0.5)
    left = middle + 50 * size if mirrored else middle - 50 * size
    with canvas.frame(left, canvas.h - 100 * size, size, mirrored=mirrored):
        yield


def room(canvas: Canvas, floor: float = 26.0) -> Colour:
    """A papered wall over a floor of boards; the colour of the wall."""
    wall = canvas.choice(WALLS)
    y = canvas.h - floor
    with canvas.background():
        canvas.band(-1, canvas.h + 1, wall)
        if canvas.chance(0.5):
            for x in range(6, int(canvas.w), 16):
                canvas.rectangle(x, 0, 5, y, shade(wall, 0.3), angle=90)
        canvas.band(y, canvas.h + 1, FLOOR)
        canvas.band(y - 2.5, y + 0.5, shade(wall, 0.6))
    return wall


def window(canvas: Canvas, x: float, y: float, width: float, height: float, night: bool) -> None:
    """A window of four panes with curtains, its sky by day or by night."""
    sky: Colour = (74, 92, 146) if night else (176, 216, 244)
    with canvas.background():
        canvas.rectangle(x - 2.5, y - 2.5, width + 5, height + 5, (244, 240, 228))
        canvas.rectangle(x, y, width, height, sky)
        if night:
            canvas.oval(x + width * 0.7, y + height * 0.26, 4, 4, (252, 240, 190), form="flat")
        canvas.rectangle(x + width / 2 - 1.2, y, 2.4, height, (244, 240, 228))
        canvas.rectangle(x, y + height / 2 - 1.2, width, 2.4, (244, 240, 228))


def drapes(canvas: Canvas, x: float, y: float, width: float, height: float, colour: Colour) -> None:
    """Two curtains beside a window."""
    for side, left in ((-1, x - 3), (1, x + width + 3)):
        d = f"M{left} {y - 5}L{left + 8 * side} {y - 5}L{left + 7 * side} {y + height + 6}"
        canvas.path(
            d + f"L{left - 2 * side} {y + height + 6}Q{left - 5 * side} {y + 8} {left} {y - 5}Z",
            colour,
        )
    canvas.stroke(f"M{x - 13} {y - 5.5}L{x + width + 13} {y - 5.5}", 2.6, WOOD)


def painting(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A framed landscape on the wall."""
    with canvas.background(), canvas.part("flat"):
        canvas.rectangle(x, y, size, size * 0.8, (190, 146, 70))
        canvas.rectangle(x + 2.4, y + 2.4, size - 4.8, size * 0.8 - 4.8, (206, 226, 236))
        canvas.rectangle(x + 2.4, y + size * 0.45, size - 4.8, size * 0.35 - 2.4, (140, 176, 120))


def candle(canvas: Canvas, x: float, y: float, size: float = 1.0) -> None:
    """A burning candle in its stick, its foot at a point."""
    with canvas.frame(x, y, size):
        with canvas.part("round"):
            canvas.rectangle(-1.8, -14, 3.6, 11, (250, 244, 226), form="round")
            canvas.path("M-5 0Q-5 -3.4 -2.4 -3.4L2.4 -3.4Q5 -3.4 5 0Z", (168, 124, 50))
        canvas.path("M0 -22Q4.2 -16.6 0 -14Q-4.2 -16.6 0 -22Z", (250, 176, 40), "flat")
