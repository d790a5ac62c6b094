"""Free scenes that are drawn as a whole: a ship, a bridge, a basket of fruit and the like."""

import math
from collections.abc import Callable

from recipes.nano.drawing.canvas import Canvas, shade
from recipes.nano.places import places, scenery
from recipes.nano.things.props import WOODS
from recipes.nano.things.trains import STONES

FRUIT = ("red-apple", "pear", "tangerine", "grapes", "lemon", "banana", "peach", "strawberry")
SAIL = (252, 246, 232)
INK = (92, 66, 48)


def mast(canvas: Canvas, x: float, top: float, width: float, sails: int) -> None:
    """A mast with square sails, one above the other."""
    canvas.rectangle(x - 1.1, top - 5, 2.2, -top, INK, form="round")
    canvas.polygon([(x, top - 6), (x - 10, top - 3.5), (x, top - 1)], (200, 66, 56))
    height = (-top - 16) / sails
    for row in range(sails):
        y, half = top + 2 + row * height, width * (0.62 + 0.2 * row) / 2
        low = y + height - 2.5
        with canvas.part("round"):
            mid = (y + low) / 2
            canvas.path(
                f"M{x - half} {y}h{2 * half}Q{x + half + 6} {mid} {x + half + 1} {low}"
                f"Q{x} {low - 4} {x - half - 1} {low}Q{x - half + 4} {mid} {x - half} {y}Z",
                SAIL,
            )


def ship_at_sea(canvas: Canvas) -> None:
    """A ship under full sail on waves."""
    canvas.choice((places.sea, places.sea, places.sunset))(canvas)
    hull = canvas.choice(((122, 80, 52), (84, 62, 56), (96, 74, 88)))
    x, scale = canvas.w / 2 + canvas.jitter(), canvas.rng.uniform(0.9, 1.04)
    with canvas.frame(x, canvas.h * 0.82, scale, canvas.chance(0.5)):
        canvas.line([(28, -12), (48, -22)], 2, INK)
        for at, top, width, sails in ((-21, -54, 22, 2), (21, -60, 24, 2), (0, -74, 30, 3)):
            mast(canvas, at, top, width, sails)
        with canvas.part("round", angle=0):
            canvas.path(
                "M-42 -20L-30 -18L-28 -12H26L42 -16C40 -4 34 4 28 8H-32C-38 0 -40 -10 -42 -20Z",
                hull,
            )
            canvas.path("M-36 -7L38 -9L36 -5L-35 -3Z", (236, 206, 140))
        with canvas.part("flat", angle=0):
            wave = "M-80 8Q-66 0 -54 6T-28 5T0 6T28 5T54 6T80 5V60H-80Z"
            canvas.path(wave, (92, 146, 190))


def wicker(canvas: Canvas) -> None:
    """A basket of wicker whose rim is on the origin, 70 wide and 36 high."""
    straw = canvas.choice(((206, 156, 92), (176, 124, 76), (224, 186, 120)))
    with canvas.part("round"):
        canvas.path("M-36 0L36 0C36 18 30 30 24 36L-24 36C-30 30 -36 18 -36 0Z", straw)
        for row in range(3):
            for step in range(-3, 4):
                x, y = 10 * step + 5 * (row % 2), 9 + 9 * row
                if abs(x) < 32 - 2.5 * row:
                    canvas.stroke(
                        f"M{x - 2.8} {y}Q{x} {y - 3} {x + 2.8} {y}", 1.8, shade(straw, -0.35)
                    )
    with canvas.part("round", angle=0):
        canvas.rectangle(-39, -3, 78, 7, shade(straw, -0.15), round=3.5)


def basket_of_fruit(canvas: Canvas) -> None:
    """A basket heaped with fruit on a table."""
    places.room(canvas)
    wood, low = canvas.choice(WOODS), canvas.h * 0.86
    with canvas.part("flat", angle=0):
        canvas.band(low, canvas.h + 1, shade(wood, 0.25))
        canvas.band(low + 5, canvas.h + 1, wood)
    with canvas.frame(canvas.w / 2 + canvas.jitter(), low - 30, canvas.rng.uniform(0.96, 1.08)):
        if canvas.chance(0.5):
            canvas.stroke("M-34 0C-34 -56 34 -56 34 0", 4.5, shade(wood, -0.1), "round")
        for x, y in ((-12, -25), (11, -26), (-25, -10), (-2, -12), (22, -11)):
            canvas.icon(
                canvas.choice(FRUIT), x + canvas.jitter(1), y, 27, mirrored=canvas.chance(0.5)
            )
        wicker(canvas)


def bridge_over_river(canvas: Canvas) -> None:
    """A stone bridge of one or two arches, the river under it."""
    horizon = canvas.h * 0.44
    with canvas.background():
        grass = scenery.open_land(canvas, horizon)
        far, near = 0.6 * canvas.h, canvas.h + 1
        river = [(0.3 * canvas.w, far), (0.7 * canvas.w, far), (canvas.w + 8, near), (-8, near)]
        canvas.polygon(river, (156, 202, 228), "flat", 0.0)
        for dx, y in ((-10, 0.8), (14, 0.88), (-20, 0.94)):
            x = canvas.w / 2 + dx
            canvas.line([(x - 8, y * canvas.h), (x + 8, y * canvas.h)], 1.6, (226, 242, 250))
        scenery.tree(
            canvas, canvas.w * canvas.choice((0.1, 0.9)), horizon + 8, 40, shade(grass, -0.2)
        )
    stone, hump = shade(canvas.choice(STONES), -0.14), canvas.rng.uniform(6, 14)
    arches = ((-22, 16), (22, 16)) if canvas.chance(0.5) else ((0, 29),)
    with canvas.frame(canvas.w / 2 + canvas.jitter(), canvas.h * 0.8):
        top = f"Q-34 -36 0 {-36 - hump}Q34 -36 72 -30"
        d = f"M-72 -30{top}L72 14L50 4"
        for x, r in arches[::-1]:
            d += f"L{x + r} 4V-4A{r} {0.86 * r} 0 0 0 {x - r} -4V4"
        with canvas.part("flat", angle=0):
            canvas.path(f"{d}L-50 4L-72 14Z", stone)
        for x, r in arches:
            ring = f"M{x + r} 4V-4A{r} {0.86 * r} 0 0 0 {x - r} -4V4"
            canvas.stroke(ring, 3.4, shade(stone, -0.4))
        canvas.stroke(f"M-72 -30{top}", 5.5, shade(stone, -0.3))


def mountain_in_winter(canvas: Canvas) -> None:
    """A great white mountain over snow and firs."""
    horizon = canvas.h * 0.7
    with canvas.background():
        canvas.band(-1, canvas.h + 1, (170, 192, 216), (226, 234, 242))
    with canvas.frame(canvas.w / 2, horizon, mirrored=canvas.chance(0.5)):
        for x, top, half in ((-34, -34, 40), (34, -42, 44), (canvas.jitter(10), -62, 46)):
            with canvas.part("round", angle=60):
                canvas.polygon([(x - half, 4), (x, top), (x + half, 4)], (132, 146, 170))
                canvas.polygon(
                    [(x, top), (x + half, 4), (x + 0.2 * half, 4), (x - 6, 0.4 * top)],
                    (106, 120, 148),
                )
                cap = [(x - 0.5 * half, 0.5 * top), (x, top), (x + 0.5 * half, 0.5 * top)]
                cap += [
                    (x + 0.26 * half, 0.6 * top),
                    (x + 0.06 * half, 0.44 * top),
                    (x - 0.2 * half, 0.62 * top),
                ]
                canvas.polygon(cap, (252, 253, 255))
    with canvas.part("flat", angle=0):
        canvas.blob(
            [
                (-30, horizon + 6),
                (0.4 * canvas.w, horizon - 2),
                (canvas.w + 30, horizon + 5),
                (canvas.w + 30, canvas.h + 40),
                (-30, canvas.h + 40),
            ],
            (244, 248, 252),
        )
    for x in (0.1, 0.26, 0.84):
        y = horizon + canvas.rng.uniform(10, 18)
        snowy_fir(canvas, x * canvas.w + canvas.jitter(), y, canvas.rng.uniform(26, 36))


def snowy_fir(canvas: Canvas, x: float, y: float, height: float) -> None:
    """A fir under snow that stands on a point."""
    with canvas.part("flat"):
        for tier in range(3):
            half, low = (0.3 - 0.06 * tier) * height, y - 0.26 * tier * height
            canvas.polygon(
                [(x - half, low), (x, low - 0.46 * height), (x + half, low)], (66, 100, 92)
            )
            canvas.polygon(
                [
                    (x - 0.5 * half, low - 0.22 * height),
                    (x, low - 0.46 * height),
                    (x + 0.5 * half, low - 0.22 * height),
                ],
                (250, 252, 254),
            )


def clock_face(canvas: Canvas, radius: float) -> None:
    """A dial about the origin, the hands at some hour."""
    with canvas.part("flat"):
        canvas.oval(0, 0, radius, radius, (252, 246, 230))
        for hour in range(12):
            angle, long = math.pi * hour / 6, 0.16 if hour % 3 == 0 else 0.08
            x, y = math.sin(angle), -math.cos(angle)
            far, near = 0.9 * radius, (0.9 - long) * radius
            canvas.line([(far * x, far * y), (near * x, near * y)], 2.0, (64, 52, 46))
        for angle, long, width in (
            (canvas.rng.uniform(0, 6.3), 0.5, 3.2),
            (canvas.rng.uniform(0, 6.3), 0.72, 2.2),
        ):
            tip = (long * radius * math.sin(angle), -long * radius * math.cos(angle))
            canvas.line([(0, 0), tip], width, (44, 36, 34))
        canvas.oval(0, 0, 2.6, 2.6, (160, 60, 50))


def clock_on_wall(canvas: Canvas) -> None:
    """A round clock, or one in a case with a pendulum, on the wall of a room."""
    places.room(canvas)
    wood = canvas.choice(WOODS)
    x = canvas.w / 2 + canvas.jitter()
    if canvas.chance(0.5):
        with canvas.frame(x, canvas.h * 0.42, canvas.rng.uniform(0.95, 1.1)):
            canvas.oval(0, 0, 34, 34, wood)
            clock_face(canvas, 27)
        return
    with canvas.frame(x, canvas.h * 0.36, canvas.rng.uniform(0.86, 0.94)):
        with canvas.part("flat", angle=90):
            canvas.polygon([(-28, -24), (0, -38), (28, -24)], shade(wood, -0.2))
            canvas.rectangle(-25, -25, 50, 80, wood, round=2)
            canvas.polygon([(-25, 55), (25, 55), (10, 64), (-10, 64)], shade(wood, -0.2))
            canvas.rectangle(-12, 24, 24, 28, (246, 232, 204))
        clock_face(canvas, 20)
        canvas.line([(0, 24), (3, 40)], 2, INK)
        canvas.oval(3.5, 43, 6, 6, (226, 176, 74))


PIECES: dict[str, Callable[[Canvas], None]] = {
    "ship": ship_at_sea,
    "basket": basket_of_fruit,
    "bridge": bridge_over_river,
    "mountain": mountain_in_winter,
    "clock": clock_on_wall,
}
