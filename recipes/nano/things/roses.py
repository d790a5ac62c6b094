"""One rose as on a botanical plate."""

import math
from collections.abc import Callable

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.places import places

PETALS: tuple[Colour, ...] = (
    (208, 52, 66),
    (226, 112, 136),
    (240, 168, 176),
    (244, 208, 116),
    (246, 236, 224),
    (168, 40, 70),
)
GREENS: tuple[Colour, ...] = ((84, 130, 76), (104, 142, 82), (70, 116, 84))
PAPERS: tuple[Colour, ...] = ((252, 246, 230), (250, 250, 244), (244, 238, 222))


def ring(canvas: Canvas, number: int, r: float, size: float, colour: Colour, turn: float) -> None:
    """A ring of broad petals about the origin, each a part with a turned-over rim."""
    for petal in range(number):
        angle = turn + 360 * petal / number
        light = 0.16 * math.cos(math.radians(angle + 50)) - 0.1 * (petal % 2)
        petal_colour = shade(colour, light)
        with canvas.frame(0, 0, turn=angle), canvas.part("round"):
            w, top = 0.78 * size, -r - 0.72 * size
            canvas.path(
                f"M0 2C{-1.5 * w} {-0.2 * r} {-1.5 * w} {top} {-0.28 * w} {top + 0.6}"
                f"Q0 {top + 2.2} {0.28 * w} {top + 0.6}C{1.5 * w} {top} {1.5 * w} {-0.2 * r} 0 2Z",
                petal_colour,
            )


def bloom_in_front(canvas: Canvas, colour: Colour) -> None:
    """An open rose seen from the front, about 24 in radius."""
    step = 0.14 if sum(colour) > 560 else 0.2
    ring(canvas, 5, 12, 15, shade(colour, -0.8 * step), 0)
    ring(canvas, 5, 8, 12.5, colour, 36)
    ring(canvas, 3, 4, 10.5, shade(colour, step), 10)
    with canvas.part("round"):
        canvas.oval(0, -0.5, 7.6, 7.2, shade(colour, -1.4 * step))
        canvas.path("M-7.5 0C-7 -9 5 -9 5.5 -1C2 -5 -4 -4 -7.5 0Z", shade(colour, step))
        canvas.path("M7.5 -1C8 8 -5 9 -6 2C-2 5 4 4 7.5 -1Z", shade(colour, 0.4 * step))
        canvas.oval(0.2, -0.3, 2, 1.6, shade(colour, -2 * step))


def petal(canvas: Canvas, d: str, rim: str, colour: Colour) -> None:
    """A petal with a lighter turned-over rim."""
    with canvas.part("round"):
        canvas.path(d, colour)
        canvas.stroke(rim, 1.7, shade(colour, 0.34))


def bloom_from_side(canvas: Canvas, colour: Colour) -> None:
    """A full rose from the side, folded petals about a heart, 44 high about the origin."""
    dark, mid, light = (shade(colour, amount) for amount in (-0.34, -0.16, 0.08))
    with canvas.part("round"):
        canvas.blob([(-15, -8), (-10, -19), (1, -22), (12, -18), (16, -7), (0, 8)], mid)
        canvas.oval(0, -11, 9, 7, dark)
        canvas.line(
            [(-8, -9), (-3, -15), (5, -14), (5, -8), (-1, -7), (-1, -11)], 2, shade(colour, 0.2)
        )
    right = "C17 20 23 2 15 -15"
    petal(canvas, f"M0 22{right}C6 -13 -6 -4 -8 10Z", "M15 -15C8 -13 0 -8 -4 -1", mid)
    left = "M0 22C-18 19 -23 0 -15 -15C-4 -11 9 -1 9 14C8 19 5 21 0 22Z"
    petal(canvas, left, "M-15 -15C-4 -11 7 -1 9 10", light)
    outer = "M0 23C13 25 25 17 28 2C29 -3 22 -5 19 0C16 9 8 15 0 23Z"
    petal(canvas, outer, "M28 1C25 -4 21 -3 19 1", dark)
    outer = "M2 23C-13 25 -25 17 -28 2C-29 -3 -22 -5 -19 0C-15 9 -6 14 2 23Z"
    petal(canvas, outer, "M-28 1C-25 -4 -21 -3 -19 1", colour)


def sepals(canvas: Canvas, y: float, colour: Colour) -> None:
    """Pointed sepals below a bloom, on the middle line."""
    for turn in (-75, -30, 30, 75):
        with canvas.frame(0, y, turn=180 + turn), canvas.part("flat"):
            canvas.path("M-3 0C-4 -5 -1 -10 1 -13C3 -9 4 -4 3 0Z", colour)
    canvas.oval(0, y + 1, 5, 5, colour)


def bud(canvas: Canvas, colour: Colour, green: Colour) -> None:
    """A closed bud on the origin, 22 high."""
    with canvas.part("round"):
        canvas.path("M0 0C-9 -4 -8 -14 0 -22C8 -14 9 -4 0 0Z", colour)
        canvas.line([(-1, -4), (2, -12), (0, -18)], 1.6, shade(colour, -0.3))
    for side in (-1, 1):
        with canvas.part("flat"):
            canvas.path(
                f"M0 3C{side * 7} 1 {side * 8} -7 {side * 6} -15C{side * 3} -10 0 -6 0 3Z", green
            )
    canvas.oval(0, 1, 3.6, 4, green)


def hip(canvas: Canvas, green: Colour) -> None:
    """A ripe hip on the origin, 18 high, the dry sepals at its top."""
    with canvas.part("round"):
        canvas.path("M0 0C-9 -2 -9 -14 0 -15C9 -14 9 -2 0 0Z", (206, 84, 48))
        canvas.oval(-2.5, -9, 1.6, 2.4, (246, 178, 130))
    for turn in (-40, 0, 40):
        with canvas.frame(0, -14, turn=turn):
            canvas.path("M-1.6 0L0 -7L1.6 0Z", green, "flat")


def leaflet(canvas: Canvas, x: float, y: float, size: float, turn: float, colour: Colour) -> None:
    """A serrated leaf that grows from a point, turned in degrees to the right."""
    right = []
    for u, v in ((0.06, 0.2), (0.24, 0.36), (0.42, 0.4), (0.6, 0.33), (0.78, 0.2)):
        right += [(v * size, -u * size), (0.8 * v * size, -(u + 0.08) * size)]
    left = [(-a, b) for a, b in reversed(right)]
    with canvas.frame(x, y, turn=turn), canvas.part("round", angle=turn + 60):
        canvas.polygon([(0, 0), *right, (0, -size), *left], colour)
        canvas.stroke(f"M0 -1L0 {-0.85 * size:.2f}", 1.2, shade(colour, 0.45))


def compound_leaf(
    canvas: Canvas, x: float, y: float, turn: float, colour: Colour, size: float
) -> None:
    """Three leaflets on one stalk that grows from a point."""
    with canvas.frame(x, y, size, turn=turn):
        canvas.stroke("M0 0L0 -22", 1.8, shade(colour, -0.2))
        for side in (-1, 1):
            leaflet(canvas, 0, -13, 18, side * 66, shade(colour, 0.14 * (side > 0)))
        leaflet(canvas, 0, -17, 20, 0, colour)


def thorns(canvas: Canvas, points: list[tuple[float, float]], colour: Colour) -> None:
    """Thorns at points of the stem, on either side in turn."""
    for number, (x, y) in enumerate(points):
        side = 1 if number % 2 else -1
        canvas.polygon([(x, y - 2.4), (x + side * 5.4, y - 1.4), (x, y + 2.4)], colour)


def lettering(canvas: Canvas, y: float) -> None:
    """A line of a script too small to read, as plates have below the plant."""
    with canvas.background():
        for x, w in ((33, 9), (44, 12), (58, 8)):
            canvas.line([(x, y), (x + 0.4 * w, y - 0.8), (x + w, y)], 1.3, (150, 132, 110))


def upright(
    canvas: Canvas, bloom: Callable[[Canvas, Colour], None], colour: Colour, green: Colour
) -> None:
    """A straight rose, a bud to one side, leaves to both."""
    stem = shade(green, -0.15)
    canvas.line([(2, 30), (1, 58), (-1, 95)], 2.8, stem)
    canvas.line([(1, 66), (13, 56), (23, 50)], 2, stem)
    thorns(canvas, [(1, 52), (1, 62), (0, 76), (-1, 86)], stem)
    compound_leaf(canvas, 0, 80, -58, green, 1.02)
    compound_leaf(canvas, 0, 86, 62, green, 1.0)
    compound_leaf(canvas, 1, 60, -66, green, 0.85)
    with canvas.frame(23, 50, turn=18):
        bud(canvas, colour, green)
    with canvas.frame(2, 28, 1.12):
        sepals(canvas, 18, green)
        bloom(canvas, colour)


def bowed(
    canvas: Canvas, bloom: Callable[[Canvas, Colour], None], colour: Colour, green: Colour
) -> None:
    """A rose that leans to the right on a bowed stem, a bud and a hip beside it."""
    stem = shade(green, -0.15)
    canvas.line([(12, 34), (4, 56), (-8, 74), (-18, 97)], 2.8, stem)
    canvas.line([(0, 61), (-12, 48), (-18, 38)], 2, stem)
    canvas.line([(-10, 77), (8, 76), (20, 84)], 2, stem)
    thorns(canvas, [(6, 50), (-3, 66), (-14, 86)], stem)
    compound_leaf(canvas, 4, 58, 78, green, 1.0)
    compound_leaf(canvas, -9, 74, -64, green, 1.05)
    with canvas.frame(-18, 38, turn=-16):
        bud(canvas, colour, green)
    with canvas.frame(20, 84, turn=150):
        hip(canvas, green)
    with canvas.frame(13, 30, 1.08, turn=12):
        sepals(canvas, 18, green)
        bloom(canvas, colour)


def spray(
    canvas: Canvas, bloom: Callable[[Canvas, Colour], None], colour: Colour, green: Colour
) -> None:
    """A great bloom low on the sheet, two buds above, leaves beneath."""
    stem = shade(green, -0.15)
    canvas.line([(0, 48), (0, 70), (3, 97)], 2.8, stem)
    canvas.line([(0, 60), (-18, 40), (-22, 26)], 2, stem)
    canvas.line([(0, 60), (20, 36), (21, 24)], 2, stem)
    thorns(canvas, [(0, 76), (2, 88)], stem)
    compound_leaf(canvas, 1, 78, -72, green, 1.1)
    compound_leaf(canvas, 1, 80, 74, green, 1.1)
    for x, y, turn in ((-22, 26, -10), (21, 24, 8)):
        with canvas.frame(x, y, turn=turn):
            bud(canvas, colour, green)
    with canvas.frame(0, 45, 1.1):
        sepals(canvas, 18, green)
        bloom(canvas, colour)


def rose(canvas: Canvas) -> None:
    """A rose with bud, thorns and serrated leaves on the paper of a plate."""
    with canvas.background():
        canvas.band(-1, canvas.h + 1, canvas.choice(PAPERS))
    colour, green = canvas.choice(PETALS), canvas.choice(GREENS)
    bloom = canvas.choice((bloom_in_front, bloom_in_front, bloom_from_side))
    layout = canvas.choice((upright, bowed, spray))
    mirrored = canvas.chance(0.5)
    with places.sheet(canvas, 0.5):
        if canvas.chance(0.4):
            lettering(canvas, 97.5)
        with canvas.frame(
            50 + canvas.jitter(4), 1 + canvas.jitter(1.5), canvas.rng.uniform(0.94, 1.0), mirrored
        ):
            layout(canvas, bloom, colour, green)
