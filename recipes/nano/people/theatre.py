"""The theatre: its curtains, lights and boards, and what is carried on the stage."""

from recipes.nano.drawing.canvas import Canvas, Colour, Point, shade
from recipes.nano.people.faces import GOLD, INK

CURTAINS: tuple[Colour, ...] = ((176, 40, 48), (160, 36, 60), (146, 44, 40), (112, 50, 96))


BOARDS: Colour = (206, 164, 116)


STONE: Colour = (214, 208, 198)


def drop(canvas: Canvas) -> None:
    """The painted cloth at the back, and the boards."""
    cloth = canvas.choice(((216, 222, 236), (230, 220, 200), (208, 224, 214)))
    with canvas.background():
        canvas.band(-1, canvas.h - 24, cloth, shade(cloth, 0.25))
        for i in range(3):
            x = canvas.w * (0.27 + 0.23 * i)
            top = canvas.h - 74
            foot = canvas.h - 24
            d = f"M{x - 7} {foot}L{x - 7} {top + 12}Q{x} {top} {x + 7} {top + 12}L{x + 7} {foot}Z"
            canvas.path(d, shade(cloth, -0.08), "flat", 90)
        canvas.band(canvas.h - 25, canvas.h + 1, BOARDS)
        for i in range(1, 8):
            x = canvas.w * i / 8
            canvas.stroke(
                f"M{x * 0.8 + canvas.w * 0.1} {canvas.h - 25}L{x} {canvas.h}",
                0.8,
                shade(BOARDS, -0.18),
            )


def house(canvas: Canvas) -> None:
    """Curtains drawn aside, the valance above and the footlights below."""
    colour = canvas.choice(CURTAINS)
    for side in (0, 1):
        with (
            canvas.frame(canvas.w * side, 0, 1.0, mirrored=side == 1),
            canvas.part("round", angle=90),
        ):
            h = canvas.h
            d = f"M-2 -2L22 -2Q20 {h * 0.4} 9 {h * 0.58}Q14 {h * 0.8} 12 {h - 9}L-2 {h - 9}Z"
            canvas.path(d, colour)
            for x, reach in ((5, 3), (11, 5), (17, 7)):
                canvas.stroke(
                    f"M{x} 0Q{x - 1} {h * 0.35} {reach} {h * 0.56}", 1.6, shade(colour, -0.32)
                )
            canvas.stroke(f"M6 {h * 0.64}L8 {h - 12}", 1.6, shade(colour, -0.32))
            canvas.stroke(f"M-2 {h * 0.585}L10 {h * 0.58}", 4, GOLD)
    valance(canvas, colour)
    footlights(canvas)


def valance(canvas: Canvas, colour: Colour) -> None:
    """Swags along the top with a gold fringe."""
    step = canvas.w / 5
    with canvas.part("round", angle=90):
        for i in range(5):
            x = step * i
            canvas.path(f"M{x} -2L{x} 6Q{x + step / 2} 15 {x + step} 6L{x + step} -2Z", GOLD)
            canvas.path(
                f"M{x} -2L{x} 4Q{x + step / 2} 12 {x + step} 4L{x + step} -2Z", shade(colour, 0.12)
            )


def footlights(canvas: Canvas) -> None:
    """A row of lamps along the front of the stage."""
    canvas.rectangle(-1, canvas.h - 8, canvas.w + 2, 10, (96, 62, 48))
    for i in range(5):
        x = canvas.w * (i + 0.5) / 5
        with canvas.part("flat"):
            canvas.path(
                f"M{x - 5} {canvas.h - 6}A5 5.6 0 0 1 {x + 5} {canvas.h - 6}Z", (255, 224, 110)
            )
            canvas.rectangle(x - 5.6, canvas.h - 6.4, 11.2, 2.8, (196, 150, 70))


def skull(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A skull."""
    with canvas.frame(x, y, size), canvas.part("skin"):
        canvas.oval(0, -1, 7.4, 7, (250, 246, 232))
        canvas.rectangle(-4.4, 2, 8.8, 7, (250, 246, 232), round=1.6)
        for side in (-1, 1):
            canvas.oval(3 * side, 0, 2.1, 2.3, INK)
        canvas.stroke("M-2 6.4L-2 8.4M2 6.4L2 8.4", 1, INK)
        canvas.path("M0 2.4L1.4 4.6L-1.4 4.6Z", INK)


def rail(canvas: Canvas) -> None:
    """The balustrade of the balcony, with ivy."""
    with canvas.part("flat"):
        canvas.rectangle(45, 64, 62, 5, shade(STONE, 0.35))
        for i in range(8):
            canvas.rectangle(48 + 7 * i, 50, 3.4, 15, shade(STONE, 0.35), round=1.5)
        canvas.rectangle(45, 48, 62, 4.6, shade(STONE, 0.5))
    with canvas.part("hair"):
        for x, y in ((84, 70), (80, 76), (85, 82), (82, 64), (86, 58)):
            canvas.oval(x, y, 5, 4, (84, 140, 76))


def sword(canvas: Canvas, start: Point, tip: Point) -> None:
    """A sword from its hilt to its tip."""
    (x, y), (tx, ty) = start, tip
    length = ((tx - x) ** 2 + (ty - y) ** 2) ** 0.5
    ux, uy = (tx - x) / length, (ty - y) / length
    canvas.stroke(f"M{x} {y}L{tx} {ty}", 2.8, (92, 98, 112))
    gx, gy = x + ux * 4, y + uy * 4
    canvas.stroke(f"M{gx - uy * 5} {gy + ux * 5}L{gx + uy * 5} {gy - ux * 5}", 2.6, (196, 140, 40))


def cauldron(canvas: Canvas, x: float, y: float) -> None:
    """A cauldron on a fire, steam above it."""
    with canvas.background():
        for dx, dy, r in ((-2, -40, 6), (4, -50, 7.5), (-4, -60, 8)):
            canvas.oval(x + dx, y + dy, r, r * 0.85, (240, 244, 238), form="flat")
    for dx in (-10, 0, 10):
        canvas.path(
            f"M{x + dx - 6} {y}q1 -7 6 -14q5 7 6 14Z",
            (244, 140, 40),
            "flat",
        )
    with canvas.part("solid"):
        canvas.path(
            f"M{x - 15} {y - 28}Q{x - 22} {y - 6} {x} {y - 4}Q{x + 22} {y - 6} {x + 15} {y - 28}Z",
            (58, 54, 62),
        )
    with canvas.part("flat"):
        canvas.oval(x, y - 28, 17, 4.4, (92, 88, 98))
        canvas.oval(x, y - 28.4, 14, 3, (138, 200, 96))
