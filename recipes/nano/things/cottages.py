"""Country cottages under thatch or tiles, from the front, the gable or the corner."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.places import places

WALLS: tuple[Colour, ...] = (
    (248, 240, 222),
    (244, 226, 190),
    (226, 200, 176),
    (222, 218, 210),
    (240, 214, 204),
)
ROOFS: tuple[tuple[Colour, str], ...] = (
    # colour, form: thatch is drawn along like hair
    ((186, 148, 86), "hair"),
    ((160, 124, 82), "hair"),
    ((178, 84, 62), "flat"),
    ((120, 112, 120), "flat"),
)
DOORS: tuple[Colour, ...] = ((110, 66, 44), (58, 92, 82), (74, 84, 124), (132, 48, 44))
BARK: Colour = (112, 82, 58)
BRICK: Colour = (164, 100, 80)
PANE: Colour = (96, 120, 142)
WOOD: Colour = (240, 232, 214)


def smoke(canvas: Canvas, x: float, y: float) -> None:
    """Smoke that rises from a point and widens."""
    drift = canvas.choice((-1, 1)) * canvas.rng.uniform(3, 6)
    with canvas.part("round"):
        for step in range(4):
            r = 2.2 + 1.3 * step
            canvas.oval(x + drift * step * 0.8, y - 4.6 * step, r + 1, r, (238, 238, 240))


def chimney(canvas: Canvas, x: float, top: float, foot: float) -> None:
    """A brick chimney with smoke over it."""
    smoke(canvas, x, top - 4)
    with canvas.part("flat"):
        canvas.rectangle(x - 4, top, 8, foot - top, BRICK)
        canvas.rectangle(x - 5.2, top, 10.4, 3.4, shade(BRICK, -0.25))


def pane(canvas: Canvas, x: float, y: float, side: float) -> None:
    """A square window with a cross bar about a point, with shutters where there is room."""
    half = side / 2
    with canvas.part("flat"):
        canvas.rectangle(x - half - 1.4, y - half - 1.4, side + 2.8, side + 2.8, WOOD)
        canvas.rectangle(x - half, y - half, side, side, PANE)
        canvas.rectangle(x - 0.8, y - half, 1.6, side, WOOD)
        canvas.rectangle(x - half, y - 0.8, side, 1.6, WOOD)


def door(canvas: Canvas, x: float, foot: float, height: float, colour: Colour) -> None:
    """A door with an arched top that stands on a line."""
    half = 0.27 * height
    with canvas.part("flat", angle=90):
        arch = f"M{x - half} {foot}L{x - half} {foot - 0.7 * height}"
        canvas.path(
            f"{arch}Q{x} {foot - 1.25 * height} {x + half} {foot - 0.7 * height}V{foot}Z",
            colour,
        )
        canvas.oval(x + 0.5 * half, foot - 0.42 * height, 1.2, 1.2, (240, 214, 130))


def fence(canvas: Canvas, left: float, right: float, y: float) -> None:
    """A fence of pointed pales along a line."""
    colour = canvas.choice(((250, 246, 236), (178, 142, 104)))
    with canvas.part("flat", angle=90):
        canvas.rectangle(left, y - 7, right - left, 2, shade(colour, -0.1))
        x = left + 1
        while x < right - 2:
            canvas.polygon(
                [(x, y), (x, y - 9), (x + 1.6, y - 11.5), (x + 3.2, y - 9), (x + 3.2, y)], colour
            )
            x += 5.6


def path(canvas: Canvas, x: float, y: float, side: float) -> None:
    """A path from a door to the lower edge of the sheet, bending to a side."""
    with canvas.background(), canvas.part():
        d = f"M{x - 4} {y}C{x - 4} {y + 8} {x - 14 + side} {y + 8} {x - 12 + side} 104"
        canvas.path(
            f"{d}L{x + 16 + side} 104C{x + 12 + side} {y + 9} {x + 5} {y + 8} {x + 5} {y}Z",
            (240, 226, 186),
        )


def shade_tree(canvas: Canvas, x: float, y: float, height: float) -> None:
    """A leafy tree that stands on a point."""
    leaf = canvas.choice(((92, 142, 78), (112, 150, 74), (84, 128, 88)))
    with canvas.part("round", angle=90):
        trunk = 0.07 * height
        d = f"M{x - 1.4 * trunk} {y}Q{x - trunk} {y - 0.2 * height} {x - trunk} {y - 0.6 * height}"
        canvas.path(f"{d}h{2 * trunk}Q{x + trunk} {y - 0.2 * height} {x + 1.4 * trunk} {y}Z", BARK)
    clumps = (
        (((-0.14, 0.74, 0.19), (0.14, 0.76, 0.19), (0, 0.86, 0.15)), 0.0),
        (((-0.22, 0.54, 0.17), (0.22, 0.55, 0.17)), -0.12),
        (((-0.07, 0.5, 0.13), (0.09, 0.5, 0.12), (0.0, 0.6, 0.13)), 0.16),
    )
    for ovals, amount in clumps:
        with canvas.part("round"):
            for dx, dy, r in ovals:
                side = r * height
                canvas.oval(x + dx * height, y - dy * height, side, side, shade(leaf, amount))


def roses_at_wall(canvas: Canvas, x: float, y: float) -> None:
    """A bush with flowers at the foot of a wall."""
    with canvas.part("round"):
        for dx in (-4, 0, 4):
            canvas.oval(x + dx, y - 3 - (dx == 0) * 2, 4.4, 4.6, (98, 140, 76))
        colour = canvas.choice(((232, 120, 130), (250, 236, 224), (244, 196, 90)))
        for dx, dy in ((-4, -4), (1, -6), (4, -2)):
            canvas.oval(x + dx, y + dy, 1.6, 1.6, colour)


def long_front(canvas: Canvas) -> None:
    """The long side: a low wall under a great roof; on the origin, 62 high."""
    wall, (roof, form) = canvas.choice(WALLS), canvas.choice(ROOFS)
    chimney(canvas, canvas.choice((-20, 18)), -67, -48)
    canvas.rectangle(-34, -30, 68, 30, wall)
    for x in (-22, 22):
        pane(canvas, x, -15, 10)
    door(canvas, 0, 0, 22, canvas.choice(DOORS))
    with canvas.part(form, angle=90):
        canvas.path(
            "M-41 -26C-38 -30 -33 -48 -29 -58Q0 -62 29 -58C33 -48 38 -30 41 -26"
            "Q30 -23 0 -25Q-30 -23 -41 -26Z",
            roof,
        )
        canvas.path("M-30 -59Q0 -63 30 -59L31 -54Q0 -58 -31 -54Z", shade(roof, -0.2))
    for x in (-12, 12) if form == "hair" else ():
        with canvas.part("flat"):
            canvas.path(f"M{x - 8} -31Q{x} -50 {x + 8} -31Z", shade(wall, -0.1))
            canvas.rectangle(x - 3.5, -39, 7, 8, PANE)
    roses_at_wall(canvas, -11 if canvas.chance(0.5) else 11, 1)


def gable_front(canvas: Canvas) -> None:
    """The narrow side under a steep gable, with timbers; on the origin, 70 high."""
    wall, (roof, form) = canvas.choice(WALLS), canvas.choice(ROOFS)
    beam = (112, 78, 56)
    chimney(canvas, 17, -66, -34)
    with canvas.part("flat"):
        canvas.polygon([(-26, 0), (-26, -32), (0, -66), (26, -32), (26, 0)], wall)
        canvas.rectangle(-26, -33, 52, 3, beam)
        for x in (-26, 23):
            canvas.rectangle(x, -32, 3, 32, beam)
    pane(canvas, 0, -43, 10)
    side = canvas.choice((-1, 1))
    pane(canvas, -13 * side, -16, 10)
    door(canvas, 9 * side, 0, 23, canvas.choice(DOORS))
    with canvas.part(form, angle=50):
        canvas.path("M-35 -22L-29 -18L0 -56L29 -18L35 -22L0 -72Z", roof)


def corner_view(canvas: Canvas) -> None:
    """Gable and long side at once; on the origin, 64 high."""
    wall, (roof, form) = canvas.choice(WALLS), canvas.choice(ROOFS)
    with canvas.part("flat"):
        canvas.polygon(
            [(-36, -2), (-36, -24), (-24, -58), (-12, -42), (-4, -23), (-8, 0)], shade(wall, -0.16)
        )
    canvas.polygon([(-8, 0), (-8, -27), (36, -25), (36, -2)], wall)
    pane(canvas, -22, -31, 7)
    door(canvas, -22, -1, 20, canvas.choice(DOORS))
    for x in (4, 23):
        pane(canvas, x, -13, 10)
    chimney(canvas, 22, -66, -46)
    with canvas.part(form, angle=80):
        canvas.path(
            "M-24 -58Q4 -62 26 -57C31 -46 36 -34 41 -22Q16 -21 -6 -22C-11 -34 -17 -48 -24 -58Z",
            roof,
        )
        canvas.path(
            "M-24 -58C-30 -48 -36 -36 -42 -22L-37 -19C-32 -32 -27 -42 -22 -50Z", shade(roof, -0.25)
        )


def cottage(canvas: Canvas) -> None:
    """A cottage in the country with path, fence and tree."""
    canvas.choice((places.meadow, places.hills, places.garden, places.field))(canvas)
    view = canvas.choice((long_front, gable_front, corner_view))
    side = canvas.choice((-1, 1))
    with places.sheet(canvas), canvas.frame(50, 0, mirrored=side < 0):
        foot = 80 + canvas.jitter(3)
        path(canvas, -20 if view is corner_view else -2, foot, canvas.jitter(8))
        if canvas.chance(0.8):
            shade_tree(canvas, 38 + canvas.jitter(3), foot - 3, canvas.rng.uniform(56, 72))
        with canvas.frame(-6 + canvas.jitter(3), foot, canvas.rng.uniform(0.98, 1.12)):
            view(canvas)
        if canvas.chance(0.75):
            fence(canvas, 14, 56, 94 + canvas.jitter(2))
            if canvas.chance(0.6):
                fence(canvas, -56, -24, 94)
        elif canvas.chance(0.5):
            roses_at_wall(canvas, 28, 96)
            roses_at_wall(canvas, -34, 97)
