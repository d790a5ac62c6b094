"""A laid table: its cloth, plates, roast and jug."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.people.faces import WHITE
from recipes.nano.people.rooms import WOOD

CLOTH: tuple[Colour, ...] = ((250, 247, 238), (240, 226, 226), (222, 232, 242))


def cloth(canvas: Canvas, left: float, right: float, edge: float, bottom: float) -> None:
    """A table with its cloth hanging down in front."""
    colour = canvas.choice(CLOTH)
    for x in (left + 6, right - 10):
        canvas.rectangle(x, bottom - 2, 4, 102 - bottom, WOOD)
    canvas.polygon(
        [(left + 3, edge), (right - 3, edge), (right, edge + 17), (left, edge + 17)], colour
    )
    d = f"M{left} {edge + 17}L{right} {edge + 17}L{right} {bottom}"
    step = (right - left) / 6
    for _ in range(6):
        d += f"q{-step / 2} 5 {-step} 0"
    canvas.path(d + "Z", shade(colour, -0.13), "flat", 90)


def plate(canvas: Canvas, x: float, y: float) -> None:
    """A plate with food."""
    food = canvas.choice(((176, 112, 60), (104, 156, 76), (206, 92, 70)))
    with canvas.part("flat"):
        canvas.oval(x, y, 8, 3.2, (146, 164, 196))
        canvas.oval(x, y - 0.3, 6.4, 2.3, WHITE)
        canvas.oval(x, y - 0.8, 3.6, 1.7, food)


def roast(canvas: Canvas, x: float, y: float, size: float = 1.0) -> None:
    """A roast bird on a dish."""
    with canvas.frame(x, y, size):
        with canvas.part("flat"):
            canvas.oval(0, 0, 17, 5, (160, 170, 190))
            canvas.oval(0, -0.8, 15, 4, (236, 238, 242))
        with canvas.part("round"):
            for side in (-1, 1):
                canvas.line([(8 * side, -5), (13 * side, -8)], 4.4, (166, 92, 40))
                canvas.oval(14 * side, -9, 2.2, 2.2, WHITE)
            canvas.oval(0, -6.4, 11, 7, (190, 112, 48))
            canvas.oval(-3, -9, 4.6, 2, (226, 160, 90), turn=-14)


def jug(canvas: Canvas, x: float, y: float) -> None:
    """A jug."""
    colour = canvas.choice(((142, 172, 216), (216, 164, 116), (170, 196, 172)))
    canvas.stroke(f"M{x + 4} {y - 11}q7 0 1 8", 2.2, shade(colour, -0.2))
    d = f"M{x - 3.6} {y - 15}l7.6 0l-1 4q4.4 3 3.2 8"
    d += "q-1 3.4 -3 3.4l-6.6 0q-2 0 -3 -3.4q-1.2 -5 3.2 -8z"
    canvas.path(d, colour)
