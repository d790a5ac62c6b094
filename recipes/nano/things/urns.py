"""Vases: turned bodies with acanthus leaves, scrolls and handles, on a plinth or a table."""

from collections.abc import Callable, Sequence

from recipes.nano.drawing.canvas import Canvas, Colour, Point, shade
from recipes.nano.places import places

Support = Callable[[Canvas, float], None]

# half outlines of bodies from the stem up: (radius, height)
AMPHORA = ((5, 0), (15, -7), (26, -22), (28, -36), (22, -47), (13, -52), (11, -58), (14, -64))
KRATER = ((7, 0), (20, -4), (26, -14), (24, -24), (21, -36), (21, -48), (25, -56), (31, -62))
OVOID = ((6, 0), (19, -8), (29, -24), (31, -37), (26, -48), (16, -54), (13, -58), (15, -63))
TULIP = ((6, 0), (16, -5), (23, -18), (26, -34), (26, -48), (23, -56), (24, -60), (27, -64))
BODIES = (AMPHORA, KRATER, OVOID, TULIP)
GLAZES: tuple[tuple[Colour, Colour], ...] = (
    # body, ornament
    ((226, 212, 180), (112, 82, 48)),
    ((84, 112, 150), (238, 234, 220)),
    ((196, 116, 80), (84, 42, 30)),
    ((98, 138, 118), (232, 236, 204)),
    ((246, 246, 246), (66, 96, 168)),
    ((216, 186, 120), (96, 70, 30)),
    ((70, 66, 72), (226, 150, 96)),
)
LEAF: tuple[Point, ...] = ((0.0, 0.1), (0.14, 0.46), (0.24, 0.24), (0.38, 0.52), (0.5, 0.26))
LEAF += ((0.62, 0.42), (0.72, 0.2), (0.84, 0.24), (1.0, 0.0))


def acanthus(
    canvas: Canvas,
    x: float,
    y: float,
    length: float,
    turn: float,
    colour: Colour,
    wide: float = 0.8,
) -> None:
    """A lobed leaf that rises from a point, turned in degrees to the right."""
    across = wide * length
    half = [(v * across, -u * length) for u, v in LEAF]
    outline = [*half, *((-a, b) for a, b in half[-2::-1])]
    with canvas.frame(x, y, turn=turn), canvas.part("round", angle=turn + 90):
        canvas.blob(outline, colour)
        vein = shade(colour, 0.45 if sum(colour) < 400 else -0.35)
        canvas.stroke(f"M0 -1L0 {-0.8 * length:.2f}", 1.4, vein)


def curl(side: float, size: float) -> list[Point]:
    """The points of a scroll that winds in at its end, out of the origin to a side."""
    track = ((0, 0), (0.5, -0.5), (1.1, -0.6), (1.5, -0.1), (1.2, 0.3), (0.85, 0.1), (1.0, -0.15))
    return [(side * size * x, size * y) for x, y in track]


def scrolls(canvas: Canvas, y: float, size: float, colour: Colour) -> None:
    """A pair of scrolls that run from the middle of the body to both sides."""
    with canvas.frame(0, y), canvas.part("flat"):
        for side in (-1, 1):
            canvas.line(curl(side, size), 2.6, colour)
        canvas.oval(0, 0, 2.6, 2.6, colour)


def turned(canvas: Canvas, profile: Sequence[Point], colour: Colour) -> None:
    """A body turned on the wheel about the vertical through the origin."""
    right = [(r, y) for r, y in profile]
    with canvas.part("round", angle=0):
        canvas.blob([*right, *((-r, y) for r, y in right[::-1])], colour)
        radius, top = profile[-1]
        canvas.rectangle(-radius - 2, top - 2, 2 * radius + 4, 5, colour, round=2.2)


def crown_of_leaves(canvas: Canvas, colour: Colour) -> None:
    """Leaves that grasp the body from below, scrolls above them."""
    for turn, length in ((-44, 22), (44, 22), (-22, 27), (22, 27), (0, 32)):
        acanthus(canvas, 0.09 * turn, -3, length, turn, colour, 0.62)
    scrolls(canvas, -41, 10, colour)


def climbing_stem(canvas: Canvas, colour: Colour) -> None:
    """A stem up the middle with pairs of leaves and scrolls."""
    canvas.line([(0, -4), (0, -44)], 2.6, colour)
    for y, turn, length in ((-6, 62, 21), (-18, 66, 23), (-31, 60, 19)):
        for side in (-1, 1):
            acanthus(canvas, 0, y, length, side * turn, colour, 0.66)
    acanthus(canvas, 0, -34, 16, 0, colour)


def great_leaf(canvas: Canvas, colour: Colour) -> None:
    """One great leaf in front, scrolls that spring from its foot."""
    for side in (-1, 1):
        canvas.line([(0, -4), (side * 12, -9), (side * 21, -21), (side * 19, -33)], 2.6, colour)
        canvas.line([(side * 19, -33), (side * 13, -35), (side * 12, -29)], 2.6, colour)
        acanthus(canvas, side * 20, -19, 10, side * 4, colour)
    acanthus(canvas, 0, -4, 42, 0, colour, 0.72)


def vine(canvas: Canvas, colour: Colour) -> None:
    """A wavy vine around the belly with leaves up and down, small leaves at the foot."""
    for x, turn in ((-9, -38), (0, 0), (9, 38)):
        acanthus(canvas, 0.5 * x, -2, 15, turn, colour)
    wave = [(-22, -30), (-15, -34), (-7, -30), (0, -26), (7, -30), (15, -34), (22, -30)]
    canvas.line(wave, 2.4, colour)
    for x, y, turn in ((-15, -34, 180), (0, -26, 0), (15, -34, 180)):
        acanthus(canvas, x, y + (2 if turn else -2), 13, turn, colour, 0.9)
    for x, turn in ((-10, -24), (10, 24)):
        acanthus(canvas, x, -31, 13, turn, colour, 0.8)


def handles(canvas: Canvas, colour: Colour, kind: int) -> None:
    """A handle on either side: an ear, a scroll or a leaf that curls outward."""
    tracks = (
        ((12, -60), (28, -64), (36, -54), (33, -43), (25, -38)),
        ((24, -26), (36, -32), (40, -46), (34, -56), (28, -52), (31, -46)),
        ((24, -20), (36, -22), (40, -34), (33, -40), (24, -38)),
    )
    for side in (-1, 1):
        canvas.line([(side * x, y) for x, y in tracks[kind]], 4.2, colour, "round")


def foot(canvas: Canvas, colour: Colour) -> None:
    """A stem and a disc below the body."""
    with canvas.part("round", angle=0):
        canvas.path("M-4 -2C-4 4 -8 7 -14 9L14 9C8 7 4 4 4 -2Z", colour)
        canvas.rectangle(-15, 8, 30, 5, colour, round=1.5)


def urn(canvas: Canvas, body: int, glaze: tuple[Colour, Colour]) -> None:
    """A vase on the origin, 80 high."""
    colour, ornament = glaze
    profile = BODIES[body]
    with canvas.frame(0, -13):
        handles(canvas, shade(colour, -0.18), (0, 2, 1, 2)[body])
        foot(canvas, shade(colour, -0.12))
        turned(canvas, profile, colour)
        canvas.choice((crown_of_leaves, climbing_stem, great_leaf, vine))(canvas, ornament)
        radius = profile[-2][0]
        canvas.rectangle(-radius - 1, profile[-2][1], 2 * radius + 2, 3, ornament)


def plinth(canvas: Canvas, y: float) -> None:
    """A stone block with a moulding, from a height down past the sheet."""
    stone = canvas.choice(((206, 200, 192), (184, 180, 184), (214, 196, 176)))
    half = canvas.rng.uniform(24, 30)
    with canvas.part("flat"):
        canvas.rectangle(-half, y, 2 * half, 6, shade(stone, 0.25))
        canvas.rectangle(-half + 4, y + 6, 2 * half - 8, 40, stone)


def table(canvas: Canvas, y: float) -> None:
    """A table top from side to side, perhaps under a cloth."""
    wood = canvas.choice(((150, 102, 66), (122, 82, 56), (226, 220, 210), (150, 66, 62)))
    with canvas.part("flat", angle=0):
        canvas.rectangle(-48, y - 2, 96, 6, shade(wood, 0.12), round=1)
        canvas.rectangle(-45, y + 4, 90, 40, wood)


def bare(canvas: Canvas, y: float) -> None:
    """A shelf at the lower edge of the sheet."""
    canvas.rectangle(-80, y - 1, 160, 20, (214, 202, 186), angle=0)


def niche(canvas: Canvas, dark: bool) -> None:
    """A wall with a round-headed niche, dark behind a light vase and light behind a dark one."""
    wall = canvas.choice(((232, 222, 206), (222, 226, 222), (234, 218, 208)))
    half, middle = 46, canvas.w / 2
    with canvas.background():
        canvas.band(-1, canvas.h + 1, wall)
        left, right = middle - half, middle + half
        d = f"M{left} {canvas.h + 2}V{half + 4}A{half} {half} 0 0 1 {right} {half + 4}"
        colour = shade(wall, -0.3) if dark else shade(wall, 0.5)
        canvas.path(f"{d}V{canvas.h + 2}Z", colour, "flat", 0.0)


def surroundings(canvas: Canvas, light: bool) -> tuple[Support, ...]:
    """Paint what is behind a vase, light or dark; what it can stand on there."""
    kind = canvas.rng.integers(4)
    if kind == 0:
        places.garden(canvas)
        return (plinth,)
    if kind == 1:
        places.room(canvas)
        return plinth, table
    if light or kind == 2:
        niche(canvas, dark=light)
    else:
        places.plain(canvas, canvas.choice(("white", "yellow", "pink")))
    return plinth, table, bare


def vase(canvas: Canvas) -> None:
    """A vase whose body is covered with leaves and scrolls."""
    glaze, body = canvas.choice(GLAZES), int(canvas.rng.integers(len(BODIES)))
    support = canvas.choice(surroundings(canvas, light=sum(glaze[0]) > 600))
    low = 97 if support is bare else canvas.rng.uniform(84, 92)
    with places.sheet(canvas), canvas.frame(50 + canvas.jitter(5), 0):
        support(canvas, low)
        with canvas.frame(0, low, (low - 5) / 80 * canvas.rng.uniform(0.94, 1.0)):
            urn(canvas, body, glaze)
