"""What free scenes put their subjects on, under or among: branches, leaves, tables, water."""

from collections.abc import Callable

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.places import places, scenery
from recipes.nano.things.creatures import subject
from recipes.nano.things.flowers import blades, daisy, leaf, poppy, standing, star_flower, tulip

BARK: Colour = (124, 92, 66)
GREENS: tuple[Colour, ...] = ((120, 166, 84), (98, 150, 84), (140, 176, 92))
WOODS: tuple[Colour, ...] = ((168, 118, 76), (134, 92, 62), (196, 150, 102))


def on_branch(canvas: Canvas, icon: str) -> None:
    """A branch with leaves from one side to the other, the subject on it."""
    if icon == "owl":
        places.night(canvas)
    else:
        canvas.choice((places.hills, places.meadow, places.plain))(canvas)
    y, green = canvas.h * 0.8 + canvas.jitter(2), canvas.choice(GREENS)
    with canvas.frame(canvas.w / 2, y, mirrored=canvas.chance(0.5)):
        with canvas.part("round", angle=0):
            canvas.path("M-70 -6C-40 2 -10 -2 20 1L52 -4L53 -1L22 7C-10 6 -40 12 -70 8Z", BARK)
            canvas.path("M22 3L38 14L36 16L14 6Z", BARK)
        for x, dy, turn in (
            (-38, 3, -40),
            (-30, 6, 140),
            (34, 0, 30),
            (48, -3, 75),
            (37, 14, 130),
            (44, 2, 160),
        ):
            leaf(canvas, x, dy, 17, turn, green)
    size = canvas.rng.uniform(62, 72)
    subject(canvas, icon, canvas.w / 2 + canvas.jitter(), y + 2 - 0.46 * size, size)


def on_leaf(canvas: Canvas, icon: str) -> None:
    """A leaf with veins that fills the lower half, the subject on it."""
    canvas.choice((places.plain, places.garden, places.meadow))(canvas)
    green = canvas.choice(GREENS)
    with canvas.frame(
        canvas.w / 2, canvas.h * 0.76, mirrored=canvas.chance(0.5), turn=canvas.jitter(5)
    ):
        canvas.stroke("M40 2Q52 4 62 16", 4, shade(green, -0.3))
        with canvas.part("round", angle=20):
            canvas.path("M-48 2C-30 -20 16 -22 44 2C22 26 -24 26 -48 2Z", green)
            for x in (-26, -8, 10):
                canvas.stroke(f"M{x} 2L{x - 9} 12M{x} 2L{x - 9} -8", 1.5, shade(green, 0.42))
            canvas.stroke("M-44 2L44 2", 2, shade(green, 0.42))
    size = canvas.rng.uniform(54, 64)
    subject(canvas, icon, canvas.w / 2 + canvas.jitter(), canvas.h * 0.77 - 0.47 * size, size)


def among_flowers(canvas: Canvas, icon: str) -> None:
    """Flowers on both sides and in front, the subject in their middle."""
    horizon = canvas.h * 0.5
    with canvas.background():
        scenery.open_land(canvas, horizon)
    kinds = (daisy, poppy, tulip, star_flower)
    with places.sheet(canvas):
        for x, y in ((10, 44), (90, 40), (28, 72), (74, 74)):
            size = canvas.rng.uniform(0.85, 1.1)
            standing(canvas, canvas.choice(kinds), x + canvas.jitter(3), y + canvas.jitter(4), size)
        subject(canvas, icon, 50 + canvas.jitter(), 44, canvas.rng.uniform(54, 64))
        standing(canvas, canvas.choice(kinds), 51 + canvas.jitter(6), 84, 0.8)
        blades(canvas, 6, 15)


def under_tree(canvas: Canvas, icon: str) -> None:
    """A tree whose crown spreads over the subject."""
    canvas.choice((places.field, places.hills, places.desert))(canvas)
    green = canvas.choice(GREENS)
    with places.sheet(canvas):
        side = canvas.choice((-1, 1))
        with canvas.frame(50, 0, mirrored=side < 0):
            with canvas.part("round", angle=90):
                canvas.path("M24 92C30 74 28 50 22 22L36 22C36 50 40 74 48 92Z", BARK)
                canvas.path("M28 46Q14 36 4 26L8 22Q20 32 30 38Z", BARK)
            with canvas.part("round"):
                for x, y, r in (
                    (-28, 20, 15),
                    (-8, 14, 18),
                    (14, 12, 20),
                    (36, 16, 18),
                    (48, 22, 13),
                ):
                    canvas.oval(x, y, r, 0.8 * r, shade(green, -0.1))
            with canvas.part("round"):
                for x, y in ((-12, 9), (20, 6)):
                    canvas.oval(x, y, 11, 6, shade(green, 0.16))
        size = canvas.rng.uniform(56, 62)
        subject(canvas, icon, 50 - side * 14 + canvas.jitter(3), 95 - size / 2, size)


def on_table(canvas: Canvas, icon: str) -> None:
    """A table from side to side in a room, the subject on it."""
    places.room(canvas)
    y, wood = canvas.h * canvas.rng.uniform(0.7, 0.76), canvas.choice(WOODS)
    half = 0.46 * canvas.w
    with canvas.frame(canvas.w / 2, y):
        for x in (-half + 4, half - 10):
            canvas.polygon(
                [(x, 8), (x + 6, 8), (x + 4.5, 60), (x + 1.5, 60)], shade(wood, -0.25), "round"
            )
        canvas.rectangle(-half + 3, 8, 2 * half - 6, 7, shade(wood, -0.12))
        with canvas.part("flat", angle=0):
            canvas.polygon(
                [(-half + 7, -4), (half - 7, -4), (half, 5), (-half, 5)], shade(wood, 0.25)
            )
            canvas.rectangle(-half, 4, 2 * half, 5, wood)
    size = canvas.rng.uniform(58, 68)
    subject(canvas, icon, canvas.w / 2 + canvas.jitter(), y + 3 - 0.48 * size, size)


def in_water(canvas: Canvas, icon: str) -> None:
    """Under the surface: light from above, weeds and bubbles at the sides, sand below."""
    with canvas.background():
        canvas.band(-1, canvas.h + 1, (190, 226, 240), (122, 182, 214))
        canvas.oval(canvas.w / 2, canvas.h + 4, 0.7 * canvas.w, 14, (232, 216, 172))
        for x in (0.06 * canvas.w, 0.94 * canvas.w):
            for dx, tall in ((-3, 34), (3, 24)):
                low = canvas.h - 3
                track = [(x + dx, low), (x + dx + 4, low - 0.4 * tall), (x + dx - 2, low - tall)]
                canvas.line(track, 3, (112, 166, 120))
        for _ in range(4):
            x, y = (
                canvas.w * canvas.choice((0.16, 0.86)) + canvas.jitter(6),
                canvas.h * canvas.rng.uniform(0.1, 0.6),
            )
            canvas.oval(x, y, 2, 2, (236, 248, 252))
    wave = "M-4 -4H{w}V6" + "".join("q-5 5 -10 0t-10 0" for _ in range(7)) + "Z"
    with canvas.background():
        canvas.path(wave.format(w=canvas.w + 4), (240, 248, 252), "flat")
    size = canvas.rng.uniform(66, 78)
    subject(canvas, icon, canvas.w / 2 + canvas.jitter(), canvas.h * 0.53 + canvas.jitter(), size)


def on_wall(canvas: Canvas, icon: str) -> None:
    """A thing that hangs on the wall of a room from a nail."""
    places.room(canvas)
    size = canvas.rng.uniform(58, 66)
    x, y = canvas.w / 2 + canvas.jitter(), canvas.h * 0.42
    canvas.line(
        [(x - 7, y - 0.38 * size), (x, y - 0.58 * size), (x + 7, y - 0.38 * size)],
        1.4,
        (110, 84, 62),
    )
    canvas.oval(x, y - 0.58 * size, 1.8, 1.8, (84, 72, 66))
    subject(canvas, icon, x, y, size)


SITUATIONS: dict[str, Callable[[Canvas, str], None]] = {
    "branch": on_branch,
    "leaf": on_leaf,
    "flowers": among_flowers,
    "tree": under_tree,
    "table": on_table,
    "water": in_water,
    "wall": on_wall,
}
