"""The monkey that walks through the country in a feathered hat."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.places import places

DARK: Colour = (34, 31, 36)
FURS: tuple[tuple[Colour, Colour], ...] = (
    # coat, face
    ((128, 88, 60), (238, 204, 168)),
    ((104, 78, 62), (226, 188, 152)),
    ((150, 116, 80), (246, 222, 190)),
    ((96, 92, 94), (232, 208, 188)),
)
HATS: tuple[Colour, ...] = ((70, 52, 96), (52, 74, 104), (112, 44, 50), (58, 78, 60), (60, 50, 46))
PLUMES: tuple[Colour, ...] = ((226, 74, 66), (250, 246, 240), (244, 196, 80), (120, 190, 216))


def plumed_hat(canvas: Canvas, colour: Colour, plume: Colour) -> None:
    """A broad hat whose brim is on the origin, its plume swept back to the left."""
    with canvas.part("solid"):
        canvas.path("M-12 1C-14 -16 -6 -17 0 -16C8 -17 14 -14 12 1Z", colour)
        canvas.oval(0, 1, 23, 4.6, colour)
        canvas.rectangle(-12.4, -5, 24.8, 4, shade(colour, 0.55))
    with canvas.part("hair"):
        canvas.path(
            "M9 -4C12 -22 -8 -36 -32 -28C-38 -26 -40 -20 -36 -15C-32 -20 -26 -18 -24 -14", plume
        )
        canvas.path("M9 -4C12 -22 -8 -36 -32 -28C-26 -14 -8 -16 3 -2Z", plume)
        canvas.line([(7, -5), (2, -18), (-14, -25), (-30, -23)], 1.5, shade(plume, -0.3))


def monkey_head(canvas: Canvas, fur: tuple[Colour, Colour], hat: Colour, plume: Colour) -> None:
    """A head about the origin that looks to the right, under a plumed hat."""
    coat, face = fur
    with canvas.part("round"):
        canvas.oval(-15, 2, 6.5, 7.5, coat)
        canvas.oval(-15.5, 2, 3.6, 4.6, shade(face, -0.12))
        canvas.oval(0, 0, 16, 15.5, coat)
    with canvas.part("skin"):
        for x in (-1.5, 8):
            canvas.oval(x, -2, 6.6, 7, face)
        canvas.oval(5.5, 7.5, 10, 8, face)
        for x in (-0.5, 8.5):
            canvas.oval(x, -1.5, 2.1, 2.6, DARK)
        canvas.oval(6.5, 4.5, 2.4, 1.5, shade(face, -0.6))
        canvas.line([(-1, 10), (5, 12), (12, 9.5)], 1.6, shade(face, -0.65))
    with canvas.frame(0, -9, turn=-8):
        plumed_hat(canvas, hat, plume)


def tail(canvas: Canvas, coat: Colour) -> None:
    """A long tail that rises from the origin to the left and curls."""
    points = [(0, 0), (-13, 2), (-22, -8), (-23, -24), (-31, -30), (-36, -22), (-31, -18)]
    canvas.line(points, 4.6, coat, "round")


def limb(canvas: Canvas, points: list[tuple[float, float]], width: float, coat: Colour) -> None:
    """An arm or leg along points, its paw at the end."""
    with canvas.part("round"):
        canvas.line(points, width, coat)
        x, y = points[-1]
        canvas.oval(x + 2, y, 0.8 * width, 0.5 * width, shade(coat, -0.3))


def stick(canvas: Canvas, bundle: bool) -> None:
    """A walking stick in the right hand, or one on the shoulder with a bundle at its end."""
    if not bundle:
        canvas.line([(27, -42), (31, 0)], 2.6, (112, 74, 44))
        return
    canvas.line([(22, -34), (-32, -58)], 2.6, (112, 74, 44))
    with canvas.part("round"):
        canvas.oval(-34, -48, 11, 10, (206, 66, 60))
        canvas.oval(-36, -51, 2, 2, (250, 240, 230))
        canvas.oval(-31, -45, 2, 2, (250, 240, 230))


def upright_monkey(canvas: Canvas) -> None:
    """A monkey that walks on two legs to the right, its feet on the origin, 100 high."""
    fur, hat, plume = canvas.choice(FURS), canvas.choice(HATS), canvas.choice(PLUMES)
    coat, bundle = fur[0], canvas.chance(0.4)
    with canvas.frame(-9, -22):
        tail(canvas, coat)
    limb(canvas, [(-5, -24), (-12, -14), (-17, -2)], 8, shade(coat, -0.15))
    limb(canvas, [(-6, -46), (-17, -36), (-19, -24)], 6.5, shade(coat, -0.15))
    stick(canvas, bundle)
    limb(canvas, [(4, -24), (12, -15), (13, -2)], 8.5, coat)
    with canvas.part("round"):
        canvas.blob([(-8, -52), (8, -52), (13, -36), (11, -20), (-9, -19), (-13, -34)], coat)
        canvas.oval(4, -33, 7, 11, shade(fur[1], -0.05))
    if canvas.chance(0.6):
        waistcoat(canvas)
    limb(canvas, [(6, -47), (17, -36), (25 if not bundle else 20, -36)], 6.5, coat)
    with canvas.frame(3, -62, 0.98):
        monkey_head(canvas, fur, hat, plume)


def waistcoat(canvas: Canvas) -> None:
    """An open waistcoat over the chest."""
    colour = canvas.choice(((186, 60, 56), (66, 104, 150), (222, 176, 78), (72, 120, 84)))
    with canvas.part("round"):
        canvas.blob([(-8, -52), (0, -51), (-1, -36), (-4, -22), (-11, -22), (-13, -36)], colour)
        canvas.blob([(4, -51), (9, -51), (13, -36), (12, -23), (8, -23), (7, -36)], colour)


def crawling_monkey(canvas: Canvas) -> None:
    """A monkey that walks on four legs to the right, its feet about the origin, 82 high."""
    fur, hat, plume = canvas.choice(FURS), canvas.choice(HATS), canvas.choice(PLUMES)
    coat = fur[0]
    with canvas.frame(-25, -34, 0.8):
        tail(canvas, coat)
    limb(canvas, [(-20, -26), (-13, -14), (-14, -2)], 8, shade(coat, -0.2))
    limb(canvas, [(14, -28), (20, -16), (24, -2)], 7.5, shade(coat, -0.2))
    with canvas.part("round"):
        canvas.blob(
            [(-30, -32), (-20, -42), (2, -41), (18, -42), (22, -28), (4, -22), (-24, -21)], coat
        )
    limb(canvas, [(-24, -28), (-29, -16), (-31, -2)], 9, coat)
    limb(canvas, [(13, -32), (9, -16), (7, -2)], 8, coat)
    with canvas.frame(24, -46, 0.95):
        monkey_head(canvas, fur, hat, plume)


def monkey(canvas: Canvas) -> None:
    """A monkey in a feathered hat that walks through the country."""
    canvas.choice((places.meadow, places.hills, places.field, places.riverbank))(canvas)
    upright = canvas.chance(0.65)
    mirrored = canvas.chance(0.5)
    with places.sheet(canvas), canvas.frame(50 + canvas.jitter(4), 96, mirrored=mirrored):
        if canvas.chance(0.6):
            with canvas.background():
                canvas.blob(
                    [(-70, 6), (-20, -9), (30, -12), (70, -18), (70, -8), (20, 8)], (236, 220, 180)
                )
        with canvas.frame(4 if upright else -2, 0, canvas.rng.uniform(0.9, 0.98)):
            (upright_monkey if upright else crawling_monkey)(canvas)
