"""Places: what lies behind the subjects of a scene, all of it ground, light and calm."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.places.scenery import (
    bush,
    fir,
    house_front,
    mountain,
    open_land,
    picture,
    rolling,
    sky,
    tree,
)
from recipes.nano.words.lexicon import COLOURS

WALLS: tuple[Colour, ...] = (
    (246, 230, 204),
    (226, 214, 230),
    (216, 230, 222),
    (240, 220, 210),
    (214, 226, 238),
)
HORIZON = 0.62


def sheet(canvas: Canvas, low: float = 1.0) -> AbstractContextManager[None]:
    """A frame of 100 by 100 in the middle of the canvas, at its bottom (1) or its top (0)."""
    return canvas.frame((canvas.w - 100) / 2, (canvas.h - 100) * low)


def plain(canvas: Canvas, colour: str = "white") -> None:
    """Nothing but one light colour."""
    with canvas.background():
        canvas.band(-1, canvas.h + 1, shade(COLOURS[colour], 0.66))


def meadow(canvas: Canvas) -> None:
    """Grass under a day's sky, a tree or bushes at the sides."""
    horizon = HORIZON * canvas.h + canvas.jitter(3)
    with canvas.background():
        grass = open_land(canvas, horizon)
        left = canvas.chance(0.5)
        x = canvas.w * (0.08 if left else 0.92)
        kind = canvas.rng.integers(3)
        if kind == 0:
            tree(canvas, x, horizon + 5, canvas.rng.uniform(26, 38), shade(grass, -0.16))
        if kind == 1:
            bush(canvas, x, horizon + 3, 9, shade(grass, -0.12))
            bush(canvas, canvas.w - x, horizon + 2, 6, shade(grass, -0.06))


def night(canvas: Canvas) -> None:
    """A dark blue sky with a moon and stars over dark ground."""
    low = 0.78 * canvas.h
    with canvas.background():
        canvas.band(-1, low + 1, (58, 70, 124), (122, 134, 178))
        canvas.band(low, canvas.h + 1, (66, 84, 92))
        for _ in range(7):
            x, y = canvas.w * canvas.rng.random(), low * canvas.rng.uniform(0.03, 0.7)
            canvas.oval(x, y, 1.5, 1.5, (250, 246, 210))
        x = canvas.w * canvas.choice((0.16, 0.84)) + canvas.jitter()
        canvas.oval(x, 17 + canvas.jitter(), 9, 9, (252, 244, 200))


def room(canvas: Canvas) -> None:
    """A wall, a floor and a skirting board, perhaps a picture or wallpaper."""
    low, wall = 0.74 * canvas.h, canvas.choice(WALLS)
    with canvas.background():
        canvas.band(-1, low, wall)
        kind = canvas.rng.integers(3)
        if kind == 1:
            for stripe in range(int(canvas.w // 14) + 1):
                canvas.rectangle(14 * stripe, 0, 5, low, shade(wall, -0.05))
        if kind == 2:
            picture(canvas, canvas.w * canvas.choice((0.13, 0.87)), 20)
        canvas.band(low, canvas.h + 1, (206, 166, 124), (190, 148, 106))
        canvas.band(low - 2.5, low + 1, (252, 248, 240))


def sea(canvas: Canvas) -> None:
    """Sky over waves."""
    horizon = HORIZON * canvas.h + canvas.jitter(4)
    with canvas.background():
        sky(canvas, horizon)
        canvas.band(horizon, canvas.h + 1, (146, 194, 224), (104, 162, 206))
        for row in range(4):
            x, y = canvas.w * canvas.rng.random(), horizon + 6 + 8 * row
            points = [(x - 14, y), (x - 7, y - 1.6), (x, y), (x + 7, y - 1.6), (x + 14, y)]
            canvas.line(points, 1.6, (214, 234, 244))


def desert(canvas: Canvas) -> None:
    """Sand, dunes and a sun."""
    horizon = HORIZON * canvas.h
    with canvas.background():
        canvas.band(-1, horizon + 1, (250, 226, 180), (253, 244, 220))
        canvas.oval(
            canvas.w * canvas.choice((0.15, 0.85)), 18 + canvas.jitter(), 8, 8, (250, 196, 104)
        )
        canvas.band(horizon, canvas.h + 1, (240, 208, 148), (226, 186, 122))
        canvas.oval(canvas.w * canvas.rng.uniform(0, 1), horizon + 1, 40, 9, (240, 208, 148))


def snow(canvas: Canvas) -> None:
    """White ground, bare firs at the side and falling flakes."""
    horizon = HORIZON * canvas.h + canvas.jitter(3)
    with canvas.background():
        canvas.band(-1, horizon + 1, (172, 190, 210), (216, 226, 234))
        canvas.oval(canvas.w * canvas.rng.random(), horizon + 2, 44, 8, (236, 242, 248))
        canvas.band(horizon, canvas.h + 1, (246, 250, 253))
        for _ in range(canvas.rng.integers(3)):
            x = canvas.w * canvas.choice((0.07, 0.93)) + canvas.jitter()
            fir(canvas, x, horizon + 4, canvas.rng.uniform(18, 30), (132, 158, 150))
        for _ in range(8):
            x, y = canvas.w * canvas.rng.random(), canvas.h * canvas.rng.random()
            canvas.oval(x, y, 1.6, 1.6, (253, 254, 255))


def forest(canvas: Canvas) -> None:
    """A row of firs or trees on the horizon."""
    horizon = HORIZON * canvas.h
    plant = canvas.choice((fir, tree))
    with canvas.background():
        canvas.band(-1, horizon + 1, (206, 228, 214), (228, 240, 226))
        canvas.band(horizon, canvas.h + 1, (158, 190, 126), (140, 176, 110))
        for column in range(5):
            x = canvas.w * (0.02 + 0.24 * column) + canvas.jitter()
            height = canvas.rng.uniform(30, 36) if column == 2 else canvas.rng.uniform(42, 54)
            plant(canvas, x, horizon + 3, height, (134, 174, 134))


def hills(canvas: Canvas) -> None:
    """Mountains with snow on their tops, far behind grass."""
    horizon = HORIZON * canvas.h
    with canvas.background():
        sky(canvas, horizon, clouds=1)
        for x in (0.2 * canvas.w + canvas.jitter(8), 0.8 * canvas.w + canvas.jitter(8)):
            top = horizon * canvas.rng.uniform(0.28, 0.5)
            mountain(canvas, x, top, horizon + 1)
        canvas.band(horizon, canvas.h + 1, (178, 206, 140), (160, 196, 122))


def sunset(canvas: Canvas) -> None:
    """A red sky and a low sun."""
    horizon = HORIZON * canvas.h
    with canvas.background():
        canvas.band(-1, horizon + 1, (240, 150, 116), (254, 226, 162))
        canvas.oval(canvas.w * canvas.rng.uniform(0.2, 0.8), horizon, 15, 15, (254, 244, 190))
        canvas.band(horizon, canvas.h + 1, (152, 124, 138), (132, 104, 122))


def field(canvas: Canvas) -> None:
    """Furrows and a fence under a sky."""
    horizon = HORIZON * canvas.h + canvas.jitter(3)
    crop = canvas.choice(((230, 210, 142), (190, 208, 134)))
    with canvas.background():
        sky(canvas, horizon)
        rolling(canvas, horizon, (186, 208, 166))
        canvas.band(horizon, canvas.h + 1, shade(crop, 0.1), shade(crop, -0.05))
        for step in range(-4, 5):
            x = canvas.w / 2
            furrow = [(x + 11 * step, horizon), (x + 32 * step, canvas.h + 1)]
            canvas.line(furrow, 1.6, shade(crop, -0.12))


def garden(canvas: Canvas) -> None:
    """A lawn before a hedge, flowers at the sides."""
    horizon = 0.56 * canvas.h
    with canvas.background():
        sky(canvas, horizon)
        with canvas.part("round"):
            canvas.band(horizon - 9, horizon + 2, (150, 190, 124))
        canvas.band(horizon, canvas.h + 1, (194, 218, 150), (178, 208, 132))
        for x in (0.06 * canvas.w, 0.94 * canvas.w):
            bush(canvas, x, horizon + 12, 8, (146, 188, 116))
            for dx, dy in ((-3, 5), (3, 8), (0, 1)):
                canvas.oval(
                    x + dx,
                    horizon + dy,
                    2.2,
                    2.2,
                    canvas.choice(((236, 150, 150), (250, 226, 140))),
                )


def street(canvas: Canvas) -> None:
    """Fronts of houses over cobbles."""
    low = 0.66 * canvas.h
    with canvas.background():
        canvas.band(-1, low, (214, 226, 234), (244, 244, 238))
        for place in range(4):
            left, top = canvas.w * 0.25 * place, canvas.rng.uniform(14, 26)
            house_front(canvas, left, top, canvas.w * 0.25, low)
        canvas.band(low, canvas.h + 1, (222, 214, 202), (208, 198, 184))


def riverbank(canvas: Canvas) -> None:
    """A river between banks, reeds at the side."""
    horizon = 0.52 * canvas.h
    with canvas.background():
        grass = open_land(canvas, horizon)
        canvas.band(horizon + 10, horizon + 26, (176, 212, 232), (156, 198, 224))
        canvas.oval(canvas.w * 0.5, canvas.h + 6, canvas.w * 0.8, 28, shade(grass, 0.08))
        x = canvas.w * canvas.choice((0.06, 0.94))
        for step in (-4, 0, 4):
            canvas.line(
                [(x + step, canvas.h - 8), (x + 1.3 * step, horizon + 10)], 1.8, (120, 156, 92)
            )


PAINTERS: dict[str, Callable[[Canvas], None]] = {
    "meadow": meadow,
    "night": night,
    "room": room,
    "sea": sea,
    "desert": desert,
    "snow": snow,
    "forest": forest,
    "hills": hills,
    "sunset": sunset,
    "field": field,
    "garden": garden,
    "street": street,
    "riverbank": riverbank,
}
