"""Hair and beards of heads of radius 10."""

from collections.abc import Callable

from recipes.nano.drawing.canvas import Canvas
from recipes.nano.people.faces import LIP, Person


def cap_of_hair(canvas: Canvas, person: Person, low: float, parting: float) -> None:
    """Hair over the top of the head, down to some height at the ears."""
    points = [(-8.9, low), (-9.6, -4.5), (-6, -10.4), (0.5, -12), (6.4, -10.4), (9.6, -4.5)]
    points += [(8.9, low), (7.4, -2.4), (5.6, -5.2), (parting, -6.6), (-5.6, -4.8), (-7.4, -2.4)]
    canvas.blob(points, person.hair, "hair")


def short(canvas: Canvas, person: Person, turn: float) -> None:
    """Short hair."""
    cap_of_hair(canvas, person, 1, 2 * turn)


def tousled(canvas: Canvas, person: Person, turn: float) -> None:
    """A boy's tufts."""
    points = [(-8.9, 1), (-10, -5), (-8, -10), (-5, -10.6), (-3.4, -13), (0, -11.8), (3, -13.6)]
    points += [(4.6, -11.2), (8, -10.8), (9.8, -5), (8.9, 1), (7.2, -3), (4, -4.6), (2, -6.4)]
    points += [(-1, -4.4), (-4, -6.2), (-7.2, -2.6)]
    canvas.blob(points, person.hair, "hair")


def bald(canvas: Canvas, person: Person, turn: float) -> None:
    """Hair over the ears only."""
    for side in (-1, 1):
        if side * turn < 0.3:
            points = [(7.4 * side, -3.6), (9.8 * side, -2.6), (9.8 * side, 3), (7.8 * side, 4)]
            canvas.blob(points, person.hair, "hair")


def bun(canvas: Canvas, person: Person, turn: float) -> None:
    """Hair parted in the middle; the bun is drawn behind."""
    points = [(-8.9, 2), (-9.6, -4.5), (-6, -10.4), (0, -11.6), (6, -10.4), (9.6, -4.5), (8.9, 2)]
    points += [(7.6, -2), (5, -5), (turn, -8), (-5, -5), (-7.6, -2)]
    canvas.blob(points, person.hair, "hair")


def bun_behind(canvas: Canvas, person: Person) -> None:
    """A bun on the top of the head."""
    canvas.oval(0, -12.4, 4.6, 4, person.hair, form="hair")


def plaits_behind(canvas: Canvas, person: Person) -> None:
    """Two plaits with ribbons, and the hair between them."""
    with canvas.part("hair"):
        canvas.oval(0, -1, 9.8, 9.6, person.hair)
        for side in (-1, 1):
            canvas.line([(8.6 * side, 0), (10.8 * side, 6), (10.4 * side, 12)], 4, person.hair)
            canvas.oval(10.6 * side, 9.4, 2.6, 1.4, (206, 60, 70))


def long_behind(canvas: Canvas, person: Person) -> None:
    """Hair that falls on the shoulders."""
    points = [(0, -11), (9, -7), (11, 2), (11.6, 11), (6, 13.6), (-6, 13.6), (-11.6, 11)]
    canvas.blob([*points, (-11, 2), (-9, -7)], person.hair, "hair")


def curls_behind(canvas: Canvas, person: Person) -> None:
    """A round head of curls."""
    with canvas.part("hair"):
        for x, y in ((-8.6, 2), (-9.6, -4), (-6, -9.4), (0, -11), (6, -9.4), (9.6, -4), (8.6, 2)):
            canvas.oval(x, y, 4, 4, person.hair)


def full_beard(canvas: Canvas, person: Person, turn: float) -> None:
    """A beard around the jaw, its mouth left free, and a moustache."""
    dx = 3 * turn
    with canvas.part("hair"):
        d = f"M-8.6 0Q-10 9 -5 13Q0 15.6 5 13Q10 9 8.6 0L7 3.4Q{dx + 3.4} 4 {dx} 4.2"
        canvas.path(f"{d}Q{dx - 3.4} 4 -7 3.4Z", person.hair)
    with canvas.part("skin"):
        canvas.oval(dx, 7.4, 4.2, 2.4, person.skin)
        canvas.stroke(f"M{dx - 2.4} 7Q{dx} 9.2 {dx + 2.4} 7", 1.2, LIP)
    d = f"M{dx} 3.6Q{dx + 4} 3.4 {dx + 6} 6.6Q{dx + 2} 6.6 {dx} 5.4Q{dx - 2} 6.6 {dx - 6} 6.6"
    canvas.path(f"{d}Q{dx - 4} 3.4 {dx} 3.6Z", person.hair, "hair")


def moustache(canvas: Canvas, person: Person, turn: float) -> None:
    """A moustache with its ends turned up."""
    dx = 3.4 * turn
    d = f"M{dx - 5.6} 3Q{dx - 3} 7.4 {dx} 4.6Q{dx + 3} 7.4 {dx + 5.6} 3Q{dx + 2} 3.8 {dx} 3.2"
    canvas.path(f"{d}Q{dx - 2} 3.8 {dx - 5.6} 3Z", person.hair, "hair")


def chops(canvas: Canvas, person: Person, turn: float) -> None:
    """Side whiskers down the cheeks."""
    for side in (-1, 1):
        points = [
            (8.6 * side, -3),
            (11 * side, 3),
            (10 * side, 9),
            (6.4 * side, 9),
            (6.8 * side, 3),
        ]
        canvas.blob(points, person.hair, "hair")


Part = Callable[[Canvas, Person, float], None]


STYLES: dict[str, Part] = {
    "short": short,
    "tousled": tousled,
    "bald": bald,
    "bun": bun,
    "plaits": bun,
    "long": bun,
    "curls": short,
}


BEHIND: dict[str, Callable[[Canvas, Person], None]] = {
    "bun": bun_behind,
    "plaits": plaits_behind,
    "long": long_behind,
    "curls": curls_behind,
}


BEARDS: dict[str, Part] = {"full": full_beard, "moustache": moustache, "chops": chops}
