"""Beds, quilts, and open books."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.people.faces import WHITE
from recipes.nano.people.rooms import WOOD

QUILTS: tuple[Colour, ...] = (
    (176, 72, 76),
    (76, 112, 168),
    (92, 142, 98),
    (198, 146, 66),
    (140, 96, 150),
)


PAGE: Colour = (253, 250, 240)


def pages(canvas: Canvas, x: float, y: float, size: float, turn: float = 0.0) -> None:
    """An open book that shows its two pages of print, the middle of its lower edge at a point."""
    cover = canvas.choice(((150, 40, 44), (40, 74, 120), (50, 96, 60)))
    with canvas.frame(x, y, size, turn=turn), canvas.part("flat"):
        canvas.polygon(
            [(0, 2.6), (-15, -0.6), (-15, -19), (0, -15.5), (15, -19), (15, -0.6)], cover
        )
        for side in (-1, 1):
            d = f"M0 0Q{6 * side} -5 {13.4 * side} -2.4L{13.4 * side} -18.4Q{6 * side} -20 0 -15.6Z"
            canvas.path(d, PAGE)
            for row in range(3):
                top = -14.4 + 4 * row
                canvas.stroke(
                    f"M{3.2 * side} {top}L{10.6 * side} {top - 1.6}", 1.2, (120, 116, 120)
                )
        canvas.stroke("M0 0L0 -15.4", 1.2, (150, 140, 130))


def covers(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    """An open book seen from outside: two covers, the edges of the pages above them."""
    with canvas.frame(x, y, size), canvas.part("flat"):
        canvas.polygon(
            [(-13.6, -3), (-13.6, -20.6), (0, -16.6), (13.6, -20.6), (13.6, -3), (0, 1)], PAGE
        )
        for side in (-1, 1):
            board = [(0, 2), (15 * side, -2), (15 * side, -18.6), (0, -14)]
            canvas.polygon(board, shade(colour, 0.12 * side))
            canvas.polygon(
                [(4 * side, -3.4), (11 * side, -5.2), (11 * side, -12.6), (4 * side, -10.4)],
                (232, 196, 96),
            )
        canvas.stroke("M0 2L0 -14", 2.2, shade(colour, -0.35))


def quilt(
    canvas: Canvas, outline: str, colour: Colour, spots: tuple[tuple[float, float], ...]
) -> None:
    """A quilt with a pattern of patches."""
    with canvas.part("round"):
        canvas.path(outline, colour)
        for x, y in spots:
            canvas.polygon([(x, y - 4), (x + 4, y), (x, y + 4), (x - 4, y)], shade(colour, 0.42))


def bed_behind(canvas: Canvas, y: float) -> None:
    """A bed along the wall, its pillow on the left, its mattress at a height."""
    canvas.rectangle(0, y - 26, 6, 52, shade(WOOD, -0.1), round=2)
    canvas.rectangle(94, y - 14, 6, 40, shade(WOOD, -0.1), round=2)
    canvas.rectangle(4, y + 10, 92, 7, shade(WOOD, 0.1))
    canvas.rectangle(5, y, 90, 11, (242, 238, 228), round=3, form="round")
    canvas.oval(17, y - 3, 12, 7, WHITE, turn=-8)
    d = f"M32 {y - 3}Q60 {y - 6} 95 {y - 2}L95 {y + 15}L32 {y + 15}Z"
    quilt(canvas, d, canvas.choice(QUILTS), ((38, y + 5), (54, y + 5), (70, y + 5), (86, y + 5)))
