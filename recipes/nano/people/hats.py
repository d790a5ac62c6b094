"""Hats, and heads that wear them."""

from collections.abc import Callable

from recipes.nano.drawing.canvas import Canvas, shade
from recipes.nano.people.faces import GOLD, Person, skull
from recipes.nano.people.hair import BEARDS, BEHIND, STYLES


def head(
    canvas: Canvas,
    person: Person,
    x: float,
    y: float,
    radius: float,
    *,
    turn: float = 0.0,
    nod: float = 0.0,
    tilt: float = 0.0,
    mood: str = "smile",
) -> None:
    """A person's head about a point: the face turned to a side in [-1, 1], nodded, tilted."""
    with canvas.frame(x, y, radius / 10, turn=tilt):
        if person.style in BEHIND:
            BEHIND[person.style](canvas, person)
        if person.hat in BRIMS:
            BRIMS[person.hat](canvas, person)
        skull(canvas, person, turn, nod, mood)
        STYLES[person.style](canvas, person, turn)
        if person.beard in BEARDS:
            BEARDS[person.beard](canvas, person, turn)
        if person.hat in HATS:
            HATS[person.hat](canvas, person)


def top_hat(canvas: Canvas, person: Person) -> None:
    """A top hat with a band."""
    with canvas.part("solid" if sum(person.felt) < 200 else "round"):
        canvas.path("M-7.4 -7L-8.4 -22Q0 -24 8.4 -22L7.4 -7Z", person.felt)
        canvas.path("M-12.4 -8.4Q0 -5 12.4 -8.4Q12 -5 0 -4.6Q-12 -5 -12.4 -8.4Z", person.felt)
        canvas.path("M-7.6 -10L-7.4 -7.2Q0 -5.6 7.4 -7.2L7.6 -10Q0 -8.4 -7.6 -10Z", person.trim)


def cap(canvas: Canvas, person: Person) -> None:
    """A flat cap with a peak to the front."""
    with canvas.part("round"):
        canvas.path("M-9.6 -5.4Q-11.4 -13 0 -13.6Q11.4 -13 9.6 -5.4Q0 -8 -9.6 -5.4Z", person.felt)
        canvas.path(
            "M-8 -5.8Q0 -8.6 11 -5.2Q11.4 -3.4 9 -3.8Q0 -6 -8 -5.8Z", shade(person.felt, -0.35)
        )


def straw(canvas: Canvas, person: Person) -> None:
    """A straw hat with a ribbon."""
    with canvas.part("round"):
        canvas.path("M-7.6 -6.4Q-8 -14.4 0 -14.6Q8 -14.4 7.6 -6.4Z", (236, 202, 116))
        canvas.oval(0, -6.2, 13.4, 2.6, (236, 202, 116))
        canvas.path("M-7.8 -9.2L-7.6 -6.8Q0 -5 7.6 -6.8L7.8 -9.2Q0 -7.6 -7.8 -9.2Z", person.trim)


def bonnet_brim(canvas: Canvas, person: Person) -> None:
    """The brim of a bonnet around the face."""
    canvas.oval(0, -1.4, 12.4, 12.4, person.felt)


def bonnet(canvas: Canvas, person: Person) -> None:
    """A bonnet's ribbon under the chin."""
    with canvas.part("round"):
        canvas.path(
            "M-9.6 -4Q-7 -11 0 -11.2Q7 -11 9.6 -4Q12 -12.6 0 -14Q-12 -12.6 -9.6 -4Z", person.felt
        )
        for side in (-1, 1):
            canvas.oval(2.6 * side, 11.4, 3, 1.9, person.trim, turn=20 * side)


def mob_brim(canvas: Canvas, person: Person) -> None:
    """The frill of a white cap."""
    with canvas.part("round"):
        for x, y in ((-9, 2), (-10.4, -3), (-8, -8), (8, -8), (10.4, -3), (9, 2)):
            canvas.oval(x, y, 3.4, 3.4, (250, 246, 236))


def mob(canvas: Canvas, person: Person) -> None:
    """A white house cap with a ribbon."""
    with canvas.part("round"):
        canvas.path("M-10 -5Q-11.6 -15.6 0 -16Q11.6 -15.6 10 -5Q0 -9.6 -10 -5Z", (250, 246, 236))
        canvas.path("M-10 -7.4L-10 -5Q0 -9.6 10 -5L10 -7.4Q0 -12 -10 -7.4Z", person.trim)


def crown(canvas: Canvas, person: Person) -> None:
    """A gold crown with points and jewels."""
    tips = ((-10.4, -17), (0, -19.4), (10.4, -17))
    with canvas.part("round"):
        (x0, y0), (x1, y1), (x2, y2) = tips
        d = f"M-8.8 -6.6L{x0} {y0}L-5 -12L{x1} {y1}L5 -12L{x2} {y2}L8.8 -6.6Q0 -4.8 -8.8 -6.6Z"
        canvas.path(d, GOLD)
        for x, y in tips:
            canvas.oval(x, y, 1.8, 1.8, (206, 44, 56))
        canvas.path("M-9 -9.6L-8.8 -6.6Q0 -4.8 8.8 -6.6L9 -9.6Q0 -7.8 -9 -9.6Z", (206, 44, 56))


def plumed(canvas: Canvas, person: Person) -> None:
    """A flat cap of velvet with a feather."""
    with canvas.part("round"):
        canvas.oval(0, -9, 12, 4.6, person.felt, turn=-8)
        canvas.oval(0, -6.4, 9.6, 2.4, shade(person.felt, -0.3), turn=-6)
    canvas.blob([(6, -10), (10, -19), (2, -23), (-5, -20), (3, -19), (5, -15)], person.trim, "hair")


def shako(canvas: Canvas, person: Person) -> None:
    """A soldier's tall cap with a badge and a plume."""
    canvas.oval(0, -25, 2.8, 4.6, (206, 44, 56), form="hair")
    with canvas.part("solid"):
        canvas.path("M-8.8 -5.4L-8 -20.6Q0 -22.6 8 -20.6L8.8 -5.4Q0 -7.6 -8.8 -5.4Z", (46, 42, 50))
        canvas.oval(0, -13, 3.4, 3.6, GOLD)
        canvas.path("M-9 -5.4Q0 -8.6 9 -5.4Q8 -2.6 0 -4Q-8 -2.6 -9 -5.4Z", (70, 64, 72))


def witch(canvas: Canvas, person: Person) -> None:
    """A pointed hat with a wide brim."""
    with canvas.part("solid"):
        canvas.path("M-8 -6Q-3 -16 5 -26Q4 -14 8 -6Z", person.felt)
        canvas.oval(0, -6.2, 14.4, 3, person.felt)
        canvas.path("M-7.6 -8.8L-8 -6Q0 -4.4 8 -6L7 -8.8Q0 -7.2 -7.6 -8.8Z", person.trim)


def hood_brim(canvas: Canvas, person: Person) -> None:
    """A hood around the head."""
    canvas.path("M-12 10Q-13.6 -8 0 -14Q13.6 -8 12 10Q0 16 -12 10Z", person.felt)


def hood(canvas: Canvas, person: Person) -> None:
    """The front of a hood or shawl."""
    canvas.path(
        "M-9.6 8Q-11.4 -5 0 -7.6Q11.4 -5 9.6 8L12 10Q13.6 -8 0 -14Q-13.6 -8 -12 10Z", person.felt
    )


def souwester(canvas: Canvas, person: Person) -> None:
    """A fisherman's oilskin hat."""
    with canvas.part("round"):
        canvas.path("M-9 -5Q-9 -14.6 0 -14.8Q9 -14.6 9 -5Z", person.felt)
        canvas.path(
            "M-15 0Q-11 -7.4 0 -7.4Q11 -7.4 14 -3Q10 -2.8 0 -4.4Q-8 -4.6 -15 0Z",
            shade(person.felt, -0.18),
        )


Shape = Callable[[Canvas, Person], None]
BRIMS: dict[str, Shape] = {"bonnet": bonnet_brim, "mob": mob_brim, "hood": hood_brim}
HATS: dict[str, Shape] = {
    "top": top_hat,
    "cap": cap,
    "straw": straw,
    "bonnet": bonnet,
    "mob": mob,
    "crown": crown,
    "plumed": plumed,
    "shako": shako,
    "witch": witch,
    "hood": hood,
    "souwester": souwester,
}
