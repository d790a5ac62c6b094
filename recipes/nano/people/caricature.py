"""Caricatures: enormous heads on tiny bodies."""

from dataclasses import dataclass

from recipes.nano.drawing.canvas import Canvas, Colour, Point, shade
from recipes.nano.people.faces import GOLD, INK, LIP, WHITE, blush

SASHES: tuple[Colour, ...] = ((206, 50, 56), (58, 104, 190), (236, 190, 60), (240, 236, 226))


COATS: tuple[Colour, ...] = ((44, 42, 52), (48, 56, 92), (74, 46, 50), (40, 62, 56))


@dataclass(frozen=True)
class Statesman:
    """The looks of one politician."""

    skin: Colour
    hair: Colour
    coat: Colour
    sash: Colour
    hat: bool
    whiskers: str


def profile(
    canvas: Canvas, man: Statesman, x: float, y: float, size: float, tilt: float = 0.0
) -> None:
    """An enormous head that faces right: nose and chin jut out."""
    reach, jaw = 18 + canvas.jitter(2.5), 15 + canvas.jitter(2)
    points: list[Point] = [
        (-11, -3),
        (-9, -11),
        (-1, -15),
        (6, -12),
        (8, -6),
        (8.4, -3.4),
        (12.6, -1.6),
    ]
    points += [(reach, 2), (reach + 0.6, 5.6), (reach - 3, 8), (10.4, 7), (10.2, 9), (8.4, 10.6)]
    points += [
        (10, 12.4),
        (10.4, 13.6),
        (jaw, 14.6),
        (jaw + 0.6, 18.6),
        (8, 21),
        (0, 18.4),
        (-8, 13),
        (-11, 5),
    ]
    with canvas.frame(x, y, size, turn=tilt):
        with canvas.part("skin"):
            canvas.blob(points, man.skin)
            canvas.oval(reach - 2, 4.6, 3.4, 3, shade(blush(man.skin), -0.08))
            canvas.oval(4, 7, 3.4, 2.8, blush(man.skin))
            glare(canvas, man, 4.6, -3.4)
            canvas.line([(9, 10.7), (5.4, 11), (2.4, 9.2)], 1.4, LIP)
            canvas.line([(10.6, 7.2), (11.4, 5.2), (13.4, 5.4)], 1.1, shade(man.skin, -0.3))
            canvas.line([(7.4, 0.6), (4.4, 2), (1.6, 0.8)], 0.9, shade(man.skin, -0.24))
        ear(canvas, man, -5.4, 1)
        side_hair(canvas, man)
        if man.hat:
            topper(canvas, man, -1.4, -9.4, -6)


def glare(canvas: Canvas, man: Statesman, x: float, y: float) -> None:
    """A bulging eye under a heavy brow."""
    canvas.oval(x, y, 3, 2.7, WHITE)
    canvas.oval(x + 0.9, y + 0.2, 1.5, 1.6, INK)
    brow = shade(man.hair, -0.35)
    canvas.path(
        f"M{x - 4} {y - 3.6}Q{x} {y - 6.6} {x + 4.4} {y - 2.2}"
        f"L{x + 3.6} {y - 0.8}Q{x} {y - 3.4} {x - 3.6} {y - 1.6}Z",
        brow,
    )


def ear(canvas: Canvas, man: Statesman, x: float, y: float) -> None:
    """A large ear."""
    with canvas.part("skin"):
        canvas.oval(x, y, 2.8, 4, shade(man.skin, -0.1), turn=10)
        canvas.oval(x + 0.3, y, 1.2, 2.2, shade(man.skin, -0.34), turn=10)


def side_hair(canvas: Canvas, man: Statesman) -> None:
    """Tufts behind a bald crown, mutton chops, a moustache."""
    tufts: list[Point] = [
        (-6, -3),
        (-5, -9),
        (-9, -13),
        (-12.6, -10),
        (-14.6, -5),
        (-13.4, -1),
        (-14.6, 4),
    ]
    canvas.blob([*tufts, (-11, 8), (-8, 5)], man.hair, "hair")
    if not man.hat:
        canvas.blob(
            [(-6, -12), (-2, -16), (4, -15.6), (8, -11), (3, -13), (-2, -13)], man.hair, "hair"
        )
    if man.whiskers != "moustache":
        points = [(-5, 4.6), (-2, 6), (1.6, 12), (3.6, 17.4), (-3, 19), (-9, 14), (-8, 7)]
        canvas.blob(points, man.hair, "hair")
    if man.whiskers != "chops":
        canvas.blob(
            [(11, 7.4), (12.4, 9.6), (8, 10.4), (2, 13), (4, 9.4), (7, 7.8)], man.hair, "hair"
        )


def topper(canvas: Canvas, man: Statesman, x: float, y: float, tilt: float) -> None:
    """A top hat, too small for the head."""
    with canvas.frame(x, y, 0.95, turn=tilt), canvas.part("solid"):
        canvas.path("M-7.4 0L-8.6 -15Q0 -17 8.6 -15L7.4 0Z", INK)
        canvas.oval(0, 0.4, 12.4, 2.6, INK)
        canvas.rectangle(-7.6, -4.6, 15.2, 3, man.sash)


def broad_face(canvas: Canvas, man: Statesman, x: float, y: float, size: float) -> None:
    """An enormous head from the front: a pear with a bulb of a nose and jowls."""
    nose = shade(blush(man.skin), -0.08)
    with canvas.frame(x, y, size):
        for side in (-1, 1):
            canvas.blob(
                [(8 * side, -9), (13 * side, -8), (16 * side, -1), (14.4 * side, 3), (9 * side, 2)],
                man.hair,
                "hair",
            )
            ear(canvas, man, 11.6 * side, 2)
        with canvas.part("skin"):
            points: list[Point] = [
                (0, -15),
                (8, -12),
                (10, -4),
                (13, 5),
                (13.4, 12),
                (7, 17),
                (0, 18.4),
            ]
            canvas.blob([*points, (-7, 17), (-13.4, 12), (-13, 5), (-10, -4), (-8, -12)], man.skin)
            canvas.oval(0, 15.6, 6, 4, shade(man.skin, 0.14))
            for side in (-1, 1):
                canvas.oval(8.6 * side, 7, 3.4, 2.8, blush(man.skin))
                canvas.oval(4.4 * side, -3, 3, 2.8, WHITE)
                canvas.oval(3.8 * side, -2.6, 1.5, 1.6, INK)
                canvas.stroke(f"M{1.6 * side} -5.6L{8 * side} -8", 2.4, shade(man.hair, -0.35))
            canvas.line([(-5, 11.4), (0, 13), (5, 11.4)], 1.6, LIP)
            canvas.path("M-2 -3Q-3 0 -5.4 3Q-6.6 8 0 8.4Q6.6 8 5.4 3Q3 0 2 -3Z", nose)
            canvas.stroke(
                "M-3.4 0.6Q-7 6.4 -3 7.8Q0 8.8 3 7.8Q7 6.4 3.4 0.6", 1.2, shade(nose, -0.4)
            )
        front_hair(canvas, man)


def front_hair(canvas: Canvas, man: Statesman) -> None:
    """Mutton chops or a moustache on the broad face, and a hat or a curl."""
    if man.whiskers == "chops":
        for side in (-1, 1):
            canvas.blob(
                [
                    (12 * side, 3),
                    (15.6 * side, 9),
                    (14.6 * side, 16),
                    (8 * side, 17),
                    (10 * side, 11),
                ],
                man.hair,
                "hair",
            )
    else:
        d = "M0 8.4Q6 7.6 13 12.6Q6 13 0 10.4Q-6 13 -13 12.6Q-6 7.6 0 8.4Z"
        canvas.path(d, man.hair, "hair")
    if man.hat:
        topper(canvas, man, 0, -11, 0)
    else:
        canvas.blob([(-5, -13), (-2, -17), (4, -17), (3, -14.4), (0, -15)], man.hair, "hair")


def body(canvas: Canvas, man: Statesman, x: float, y: float, size: float) -> None:
    """A tiny body from collar to shoes in a tail coat, 40 high, its feet at a point."""
    with canvas.frame(x, y, size):
        canvas.path("M-11 -22Q-18 -8 -16 -3L-8 -7L-4 -18Z", shade(man.coat, -0.25), "solid")
        for side in (-1, 1):
            canvas.stroke(f"M{4.4 * side} -14L{5 * side} -3", 6.4, (176, 166, 148), "round")
            canvas.oval(5 * side + 2.4, -2, 5.6, 2.8, (50, 40, 40), form="solid")
        with canvas.part("round"):
            canvas.path(
                "M-8 -42Q-15 -34 -14 -22Q-14 -13 0 -12Q14 -13 14 -22Q15 -34 8 -42Z", man.coat
            )
            canvas.path("M-4 -42L6 -42Q9 -30 6 -18L0 -14Q-3 -28 -4 -42Z", WHITE)
            canvas.path("M-10 -39L-5 -42L11 -20L9 -15Z", man.sash)
        canvas.path("M-4.6 -42L1 -38L6.6 -42L6.6 -34L1 -37L-4.6 -34Z", (180, 44, 50), "flat")
        medal(canvas, 9, -28)


def medal(canvas: Canvas, x: float, y: float) -> None:
    """A medal or rosette."""
    with canvas.part("flat"):
        canvas.oval(x, y, 4, 4, (206, 50, 56))
        canvas.oval(x, y, 2.2, 2.2, GOLD)


def sleeve(
    canvas: Canvas, man: Statesman, points: list[Point], finger: Point | None = None
) -> None:
    """An arm in a coat sleeve, a finger maybe stretched by some way."""
    canvas.line(points, 7.4, shade(man.coat, 0.16), "round")
    x, y = points[-1]
    with canvas.part("skin"):
        canvas.oval(x, y, 4.4, 4.4, man.skin)
        if finger:
            canvas.stroke(f"M{x} {y}L{x + finger[0]} {y + finger[1]}", 3, man.skin)
