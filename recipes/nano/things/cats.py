"""The big black cat at a window."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.places import places

BLACK: Colour = (34, 31, 36)
SHEEN: Colour = (96, 92, 104)
EYES: tuple[Colour, ...] = ((240, 214, 84), (176, 214, 96), (240, 176, 70))


def window(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """A window with light panes, from its upper left corner, perhaps with a view."""
    frame = canvas.choice(((166, 122, 82), (122, 130, 150), (134, 100, 76)))
    with canvas.part("flat"):
        canvas.rectangle(x, y, width, height, frame)
        pane = canvas.choice(((206, 230, 246), (226, 238, 244), (250, 238, 204)))
        canvas.rectangle(x + 3, y + 3, width - 6, height - 6, pane)
        canvas.oval(x + 0.3 * width, y + height - 4, 0.24 * width, 0.14 * height, (176, 206, 146))
        canvas.rectangle(x + 3, y + height - 5, width - 6, 4, frame)
        canvas.rectangle(x + width / 2 - 1.5, y, 3, height, frame)
        canvas.rectangle(x, y + 0.48 * height, width, 3, frame)
    canvas.rectangle(x - 4, y + height - 1, width + 8, 5, shade(frame, 0.2))


def curtain(canvas: Canvas, x: float, side: int, height: float) -> None:
    """A curtain gathered to one side, from the top of the sheet."""
    colour = canvas.choice(((190, 92, 84), (214, 178, 104), (116, 146, 178), (206, 158, 170)))
    with canvas.part("round", angle=90):
        inner = x + side * 17
        d = f"M{x} -4L{inner} -4C{inner} {0.4 * height} {x + side * 12} {0.6 * height}"
        canvas.path(
            f"{d} {x + side * 6} {0.66 * height}L{x + side * 10} {height}L{x} {height}Z", colour
        )
        canvas.stroke(f"M{x + side * 7} 0L{x + side * 4} {0.6 * height}", 1.6, shade(colour, -0.25))
        canvas.stroke(f"M{x} {0.66 * height}L{x + side * 8} {0.66 * height}", 3, (246, 224, 150))


def cat_from_behind(canvas: Canvas, tail: float) -> None:
    """A cat that sits with its back to us on the origin, 72 high; its tail hangs to a side."""
    with canvas.part("solid"):
        canvas.line([(0, -6), (tail * 15, -2), (tail * 25, -6), (tail * 31, -18)], 6.5, BLACK)
        outline = [(-9, -44), (9, -44), (17, -28), (23, -12), (19, -1), (0, 0.5), (-19, -1)]
        canvas.blob([*outline, (-23, -12), (-17, -28)], BLACK)
        canvas.oval(0, -53, 15, 13, BLACK)
        for side in (-1, 1):
            canvas.polygon([(side * 3, -62), (side * 14, -76), (side * 15.5, -52)], BLACK)
        canvas.line([(-11, -6), (-13, -14), (-9, -22)], 1.6, SHEEN)
        canvas.line([(11, -6), (13, -14), (9, -22)], 1.6, SHEEN)
        canvas.line([(0, -42), (0, -18)], 1.4, SHEEN)


def cat_head(canvas: Canvas, eye: Colour) -> None:
    """A head in profile about the origin that looks to the right and a little up."""
    canvas.oval(0, 0, 14.5, 12.5, BLACK)
    canvas.oval(10, 4, 7.5, 5.5, BLACK)
    canvas.polygon([(-12, -4), (-10, -23), (0, -10)], BLACK)
    canvas.polygon([(-1, -9), (5, -22), (10, -6)], BLACK)
    canvas.oval(6.5, -2, 2.6, 2.8, eye)
    canvas.oval(7.6, -2, 1.1, 2.0, BLACK)
    for dy in (2, 6):
        canvas.stroke(f"M11 {dy - 1}L22 {dy + 0.5 * dy - 3}", 0.8, SHEEN)


def sitting_cat(canvas: Canvas) -> None:
    """A cat in profile that sits on the origin and looks to the right, 76 high."""
    eye = canvas.choice(EYES)
    with canvas.part("solid"):
        canvas.line([(-18, -6), (-29, -3), (-34, -13), (-30, -25), (-33, -33)], 6.5, BLACK)
        back = [(4, -56), (16, -52), (19, -34), (16, -14), (10, -2), (-14, 0), (-24, -8)]
        canvas.blob([*back, (-24, -22), (-14, -38)], BLACK)
        canvas.rectangle(8, -36, 10, 36, BLACK, round=4)
        canvas.oval(15, -3, 8, 3.6, BLACK)
        canvas.oval(-4, -3, 13, 3.8, BLACK)
        with canvas.frame(13, -58, turn=-10):
            cat_head(canvas, eye)
        canvas.line([(3, -4), (4, -16), (-4, -24), (-13, -22)], 1.5, SHEEN)


def standing_cat(canvas: Canvas) -> None:
    """A cat in profile that stands on the origin and looks to the right, 66 high."""
    eye = canvas.choice(EYES)
    with canvas.part("solid"):
        canvas.line([(-30, -32), (-40, -40), (-41, -56), (-35, -66)], 6, BLACK)
        canvas.blob(
            [(-32, -36), (-14, -40), (10, -41), (22, -36), (22, -22), (0, -17), (-28, -18)], BLACK
        )
        for x, lean in ((-28, -2), (-18, 3), (10, -2), (19, 3)):
            canvas.line([(x, -26), (x + lean, -3)], 7, BLACK)
            canvas.oval(x + lean + 2, -2.5, 5, 2.8, BLACK)
        canvas.line([(16, -32), (24, -44)], 15, BLACK)
        with canvas.frame(27, -49, turn=-8):
            cat_head(canvas, eye)
        canvas.line([(-19, -30), (-16, -22), (-19, -16)], 1.5, SHEEN)


def cat_before_pane(canvas: Canvas) -> None:
    """The cat on the sill in the middle, seen from behind against the light."""
    places.room(canvas)
    with places.sheet(canvas):
        window(canvas, 14, 3 - (canvas.h - 100) / 2, 72, 74 + (canvas.h - 100) / 2)
        canvas.rectangle(8, 76, 84, 7, (232, 222, 206))
        for side in (-1, 1):
            curtain(canvas, 50 + side * 50, -side, 96)
        with canvas.frame(50 + canvas.jitter(6), 82, canvas.rng.uniform(0.96, 1.05)):
            cat_from_behind(canvas, canvas.choice((-1, 1)))


def cat_beside_window(canvas: Canvas) -> None:
    """The cat in profile on the floor, the window high at the side it looks to."""
    places.room(canvas)
    pose = canvas.choice((sitting_cat, standing_cat))
    with places.sheet(canvas), canvas.frame(50, 0, mirrored=canvas.chance(0.5)):
        window(canvas, 12 + canvas.jitter(2), 5 + canvas.jitter(3), 36, 54)
        if canvas.chance(0.4):
            curtain(canvas, 54, -1, 70)
        scale = canvas.rng.uniform(0.96, 1.05) if pose is sitting_cat else 0.9
        with canvas.frame((-17 if pose is sitting_cat else -9) + canvas.jitter(3), 96, scale):
            pose(canvas)


def cat_on_sill(canvas: Canvas) -> None:
    """The cat in profile on the sill of a great window that fills the wall beside it."""
    places.room(canvas)
    pose = canvas.choice((sitting_cat, standing_cat))
    with places.sheet(canvas), canvas.frame(50, 0, mirrored=canvas.chance(0.5)):
        window(canvas, -8, 4 - (canvas.h - 100) / 2, 56, 78 + (canvas.h - 100) / 2)
        canvas.rectangle(-60, 82, 120, 8, (238, 230, 214))
        with canvas.frame(-14 + canvas.jitter(3), 84, canvas.rng.uniform(0.84, 0.94)):
            pose(canvas)


def cat_looking_away(canvas: Canvas) -> None:
    """The cat from behind on the floor, a broad window on the wall before it."""
    places.room(canvas)
    with places.sheet(canvas), canvas.frame(50, 0, mirrored=canvas.chance(0.5)):
        window(canvas, -40, 4 + canvas.jitter(2), 70, 56)
        with canvas.frame(8 + canvas.jitter(5), 97, canvas.rng.uniform(0.9, 0.98), turn=3):
            cat_from_behind(canvas, -1)


def black_cat(canvas: Canvas) -> None:
    """A big black cat that faces a window."""
    layouts = (cat_before_pane, cat_beside_window, cat_on_sill, cat_looking_away)
    canvas.choice(layouts)(canvas)
