"""Faces: people's looks, and their features."""

from dataclasses import dataclass

from recipes.nano.drawing.canvas import Canvas, Colour, shade

SKINS: tuple[Colour, ...] = (
    (246, 204, 166),
    (240, 192, 150),
    (222, 168, 124),
    (176, 118, 80),
    (134, 88, 60),
)


DARK_SKIN = 150  # skins whose red is below have whites around their eyes


HAIRS: tuple[Colour, ...] = ((98, 62, 38), (56, 44, 42), (176, 86, 36), (196, 142, 54))


GREYS: tuple[Colour, ...] = ((176, 176, 180), (238, 236, 230))


INK: Colour = (40, 30, 32)


LIP: Colour = (158, 48, 48)


WHITE: Colour = (252, 250, 244)


GOLD: Colour = (238, 188, 52)


@dataclass(frozen=True)
class Person:
    """How one person looks, kept through a picture.

    Attributes:
        style: The hair, a name in STYLES.
        beard: "none", "full", "moustache" or "chops".
        hat: A name in ``hats.HATS``, or "none".
        coat: Colour of the upper clothes, and of a dress.
        trim: Colour of collar, apron, sash or hat band.
        kind: What the body wears: "jacket", "coat", "dress", "robe" or "shirt".
        child: Whether the body has a child's proportions.
        bulk: Width of the body; 1 is usual.
    """

    skin: Colour = SKINS[0]
    hair: Colour = HAIRS[0]
    style: str = "short"
    beard: str = "none"
    hat: str = "none"
    felt: Colour = INK
    coat: Colour = (52, 70, 120)
    trim: Colour = WHITE
    legs: Colour = (92, 84, 84)
    shoes: Colour = (52, 42, 40)
    kind: str = "jacket"
    child: bool = False
    bulk: float = 1.0


def skull(canvas: Canvas, person: Person, turn: float, nod: float, mood: str) -> None:
    """A bare head of radius 10 with its face turned to a side and nodded down."""
    shadow = shade(person.skin, -0.24)
    dx, dy = 3.4 * turn, 2.6 * nod
    with canvas.part("skin"):
        for side in (-1, 1):
            if side * turn < 0.3:
                canvas.oval(8.2 * side - 1.6 * turn, 1 + dy * 0.3, 1.9, 2.6, person.skin)
        canvas.oval(0, -0.6, 8.3, 9.4, person.skin)
        canvas.oval(dx * 0.4, 4.2, 6.6, 6.2, person.skin)
        for side in (-1, 1):
            canvas.oval(5 * side + dx, 4 + dy, 1.9, 1.5, blush(person.skin))
            eye(canvas, person, 3.5 * side + dx, 0.2 + dy, mood, side)
        nose(canvas, shadow, dx, dy, turn)
        mouth(canvas, dx, 5.9 + dy, mood)


def blush(skin: Colour) -> Colour:
    """A skin's redder shade, for cheeks."""
    return round(skin[0] * 0.98), round(skin[1] * 0.86), round(skin[2] * 0.84)


def eye(canvas: Canvas, person: Person, x: float, y: float, mood: str, side: int) -> None:
    """An eye, open or lowered to a book, with its brow."""
    if mood == "down":
        canvas.oval(x, y + 0.2, 2.2, 2.2, WHITE)
        canvas.oval(x, y + 1.2, 1.4, 1.3, INK)
        canvas.stroke(f"M{x - 2.2} {y - 0.4}Q{x} {y - 3} {x + 2.2} {y - 0.4}", 0.8, INK)
    else:
        if person.skin[0] < DARK_SKIN:
            canvas.oval(x, y, 2.1, 1.8, WHITE)
        canvas.oval(x, y, 1.45, 1.6, INK)
    brow = shade(person.hair, -0.25) if person.hair != person.skin else INK
    slope = {"stern": 0.9, "shout": 0.5}.get(mood, -0.1) * -side
    canvas.stroke(f"M{x - 1.8} {y - 3.1 - slope}L{x + 1.8} {y - 3.1 + slope}", 1.2, brow)


def nose(canvas: Canvas, shadow: Colour, dx: float, dy: float, turn: float) -> None:
    """A nose: a small hook to the side that the face is turned to."""
    side = -1 if turn < 0 else 1
    d = f"M{dx + 0.5 * side} {0.2 + dy}L{dx + 1.7 * side} {3 + dy}L{dx - 0.4 * side} {3.3 + dy}"
    canvas.stroke(d, 1.1, shadow)


def mouth(canvas: Canvas, x: float, y: float, mood: str) -> None:
    """A mouth that smiles, shouts, or is firmly shut."""
    if mood == "shout":
        canvas.oval(x, y + 0.4, 2.2, 2.1, (110, 26, 30))
        return
    bend = {"smile": 1.6, "laugh": 2.2, "down": 0.7, "faint": 0.9}.get(mood, -0.5)
    if mood == "laugh":
        canvas.path(f"M{x - 3.2} {y - 0.8}Q{x} {y + 6} {x + 3.2} {y - 0.8}Z", (140, 36, 40))
        return
    canvas.stroke(
        f"M{x - 2.8} {y - bend / 2}Q{x} {y + 1.4 * bend} {x + 2.8} {y - bend / 2}", 1.3, LIP
    )
