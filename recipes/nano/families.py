"""The scenes of the fifteen prompts, one function for each, in the order of the prompts."""

from collections.abc import Callable

from recipes.nano import europe, places
from recipes.nano.canvas import Canvas, Colour
from recipes.nano.lexicon import COLOURS

SKINS: tuple[Colour, ...] = ((250, 210, 170), (236, 188, 148), (214, 160, 120))
HAIRS: tuple[Colour, ...] = ((120, 84, 56), (196, 196, 200), (232, 230, 226), (84, 60, 44))
LEAF: Colour = (84, 150, 76)
DARK: Colour = (50, 40, 38)


def bearded_man(canvas: Canvas) -> None:
    """A bald head, a faint smile and a beard down to the chest."""
    rng = canvas.rng
    colour = ("blue", "green", "yellow", "pink", "grey")[rng.integers(5)]
    places.plain(canvas, colour)
    x, y = 0.5 + canvas.jitter(), 0.36 + canvas.jitter()
    skin, hair = SKINS[rng.integers(3)], HAIRS[rng.integers(4)]
    canvas.ellipse(x, 1.02, 0.9, 0.5, list(COLOURS.values())[rng.integers(5)])
    canvas.ellipse(x, y, 0.46, 0.56, skin)
    canvas.polygon([(x - 0.23, y + 0.04), (x + 0.23, y + 0.04), (x, y + 0.62)], hair)
    canvas.ellipse(x, y + 0.2, 0.47, 0.34, hair)
    canvas.ellipse(x, y + 0.05, 0.34, 0.22, skin)
    for side in (-1, 1):
        canvas.ellipse(x + 0.23 * side, y + 0.02, 0.07, 0.12, skin)
        canvas.ellipse(x + 0.09 * side, y - 0.03, 0.05, 0.06, DARK)
        canvas.line([(x + 0.05 * side, y - 0.1), (x + 0.14 * side, y - 0.1)], 0.025, hair)
    canvas.pen.arc(canvas.box(x, y + 0.12, 0.16, 0.1), 20, 160, fill=(150, 50, 50), width=3)


def vase(canvas: Canvas) -> None:
    """A vase with leaves on its body and scrolls of leaves beside it."""
    colour = ("white", "yellow", "blue", "pink")[canvas.rng.integers(4)]
    places.plain(canvas, colour)
    x, y = 0.5 + canvas.jitter(), 0.54 + canvas.jitter(0.03)
    canvas.sprite("amphora", x, y, 0.86)
    for side in (-1, 1):
        for step in range(4):
            canvas.ellipse(x + side * 0.06, y - 0.05 + 0.09 * step, 0.1, 0.05, LEAF)
            canvas.ellipse(
                x + side * (0.38 + 0.03 * (step % 2)), y - 0.3 + 0.16 * step, 0.12, 0.1, LEAF
            )
        canvas.line([(x + side * 0.38, y - 0.34), (x + side * 0.38, y + 0.3)], 0.02, LEAF)
    canvas.line([(x, y - 0.1), (x, y + 0.28)], 0.02, LEAF)


def window(canvas: Canvas, x: float, y: float) -> None:
    """A window with four panes."""
    canvas.rectangle(x, y, 0.42, 0.5, (128, 84, 52))
    for dx in (-0.095, 0.095):
        for dy in (-0.115, 0.115):
            canvas.rectangle(x + dx, y + dy, 0.16, 0.2, (168, 216, 248))


def black_cat(canvas: Canvas) -> None:
    """A black cat on the floor before a window."""
    places.room(canvas)
    side = 1 if canvas.rng.random() < 0.5 else -1
    window(canvas, 0.5 + 0.27 * side, 0.3 + canvas.jitter(0.03))
    canvas.sprite("black-cat", 0.5 - 0.14 * side, 0.64, 0.66, mirrored=side < 0)


def monkey(canvas: Canvas) -> None:
    """A monkey in a hat with a feather, walking on the grass."""
    places.meadow(canvas)
    side = 1 if canvas.rng.random() < 0.5 else -1
    x, y = 0.5 + canvas.jitter(0.06), 0.62 + canvas.jitter(0.03)
    canvas.sprite("monkey", x, y, 0.72, mirrored=side < 0)
    head = x - 0.2 * side
    canvas.rectangle(head, y - 0.34, 0.2, 0.17, (60, 44, 110))
    canvas.rectangle(head, y - 0.26, 0.34, 0.05, (60, 44, 110))
    canvas.line([(head, y - 0.3), (head + 0.15 * side, y - 0.54)], 0.06, (226, 60, 70))


def reading_boy(canvas: Canvas) -> None:
    """A boy's head over an open book, a bed behind him."""
    places.room(canvas)
    side = 1 if canvas.rng.random() < 0.5 else -1
    canvas.sprite("bed", 0.5 + 0.25 * side, 0.56, 0.56, mirrored=side < 0)
    x = 0.5 - 0.12 * side + canvas.jitter(0.03)
    canvas.ellipse(x, 0.86, 0.42, 0.42, (66, 132, 206))
    canvas.sprite("boy", x, 0.44, 0.5)
    canvas.sprite("open-book", x, 0.8, 0.42)


def dinner(canvas: Canvas) -> None:
    """Three or four heads behind a laid table."""
    places.room(canvas)
    people = ["man", "woman", ("boy", "girl", "child")[canvas.rng.integers(3)]]
    if canvas.rng.random() < 0.5:
        people.append(("old-man", "old-woman", "girl")[canvas.rng.integers(3)])
    for place, person in enumerate(canvas.rng.permutation(people)):
        canvas.sprite(str(person), (place + 0.5) / len(people), 0.38, 0.94 / len(people) + 0.06)
    canvas.rectangle(0.5, 0.68, 0.96, 0.2, (250, 248, 244))
    canvas.band(0.76, 0.8, (206, 206, 214))
    for leg in (0.1, 0.9):
        canvas.rectangle(leg, 0.9, 0.06, 0.2, (120, 78, 48))
    canvas.sprite("pot-of-food", 0.5 + canvas.jitter(), 0.63, 0.26)
    canvas.sprite("poultry-leg", 0.2, 0.66, 0.18)
    canvas.ellipse(0.8, 0.68, 0.18, 0.08, (170, 196, 226))


def cottage(canvas: Canvas) -> None:
    """A house with a garden under trees."""
    places.meadow(canvas)
    house = ("house-with-garden", "house", "hut")[canvas.rng.choice(3, p=(0.5, 0.35, 0.15))]
    side = 1 if canvas.rng.random() < 0.5 else -1
    canvas.sprite("deciduous-tree", 0.5 + 0.36 * side, 0.42, 0.5)
    canvas.sprite(house, 0.5 - 0.08 * side + canvas.jitter(), 0.55, 0.74, mirrored=side < 0)
    canvas.polygon([(0.42, 0.9), (0.54, 0.9), (0.68, 1.0), (0.3, 1.0)], (222, 196, 142))


def wildflowers(canvas: Canvas) -> None:
    """Six to nine flowers of many kinds."""
    places.meadow(canvas)
    kinds = ("blossom", "tulip", "sunflower", "hibiscus", "hyacinth", "white-flower")
    spots = [(0.17, 0.5), (0.5, 0.46), (0.83, 0.5), (0.3, 0.68), (0.68, 0.68)]
    spots += [(0.14, 0.86), (0.5, 0.88), (0.86, 0.86)]
    for x, y in spots[: canvas.rng.integers(6, 9)]:
        x, y = x + canvas.jitter(), y + canvas.jitter()
        canvas.line([(x, y), (x, y + 0.18)], 0.025, (58, 120, 50))
        canvas.sprite(kinds[canvas.rng.integers(6)], x, y, 0.27)


def train(canvas: Canvas) -> None:
    """A steam engine over the arches of a bridge."""
    scenery = (places.meadow, places.sea, places.hills)[canvas.rng.integers(3)]
    scenery(canvas)
    side = 1 if canvas.rng.random() < 0.5 else -1
    stone: Colour = ((150, 120, 104), (140, 140, 148))[canvas.rng.integers(2)]
    canvas.band(0.66, 1, stone)
    for x in (0.18, 0.5, 0.82):
        canvas.ellipse(x, 1.0, 0.24, 0.5, (196, 222, 240))
    canvas.band(0.66, 0.69, (70, 60, 58))
    canvas.sprite("locomotive", 0.5 + canvas.jitter(0.06), 0.42, 0.62, mirrored=side < 0)
    for puff in range(3):
        canvas.ellipse(
            0.5 + side * (0.05 + 0.16 * puff), 0.12 - 0.02 * puff, 0.2, 0.12, (240, 240, 242)
        )


def playing_children(canvas: Canvas) -> None:
    """Two or three children, a ball and a tree."""
    places.meadow(canvas)
    canvas.sprite("deciduous-tree", 0.16 + canvas.jitter(), 0.36, 0.5)
    if canvas.rng.random() < 0.5:
        canvas.sprite("playground-slide", 0.8, 0.36, 0.42)
    shirts = ("red", "blue", "yellow", "purple")
    for x, child in zip((0.3, 0.7), canvas.rng.permutation(["boy", "girl", "child"]), strict=False):
        x = x + canvas.jitter(0.05)
        canvas.ellipse(x, 0.84, 0.26, 0.3, COLOURS[shirts[canvas.rng.integers(4)]])
        canvas.sprite(str(child), x, 0.58, 0.38)
    canvas.sprite("soccer-ball", 0.5 + canvas.jitter(), 0.88, 0.18)


def castle(canvas: Canvas) -> None:
    """A castle on a hill."""
    scenery = (places.meadow, places.hills, places.night)
    scenery[canvas.rng.integers(3)](canvas)
    canvas.ellipse(0.5, 1.0, 1.2, 0.5, (104, 150, 84))
    mirrored = bool(canvas.rng.random() < 0.5)
    canvas.sprite("castle", 0.5 + canvas.jitter(), 0.48, 0.84, mirrored=mirrored)


def rose(canvas: Canvas) -> None:
    """One rose with its stem and leaves on a plain ground."""
    colour = ("white", "yellow", "white", "pink")[canvas.rng.integers(4)]
    places.plain(canvas, colour)
    mirrored = bool(canvas.rng.random() < 0.5)
    x = 0.5 + canvas.jitter()
    canvas.sprite("rose", x, 0.5 + canvas.jitter(0.03), 0.92, mirrored=mirrored)


def map_of_europe(canvas: Canvas) -> None:
    """Dark land in a pale sea under a net of meridians, in a frame."""
    rng = canvas.rng
    sea = ((206, 228, 240), (238, 226, 198), (214, 234, 222))[rng.integers(3)]
    land = ((146, 108, 62), (92, 138, 70), (176, 96, 72))[rng.integers(3)]
    canvas.band(0, 1, sea)
    left, top, zoom = canvas.jitter(), canvas.jitter(), rng.uniform(0.94, 1.06)
    for line in (0.25, 0.5, 0.75):
        canvas.line([(line + left, 0), (line + left, 1)], 0.012, (170, 180, 186))
        canvas.line([(0, line + top), (1, line + top)], 0.012, (170, 180, 186))
    for coast in europe.COASTS:
        points = [(left + zoom * x, top + zoom * y) for x, y in europe.on_sheet(coast)]
        canvas.polygon(points, land)
    for edge in (0, 0.97):
        canvas.band(edge, edge + 0.03, DARK)
        canvas.rectangle(edge + 0.015, 0.5, 0.03, 2, DARK)


def politician(canvas: Canvas) -> None:
    """A head too big for its suit."""
    colour = ("red", "blue", "grey", "yellow")[canvas.rng.integers(4)]
    places.plain(canvas, colour)
    x = 0.5 + canvas.jitter()
    canvas.polygon([(x - 0.3, 1), (x - 0.22, 0.7), (x + 0.22, 0.7), (x + 0.3, 1)], (48, 54, 74))
    canvas.polygon([(x - 0.1, 0.7), (x + 0.1, 0.7), (x, 0.94)], (248, 248, 248))
    canvas.polygon([(x - 0.03, 0.7), (x + 0.03, 0.7), (x + 0.04, 0.9), (x, 0.96)], (206, 40, 44))
    canvas.sprite(("man", "old-man")[canvas.rng.integers(2)], x, 0.4, 0.8)
    canvas.ellipse(x, 0.45, 0.12, 0.16, (236, 168, 130))


def play(canvas: Canvas) -> None:
    """A prince and a princess on a stage between red curtains."""
    canvas.band(0, 0.8, (74, 52, 84))
    canvas.band(0.8, 1, (186, 132, 84))
    for x, person in zip((0.34, 0.66), canvas.rng.permutation(["prince", "princess"]), strict=True):
        colour = COLOURS[("purple", "green", "blue", "yellow")[canvas.rng.integers(4)]]
        canvas.polygon([(x - 0.14, 0.88), (x, 0.5), (x + 0.14, 0.88)], colour)
        canvas.sprite(str(person), x, 0.48, 0.38)
    for side in (-1, 1):
        for fold in range(3):
            x = 0.5 + side * (0.48 - 0.07 * fold)
            canvas.rectangle(x, 0.4, 0.075, 1.0 - 0.1 * fold, (190 - 24 * (fold % 2), 32, 40))
    canvas.band(0, 0.14, (170, 26, 36))
    canvas.sprite("performing-arts", 0.5, 0.16, 0.26)


FAMILIES: tuple[Callable[[Canvas], None], ...] = (
    bearded_man,
    vase,
    black_cat,
    monkey,
    reading_boy,
    dinner,
    cottage,
    wildflowers,
    train,
    playing_children,
    castle,
    rose,
    map_of_europe,
    politician,
    play,
)
