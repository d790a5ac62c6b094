"""Politicians in caricature: at a lectern, before a flag, above a crowd."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.people.caricature import (
    COATS,
    SASHES,
    Statesman,
    body,
    broad_face,
    profile,
    sleeve,
)
from recipes.nano.people.faces import GOLD, GREYS, HAIRS, INK, SKINS, WHITE
from recipes.nano.people.rooms import WALLS, scene


def politician(canvas: Canvas) -> None:
    """A politician in caricature."""
    man = Statesman(
        skin=canvas.choice(SKINS[:4]),
        hair=canvas.choice((*GREYS, *GREYS, *HAIRS)),
        coat=canvas.choice(COATS),
        sash=canvas.choice(SASHES),
        hat=canvas.chance(0.35),
        whiskers=canvas.choice(("chops", "moustache", "both", "chops")),
    )
    wall = canvas.choice(WALLS)
    with canvas.background():
        canvas.band(-1, canvas.h + 1, wall)
        canvas.band(canvas.h - 16, canvas.h + 1, shade(wall, -0.14))
    layout = canvas.choice((at_the_lectern, before_the_flag, above_the_crowd, with_a_purse))
    with scene(canvas, low=0.94, high=1.02):
        layout(canvas, man)


def lectern(canvas: Canvas, x: float, y: float) -> None:
    """A lectern with papers, its top at a height."""
    wood: Colour = canvas.choice(((160, 104, 62), (132, 82, 54), (178, 126, 80)))
    with canvas.part("flat"):
        canvas.polygon([(x - 10, y + 4), (x + 10, y + 4), (x + 13, 97), (x - 13, 97)], wood)
        canvas.polygon(
            [(x - 6, y + 12), (x + 6, y + 12), (x + 8, 92), (x - 8, 92)], shade(wood, 0.25)
        )
    canvas.polygon(
        [(x - 15, y + 1), (x + 15, y - 4), (x + 15, y + 2), (x - 15, y + 7)], shade(wood, -0.3)
    )
    canvas.polygon([(x - 9, y - 1.6), (x + 7, y - 4.4), (x + 8, y - 1.4), (x - 8, y + 1.6)], WHITE)


def flag(canvas: Canvas, x: float, top: float, height: float) -> None:
    """A striped flag on a pole, flying to the right."""
    stripes = canvas.choice(
        (
            ((60, 100, 180), WHITE, (206, 60, 60)),
            ((206, 60, 60), WHITE, (206, 60, 60)),
            ((74, 140, 90), WHITE, (206, 60, 60)),
        )
    )
    with canvas.background(), canvas.part("flat"):
        canvas.rectangle(x - 1.4, top - 4, 2.8, 104 - top, (140, 104, 66))
        canvas.oval(x, top - 5, 2.6, 2.6, GOLD)
        for i, colour in enumerate(stripes):
            y0, y1 = top + height * i / 3, top + height * (i + 1) / 3 + 0.2
            d = f"M{x + 1} {y0}q13 -5 24 0t22 0L{x + 47} {y1}q-11 5 -22 0t-24 0Z"
            canvas.path(d, shade(colour, 0.2))


def big_head(canvas: Canvas, man: Statesman, x: float, y: float, size: float) -> None:
    """His head in profile or from the front."""
    if canvas.chance(0.5):
        profile(canvas, man, x - 3, y + 1, size * 0.98)
    else:
        broad_face(canvas, man, x, y, size)


def at_the_lectern(canvas: Canvas, man: Statesman) -> None:
    """He leans over a lectern with a finger raised."""
    if canvas.chance(0.6):
        flag(canvas, 6, 12, 34)
    body(canvas, man, 38, 97, 1.0)
    sleeve(canvas, man, [(28, 62), (20, 76), (33, 79)])
    profile(canvas, man, 38, 37 + 4 * man.hat, 1.5 - 0.12 * man.hat)
    lectern(canvas, 74, 70)
    sleeve(canvas, man, [(47, 64), (62, 72), (84, 56)], (3, -11))


def before_the_flag(canvas: Canvas, man: Statesman) -> None:
    """He poses before a flag, one hand in his coat."""
    flag(canvas, 8, 12, 40)
    body(canvas, man, 54, 97, 1.05)
    profile(canvas, man, 52, 36 + 4 * man.hat, 1.55 - 0.12 * man.hat, -6)
    sleeve(canvas, man, [(44, 62), (36, 76), (52, 76)])
    sleeve(canvas, man, [(65, 62), (78, 70), (84, 58)], (8, -7))


def above_the_crowd(canvas: Canvas, man: Statesman) -> None:
    """He spreads his arms above a crowd."""
    for x in (8, 92):
        with canvas.frame(x, 0, 0.6, mirrored=x > 50):
            flag(canvas, 0, 18, 40)
    body(canvas, man, 50, 88, 0.95)
    sleeve(canvas, man, [(40, 56), (24, 62), (12, 50)], (-3, -8))
    sleeve(canvas, man, [(60, 56), (76, 62), (88, 50)], (3, -8))
    big_head(canvas, man, 50, 31 + 5 * man.hat, 1.5 - 0.14 * man.hat)
    canvas.rectangle(24, 78, 52, 24, (164, 110, 68), round=1.5)
    for x, y in ((6, 88), (24, 93), (42, 90), (60, 94), (78, 90), (95, 92)):
        listener(canvas, x + canvas.jitter(2), y)


def listener(canvas: Canvas, x: float, y: float) -> None:
    """One of the crowd from behind: a head with hair or a hat over shoulders."""
    with canvas.part("solid"):
        canvas.oval(x, y + 13, 11, 9, canvas.choice(COATS))
        canvas.oval(x, y, 5.6, 6, canvas.choice(HAIRS))
    if canvas.chance(0.4):
        canvas.path(
            f"M{x - 8} {y - 2}L{x + 8} {y - 2}L{x + 8} {y - 4}L{x + 5} {y - 4}"
            f"L{x + 5} {y - 12}L{x - 5} {y - 12}L{x - 5} {y - 4}L{x - 8} {y - 4}Z",
            INK,
            "solid",
        )


def with_a_purse(canvas: Canvas, man: Statesman) -> None:
    """He smiles with a bag of money in one hand, a paper in the other."""
    body(canvas, man, 50, 97, 1.0)
    big_head(canvas, man, 50, 36 + 5 * man.hat, 1.62 - 0.16 * man.hat)
    with canvas.part("round"):
        canvas.path("M80 66Q92 72 90 84Q88 92 79 92Q69 92 68 84Q67 72 76 66Z", (196, 160, 96))
        canvas.stroke("M75 67L82 67", 3, (120, 84, 50))
        canvas.oval(79, 81, 5, 5, GOLD)
    sleeve(canvas, man, [(61, 62), (72, 66), (79, 64)])
    sleeve(canvas, man, [(39, 62), (26, 70), (18, 58)])
    canvas.path("M8 40L24 36L27 58L11 62Z", WHITE, "flat")
    for row in range(3):
        canvas.stroke(
            f"M{12 + row} {44 + 5 * row}L{22 + row} {41.6 + 5 * row}", 1.4, (110, 104, 104)
        )
