"""Scenery: skies, hills, plants and houses that places are put together from."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade

SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((176, 214, 240), (232, 244, 250)),
    ((206, 224, 236), (246, 244, 232)),
    ((190, 216, 226), (250, 240, 222)),
)
GRASSES: tuple[Colour, ...] = ((164, 204, 124), (180, 206, 132), (152, 198, 130))


def sky(canvas: Canvas, horizon: float, clouds: int = 2) -> None:
    """A day's sky with a few clouds near its sides."""
    above, below = canvas.choice(SKIES)
    canvas.band(-1, horizon + 1, above, below)
    for side in range(canvas.rng.integers(clouds + 1)):
        x = canvas.w * (0.14 + 0.72 * ((side + canvas.set) % 2)) + canvas.jitter(8)
        y = horizon * canvas.rng.uniform(0.16, 0.5)
        cloud(canvas, x, y, canvas.rng.uniform(8, 14))


def cloud(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A flat cloud."""
    with canvas.part():
        for dx, dy, r in ((-0.9, 0.1, 0.5), (0, -0.15, 0.75), (0.9, 0.1, 0.5)):
            canvas.oval(x + dx * size, y + dy * size, r * size, 0.55 * r * size, (250, 252, 252))


def bush(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    """A rounded clump of leaves that stands on a line."""
    with canvas.part("round"):
        for dx, dy, r in ((-0.6, -0.3, 0.5), (0, -0.6, 0.7), (0.6, -0.3, 0.5)):
            canvas.oval(x + dx * size, y + dy * size, r * size, r * size, colour)
        canvas.rectangle(x - 1.1 * size, y - 0.3 * size, 2.2 * size, 0.3 * size, colour)


def tree(canvas: Canvas, x: float, y: float, height: float, colour: Colour) -> None:
    """A tree with a round crown that stands on a point."""
    trunk = 0.09 * height
    with canvas.part():
        canvas.rectangle(x - trunk / 2, y - 0.5 * height, trunk, 0.5 * height, (156, 122, 92))
    with canvas.part("round"):
        for dx, dy, r in ((-0.2, 0.5, 0.2), (0.2, 0.5, 0.2), (0, 0.72, 0.27)):
            canvas.oval(x + dx * height, y - dy * height, r * height, r * height, colour)


def fir(canvas: Canvas, x: float, y: float, height: float, colour: Colour) -> None:
    """A fir of three tiers that stands on a point."""
    canvas.rectangle(
        x - 0.04 * height, y - 0.2 * height, 0.08 * height, 0.2 * height, (140, 108, 84)
    )
    with canvas.part():
        for tier in range(3):
            half, low = (0.27 - 0.06 * tier) * height, y - (0.14 + 0.25 * tier) * height
            canvas.polygon([(x - half, low), (x, low - 0.42 * height), (x + half, low)], colour)


def rolling(canvas: Canvas, horizon: float, colour: Colour) -> None:
    """A far chain of low hills on the horizon."""
    with canvas.part():
        for place in range(3):
            x = canvas.w * (0.1 + 0.4 * place) + canvas.jitter(10)
            height = canvas.rng.uniform(4, 11)
            canvas.oval(x, horizon, 34, height, colour)


def open_land(canvas: Canvas, horizon: float) -> Colour:
    """Grass under a sky with hills far off; the colour of the grass."""
    grass = canvas.choice(GRASSES)
    sky(canvas, horizon)
    rolling(canvas, horizon, shade(grass, 0.35))
    canvas.band(horizon, canvas.h + 1, shade(grass, 0.2), shade(grass, -0.06))
    return grass


def picture(canvas: Canvas, x: float, y: float) -> None:
    """A small framed landscape."""
    with canvas.part():
        canvas.rectangle(x - 9, y - 9, 18, 19, (186, 150, 96))
        canvas.rectangle(x - 6, y - 6, 12, 13, (226, 236, 240))
        canvas.rectangle(x - 6, y + 2, 12, 5, (166, 196, 140))


def mountain(canvas: Canvas, x: float, top: float, foot: float) -> None:
    """A mountain that stands on a line, its top white."""
    half, cap = 0.85 * (foot - top), 0.3
    edge = top + cap * (foot - top)
    with canvas.part("flat"):
        canvas.polygon([(x - half, foot), (x, top), (x + half, foot)], (164, 176, 192))
        jagged = [(x - cap * half, edge), (x, top), (x + cap * half, edge)]
        jagged += [
            (x + 0.4 * cap * half, edge - 2.5),
            (x, edge + 2),
            (x - 0.4 * cap * half, edge - 2.5),
        ]
        canvas.polygon(jagged, (250, 252, 254))


def house_front(canvas: Canvas, left: float, top: float, width: float, foot: float) -> None:
    """One front of a street, with a gable and four windows."""
    wall = canvas.choice(((240, 226, 206), (230, 214, 208), (226, 226, 214), (238, 220, 190)))
    with canvas.part():
        canvas.rectangle(left, top, width, foot - top, wall)
        canvas.polygon(
            [(left, top), (left + width / 2, top - 10), (left + width, top)], (206, 172, 150)
        )
        for x in (0.2, 0.62):
            for y in (0.16, 0.56):
                spot = left + x * width, top + y * (foot - top)
                canvas.rectangle(*spot, 0.2 * width, 0.2 * (foot - top), (190, 202, 210))
