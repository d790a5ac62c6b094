"""Wildflowers among grass, big in front and small behind."""

import math
from collections.abc import Callable

from recipes.nano.drawing.canvas import Canvas, Colour, Point, shade
from recipes.nano.places import places, scenery

STEM: Colour = (76, 128, 62)
LEAVES: tuple[Colour, ...] = ((84, 138, 70), (104, 150, 76), (74, 122, 78))
DARK: Colour = (56, 40, 44)


def spin(canvas: Canvas, number: int, r: float, rx: float, ry: float, colour: Colour) -> None:
    """Petals in a ring about the origin; their middles at a radius."""
    for petal in range(number):
        angle = 2 * math.pi * petal / number
        x, y = r * math.cos(angle), r * math.sin(angle)
        canvas.oval(x, y, rx, ry, colour, turn=math.degrees(angle))


def daisy(canvas: Canvas) -> None:
    """A daisy seen from the front, 12 in radius."""
    colour = canvas.choice(((252, 252, 250), (252, 252, 250), (246, 208, 226), (250, 226, 120)))
    with canvas.part("round"):
        spin(canvas, 10, 7.6, 4.8, 2.5, shade(colour, -0.1))
        spin(canvas, 10, 7.2, 4.6, 2.0, colour)
    canvas.oval(0, 0, 4.2, 4.0, (240, 178, 52) if colour[2] > 150 else (132, 84, 46))


def poppy(canvas: Canvas) -> None:
    """A poppy, a wide bowl of four petals with a dark heart."""
    colour = canvas.choice(((220, 56, 44), (232, 84, 50), (206, 44, 58)))
    canvas.oval(0, -4.5, 9.5, 7.6, shade(colour, -0.22))
    for side in (-1, 1):
        canvas.oval(side * 6.4, 0.5, 7, 8, colour, turn=side * 20)
    canvas.oval(0, 4.2, 8.6, 6.4, shade(colour, 0.16))
    canvas.oval(0, -0.5, 3.6, 3.2, DARK, form="solid")


def cornflower(canvas: Canvas) -> None:
    """A cornflower, a star of toothed florets on a scaly cup."""
    colour = canvas.choice(((76, 98, 204), (104, 110, 214), (62, 124, 196)))
    with canvas.part("round"):
        for turn in range(0, 360, 45):
            with canvas.frame(0, 0, turn=turn):
                canvas.path("M0 0L-4.4 -10L-1.8 -9L0 -12.5L1.8 -9L4.4 -10Z", colour)
    canvas.oval(0, 0, 4, 4, (58, 44, 112), form="solid")


def star_flower(canvas: Canvas) -> None:
    """A mallow of five broad petals with veins."""
    colour = canvas.choice(((206, 120, 190), (236, 150, 176), (170, 130, 210)))
    with canvas.part("round"):
        with canvas.frame(0, 0, turn=-18):
            spin(canvas, 5, 6.4, 5.8, 4.7, colour)
            for turn in range(0, 360, 72):
                with canvas.frame(0, 0, turn=turn):
                    canvas.stroke("M3 0L9 0", 1.3, shade(colour, -0.35))
        canvas.oval(0, 0, 3, 3, (250, 236, 150))


def tulip(canvas: Canvas) -> None:
    """A wild tulip, a cup of pointed petals."""
    colour = canvas.choice(((226, 66, 72), (246, 190, 60), (238, 128, 160), (240, 130, 56)))
    with canvas.part("round"):
        canvas.path("M-8 -8C-10 4 -6 10 0 10C6 10 10 4 8 -8L3 -2L0 -12L-3 -2Z", shade(colour, -0.2))
        canvas.path("M-9 -9C-13 4 -7 11 0 11C-1 4 -3 -2 -9 -9Z", colour)
        canvas.path("M9 -9C13 4 7 11 0 11C1 4 3 -2 9 -9Z", colour)


def bells(canvas: Canvas) -> None:
    """A bowed stem with hanging bells."""
    colour = canvas.choice(((112, 92, 190), (92, 128, 206), (160, 96, 180)))
    canvas.line([(0, 12), (0, 2), (-2, -8), (-8, -15), (-15, -16)], 1.8, STEM)
    for x, y in ((-14.5, -14), (-4, -9), (4.5, -1)):
        canvas.line([(min(x, 0), y - 3), (x, y)], 1.6, STEM)
        with canvas.part("round"), canvas.frame(x, y, 1.1):
            canvas.path("M0 -3C4 -3 4 4 6.5 8L3 6.8L0 9L-3 6.8L-6.5 8C-4 4 -4 -3 0 -3Z", colour)


FLOWERS: tuple[Callable[[Canvas], None], ...] = (
    daisy,
    daisy,
    poppy,
    poppy,
    cornflower,
    cornflower,
    star_flower,
    star_flower,
    tulip,
    bells,
)


def leaf(canvas: Canvas, x: float, y: float, length: float, turn: float, colour: Colour) -> None:
    """A long leaf that rises from a point, turned in degrees to the right."""
    with canvas.frame(x, y, length / 20, turn=turn), canvas.part("round", angle=turn + 90):
        canvas.path("M0 0C-6 -6 -4 -15 0 -20C4 -15 6 -6 0 0Z", colour)
        canvas.stroke("M0 -2L0 -15", 1.2, shade(colour, -0.3))


def standing(
    canvas: Canvas, kind: Callable[[Canvas], None], x: float, y: float, size: float
) -> None:
    """A flower about a point on a stem that comes out of the lower edge, with leaves."""
    lean = canvas.jitter(4)
    green = canvas.choice(LEAVES)
    down = 12 * size if kind in (bells, tulip) else 4
    track: list[Point] = [(x, y + down - 2), (x + 0.4 * lean, (y + 106) / 2), (x + lean, 106)]
    canvas.line(track, 2.4, STEM)
    side = canvas.choice((-1, 1))
    room = 100 - y - 10 * size
    if room > 14:
        leaf(canvas, x + 0.4 * lean, y + 10 * size + 0.55 * room, 19, 48 * side, green)
        leaf(canvas, x + 0.7 * lean, y + 10 * size + 0.85 * room, 21, -42 * side, green)
    with canvas.frame(x, y, size, turn=canvas.jitter(14)):
        kind(canvas)


def blades(canvas: Canvas, number: int, height: float) -> None:
    """Tufts of grass along the lower edge."""
    for place in range(number):
        x = canvas.w * (place + 0.5) / number + canvas.jitter(3) - (canvas.w - 100) / 2
        tall, lean = height * canvas.rng.uniform(0.6, 1.1), canvas.jitter(7)
        with canvas.part("flat", angle=90):
            for dx in (-4, 0, 4):
                tip = x + 1.6 * dx + lean, 102 - tall * (1 if dx == 0 else 0.7)
                d = f"M{x + dx - 1.8} 104Q{x + dx} {104 - 0.5 * tall} {tip[0]} {tip[1]}"
                canvas.path(
                    f"{d}Q{x + dx + 2.5} {104 - 0.5 * tall} {x + dx + 1.8} 104Z",
                    canvas.choice(LEAVES),
                )


def far_flowers(canvas: Canvas, horizon: float, number: int) -> None:
    """Dots of colour in the grass, larger the nearer."""
    colours = [(244, 244, 240), (226, 88, 74), (248, 214, 90), (126, 126, 210), (236, 150, 180)]
    with canvas.background():
        for place in range(number):
            y = horizon + 4 + (102 - horizon) * (place / number) ** 1.2
            size = 1.4 + 2.4 * (y - horizon) / (100 - horizon)
            x = canvas.w * canvas.rng.random() - (canvas.w - 100) / 2
            canvas.line([(x, y), (x, y + 3 * size)], 0.9, (120, 166, 88))
            canvas.oval(x, y, size, 0.85 * size, canvas.choice(colours))


def in_a_row(canvas: Canvas) -> list[tuple[float, float, float]]:
    """Three great ones side by side: (x, y, size) each."""
    return [(18, 46, 1.35), (50, 30, 1.5), (82, 48, 1.35)]


def crowd(canvas: Canvas) -> list[tuple[float, float, float]]:
    """Seven at different heights."""
    return [
        (30, 28, 1.0),
        (72, 24, 1.05),
        (50, 44, 1.2),
        (13, 50, 1.1),
        (87, 52, 1.15),
        (31, 66, 1.25),
        (69, 69, 1.25),
    ]


def around_one(canvas: Canvas) -> list[tuple[float, float, float]]:
    """A great one in the middle, four about its foot."""
    return [(50, 33, 1.9), (16, 50, 1.15), (84, 46, 1.15), (30, 76, 1.2), (72, 78, 1.2)]


def side_by_side(canvas: Canvas) -> list[tuple[float, float, float]]:
    """Two great ones and three smaller to their side."""
    return [(26, 34, 1.6), (60, 50, 1.45), (84, 30, 1.05), (88, 66, 1.1), (14, 72, 1.1)]


def wildflowers(canvas: Canvas) -> None:
    """Large wildflowers in the grass of a meadow."""
    horizon = canvas.h * canvas.rng.uniform(0.3, 0.5)
    with canvas.background():
        scenery.open_land(canvas, horizon)
    with places.sheet(canvas):
        far_flowers(canvas, horizon - canvas.h + 100, 16)
        spots = canvas.choice((in_a_row, crowd, around_one, side_by_side))(canvas)
        blades(canvas, 5, 26)
        same = canvas.choice((daisy, poppy, cornflower)) if canvas.chance(0.12) else None
        for x, y, size in spots:
            kind = same or canvas.choice(FLOWERS)
            bigger = size * canvas.rng.uniform(0.95, 1.1)
            standing(canvas, kind, x + canvas.jitter(4), y + canvas.jitter(4), bigger)
        blades(canvas, 7, 15)
