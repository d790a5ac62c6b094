"""Portraits: a bald man with a long beard who smiles faintly."""

from dataclasses import replace

from recipes.nano.drawing.canvas import Canvas, Colour, Point, shade
from recipes.nano.people.casts import CLOTHES, cast
from recipes.nano.people.faces import DARK_SKIN, GREYS, HAIRS, INK, LIP, SKINS, WHITE, Person, blush
from recipes.nano.people.figures import hand
from recipes.nano.people.rooms import WALLS, window

BEARDS: dict[str, tuple[Point, ...]] = {
    "round": ((12, 14), (13, 26), (8, 38), (0, 42)),
    "pointed": ((11.6, 14), (10.6, 26), (5.6, 40), (0, 52)),
    "square": ((12.6, 14), (13.6, 28), (12.6, 42), (0, 44)),
    "waved": ((12, 13), (14, 22), (10, 32), (0, 50)),
}


def bearded_man(canvas: Canvas) -> None:
    """A bald head with a beard down to the chest and a faint smile."""
    layout = canvas.choice((bust, turned, seated, medallion))
    person = cast(canvas, hair=canvas.choice((*GREYS, *GREYS, *HAIRS)), coat=canvas.choice(CLOTHES))
    if person.skin not in SKINS[:3]:
        person = replace(person, hair=canvas.choice(GREYS))
    layout(canvas, person)


def wall(canvas: Canvas, person: Person) -> None:
    """A calm ground that differs from the beard."""
    colour = canvas.choice(WALLS)
    if sum(person.hair) > 480:
        colour = shade(colour, -0.16)
    with canvas.background():
        canvas.band(-1, canvas.h + 1, shade(colour, 0.1), shade(colour, -0.1))


def bust(canvas: Canvas, person: Person) -> None:
    """Head and shoulders from the front."""
    wall(canvas, person)
    scale = float(canvas.rng.uniform(2.05, 2.5))
    with canvas.frame(canvas.w / 2 + canvas.jitter(4), canvas.h - 64 + canvas.jitter(2), scale):
        shoulders(canvas, person, 20)
        bearded_head(canvas, person, canvas.jitter(0.15))


def turned(canvas: Canvas, person: Person) -> None:
    """Head and shoulders turned to a side, by a curtain or a window."""
    wall(canvas, person)
    side = canvas.choice((-1, 1))
    x = canvas.w / 2
    if canvas.chance(0.5):
        window(canvas, x + 24 * side - 12, 10, 24, 44, False)
    else:
        with canvas.background():
            edge = x + 50 * side
            d = f"M{x + 22 * side} -2Q{x + 34 * side} 40 {x + 30 * side} {canvas.h + 2}"
            canvas.path(
                f"{d}L{edge + 14 * side} {canvas.h + 2}L{edge + 14 * side} -2Z",
                (190, 120, 116),
                "flat",
                90,
            )
    with canvas.frame(x - 6 * side + canvas.jitter(3), canvas.h - 63, 2.1, mirrored=side < 0):
        shoulders(canvas, person, 19)
        with canvas.frame(1, 0, turn=3):
            bearded_head(canvas, person, 0.75)


def seated(canvas: Canvas, person: Person) -> None:
    """Half a figure in an armchair, hands folded below the beard."""
    wall(canvas, person)
    chair = canvas.choice(((150, 70, 62), (92, 124, 92), (170, 120, 70)))
    with canvas.frame(canvas.w / 2 + canvas.jitter(3), canvas.h - 70, 1.75 + canvas.jitter(0.08)):
        canvas.path("M-26 44L-26 -4Q-24 -13 0 -14Q24 -13 26 -4L26 44Z", chair)
        shoulders(canvas, person, 18)
        bearded_head(canvas, person, canvas.jitter(0.4))
        for side in (-1, 1):
            sleeve = [(20 * side, 18), (20 * side, 34), (5 * side, 36)]
            canvas.line(sleeve, 8, shade(person.coat, 0.14), "round")
            hand(canvas, person, 3.4 * side, 36, 4)


def medallion(canvas: Canvas, person: Person) -> None:
    """A bust within an oval frame."""
    wall(canvas, person)
    x, y, w, h = canvas.w / 2, canvas.h / 2, canvas.w, canvas.h
    with canvas.frame(x, h - 64, 1.9):
        shoulders(canvas, person, 20)
        bearded_head(canvas, person, canvas.jitter(0.5))
    mount = canvas.choice(((236, 222, 190), (226, 210, 206), (206, 214, 222)))
    rx, ry = 45.0, h / 2 - 4
    hole = f"M{x} {y - ry}A{rx} {ry} 0 1 0 {x + 0.1} {y - ry}Z"
    with canvas.background():
        canvas.path(f"M-2 -2L{w + 2} -2L{w + 2} {h + 2}L-2 {h + 2}Z{hole}", mount, "flat", 0)
    canvas.stroke(hole, 2.6, (150, 104, 58))


def shoulders(canvas: Canvas, person: Person, width: float) -> None:
    """A coat with its collar, from the neck down."""
    with canvas.part("round"):
        d = f"M-6 9Q{-width} 11 {-width - 2} 22L{-width - 3} 60"
        d += f"L{width + 3} 60L{width + 2} 22Q{width} 11 6 9Z"
        canvas.path(d, person.coat)
        for side in (-1, 1):
            lapel = [(4 * side, 9), (14 * side, 13), (9 * side, 26), (2 * side, 40)]
            canvas.polygon(lapel, shade(person.coat, -0.3))
    canvas.polygon([(-8, 9), (8, 9), (0, 34)], WHITE)


def bearded_head(canvas: Canvas, person: Person, turn: float) -> None:
    """The head of radius 10 with all its features about the origin."""
    dx = 3 * turn
    with canvas.part("skin"):
        for side in (-1, 1):
            if side * turn < 0.5:
                canvas.oval(8.4 * side - 1.4 * turn, 0.6, 1.8, 3, shade(person.skin, -0.06))
        canvas.path("M-8.6 2Q-9.8 -12.6 0 -13Q9.8 -12.6 8.6 2Q8 12 0 12Q-8 12 -8.6 2Z", person.skin)
        canvas.oval(-3 + dx, -9.2, 2.6, 1.5, shade(person.skin, 0.26), turn=-24)
        for side in (-1, 1):
            canvas.oval(5 * side + dx, 3.4, 2, 1.6, blush(person.skin))
            gaze(canvas, person, 3.5 * side + dx, -0.8, side)
    beard(canvas, person, turn)
    bridge = shade(person.skin, -0.16)
    with canvas.part("skin"):
        canvas.path(
            f"M{dx - 0.6} 0.6L{dx + 0.6} 0.6L{dx + 2 + turn} 3.4Q{dx} 5.6 {dx - 2 + turn} 3.4Z",
            bridge,
        )


def gaze(canvas: Canvas, person: Person, x: float, y: float, side: int) -> None:
    """A friendly eye under a bushy brow, a wrinkle beside it."""
    brow = shade(person.hair, -0.12) if sum(person.hair) < 600 else shade(person.hair, -0.06)
    if person.skin[0] < DARK_SKIN:
        canvas.oval(x, y, 1.8, 1.2, WHITE)
    canvas.oval(x, y, 1.15, 1.25, INK)
    canvas.line([(x - 2.2, y - 2.4), (x, y - 3.4), (x + 2.2, y - 2.4)], 1.5, brow)


def beard(canvas: Canvas, person: Person, turn: float) -> None:
    """A long beard with its moustache; between them the lips, their corners up."""
    dx = 3 * turn
    shape = BEARDS[canvas.choice(tuple(BEARDS))]
    dark: Colour = shade(person.hair, -0.2)
    right = [(8.6, -1), (10, 6), *shape]
    left = [(-x, y) for x, y in reversed(right[:-1])]
    inner = [(-7, 3.6), (dx - 4, 5.2), (dx, 5.4), (dx + 4, 5.2), (7, 3.6)]
    with canvas.part("hair"):
        canvas.blob([*right, *left, *inner], person.hair)
        for x in (-5, 0, 5):
            canvas.line([(x + dx * 0.6, 14), (x * 1.2, 24), (x * 0.9, 33)], 1, dark)
    with canvas.part("skin"):
        canvas.oval(dx, 7.8, 4.6, 2.4, person.skin)
        canvas.stroke(f"M{dx - 3.7} 6.9Q{dx} 9.9 {dx + 3.7} 6.9", 1.3, LIP)
    d = f"M{dx} 4.4Q{dx + 4} 4 {dx + 7.4} 8Q{dx + 3} 7.6 {dx} 6"
    d += f"Q{dx - 3} 7.6 {dx - 7.4} 8Q{dx - 4} 4 {dx} 4.4Z"
    canvas.path(d, shade(person.hair, 0.14 if sum(person.hair) < 600 else -0.07), "hair")


__all__ = ["bearded_man"]
