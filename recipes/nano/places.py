"""Places: what lies behind the subjects of a scene."""

from collections.abc import Callable

from recipes.nano.canvas import Canvas, Colour
from recipes.nano.lexicon import COLOURS

SKY: Colour = (168, 214, 246)
PALE: Colour = (226, 242, 252)
GRASS: Colour = (128, 190, 92)
HORIZON = 0.62


def plain(canvas: Canvas, colour: str = "white") -> None:
    """Nothing but one light colour."""
    light = tuple(round(0.35 * c + 0.65 * 255) for c in COLOURS[colour])
    canvas.band(0, 1, (light[0], light[1], light[2]))


def meadow(canvas: Canvas) -> None:
    """Grass under a day's sky."""
    canvas.gradient(SKY, PALE, 0, HORIZON)
    canvas.gradient(GRASS, (96, 160, 70), HORIZON, 1)


def night(canvas: Canvas) -> None:
    """A dark sky with a moon and stars over dark ground."""
    canvas.gradient((24, 32, 78), (52, 64, 120), 0, 0.75)
    canvas.band(0.75, 1, (34, 50, 60))
    for _ in range(7):
        x, y = canvas.rng.random(), canvas.rng.uniform(0, 0.55)
        canvas.ellipse(x, y, 0.025, 0.025, (250, 246, 210))
    canvas.ellipse(0.82 + canvas.jitter(), 0.15 + canvas.jitter(), 0.16, 0.16, (250, 240, 190))


def room(canvas: Canvas) -> None:
    """A wall, a floor and a skirting board."""
    walls = ((244, 222, 190), (224, 206, 228), (206, 224, 214), (238, 210, 200))
    canvas.band(0, 0.74, walls[canvas.rng.integers(len(walls))])
    canvas.band(0.74, 1, (176, 124, 80))
    canvas.band(0.73, 0.76, (250, 246, 238))


def sea(canvas: Canvas) -> None:
    """Sky over waves."""
    canvas.gradient(SKY, PALE, 0, HORIZON)
    canvas.gradient((84, 152, 214), (36, 98, 172), HORIZON, 1)
    for row in range(3):
        x, y = canvas.rng.random(), 0.7 + 0.1 * row
        canvas.line([(x - 0.12, y), (x + 0.12, y)], 0.02, (190, 222, 244))


def desert(canvas: Canvas) -> None:
    """Sand, a dune and a sun."""
    canvas.gradient((250, 214, 150), (253, 238, 204), 0, HORIZON)
    canvas.gradient((232, 190, 118), (210, 160, 90), HORIZON, 1)
    canvas.ellipse(0.2 + canvas.jitter(), 0.18, 0.18, 0.18, (250, 176, 66))


def snow(canvas: Canvas) -> None:
    """White ground and falling flakes."""
    canvas.gradient((160, 180, 204), (206, 218, 230), 0, HORIZON)
    canvas.band(HORIZON, 1, (246, 250, 253))
    for _ in range(10):
        canvas.ellipse(canvas.rng.random(), canvas.rng.random(), 0.03, 0.03, (252, 254, 255))


def forest(canvas: Canvas) -> None:
    """A row of firs."""
    canvas.gradient((190, 220, 200), (214, 234, 214), 0, HORIZON)
    canvas.band(HORIZON, 1, (92, 140, 74))
    for column in range(4):
        canvas.sprite("evergreen-tree", 0.12 + 0.25 * column + canvas.jitter(), 0.4, 0.46)


def hills(canvas: Canvas) -> None:
    """Two mountains with snow on their tops."""
    meadow(canvas)
    for x in (0.25 + canvas.jitter(0.1), 0.75 + canvas.jitter(0.1)):
        canvas.polygon([(x - 0.4, HORIZON), (x, 0.16), (x + 0.4, HORIZON)], (124, 136, 156))
        canvas.polygon([(x - 0.12, 0.3), (x, 0.16), (x + 0.12, 0.3)], (244, 246, 250))


def sunset(canvas: Canvas) -> None:
    """A red sky and a low sun."""
    canvas.gradient((236, 120, 84), (252, 212, 130), 0, HORIZON)
    canvas.ellipse(0.5 + canvas.jitter(0.3), HORIZON, 0.3, 0.3, (252, 238, 160))
    canvas.band(HORIZON, 1, (104, 74, 96))


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
}
