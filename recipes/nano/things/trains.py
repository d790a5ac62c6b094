"""Steam trains on bridges of stone arches or iron."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.places import places

ENGINES: tuple[Colour, ...] = ((60, 112, 78), (168, 56, 50), (58, 84, 132), (66, 64, 72))
CARRIAGES: tuple[Colour, ...] = ((176, 96, 60), (204, 168, 100), (112, 60, 66), (86, 124, 110))
IRON: Colour = (46, 44, 50)
BRASS: Colour = (236, 196, 96)
STONES: tuple[Colour, ...] = ((206, 190, 170), (190, 182, 178), (212, 176, 150))
RAIL = 0.0  # engines and carriages stand on the origin's line


def wheel(canvas: Canvas, x: float, radius: float, colour: Colour) -> None:
    """A spoked wheel on the rail."""
    with canvas.part("flat"):
        canvas.oval(x, -radius, radius, radius, IRON)
        canvas.oval(x, -radius, 0.66 * radius, 0.66 * radius, shade(colour, 0.45))
        canvas.oval(x, -radius, 0.28 * radius, 0.28 * radius, IRON)


def boiler(canvas: Canvas, colour: Colour) -> None:
    """Boiler with bands, smokebox, dome and funnel; the engine runs to the right."""
    with canvas.part("solid"):
        canvas.polygon([(17, -22), (16, -33), (14, -38), (26, -38), (24, -33), (23, -22)], IRON)
        canvas.rectangle(13, -39.5, 14, 3.4, IRON, round=1.5)
    with canvas.part("round"):
        canvas.path("M-4 -24C-4 -32 6 -32 6 -24Z", BRASS)
    with canvas.part("round", angle=0):
        canvas.rectangle(-14, -25.5, 42, 16.5, colour, round=4)
        for x in (-5, 7):
            canvas.rectangle(x, -25.5, 2.4, 16.5, BRASS)
    with canvas.part("solid"):
        canvas.rectangle(15, -26, 15, 17.5, IRON, round=3)
        canvas.oval(31, -20, 2.6, 2.8, BRASS)


def cab(canvas: Canvas, colour: Colour) -> None:
    """The driver's cab at the rear of the engine."""
    with canvas.part("flat"):
        canvas.rectangle(-30, -35, 17, 28, shade(colour, -0.12))
        canvas.rectangle(-26.5, -31, 10, 10, (248, 236, 196))
    with canvas.part("solid"):
        canvas.path("M-33 -34Q-21.5 -42 -10 -34L-10 -32.5L-33 -32.5Z", IRON)


def engine(canvas: Canvas, colour: Colour) -> None:
    """A tank engine on the origin that runs to the right, 66 long and 40 high."""
    boiler(canvas, colour)
    cab(canvas, colour)
    with canvas.part("flat"):
        canvas.rectangle(-31, -11, 64, 4, (178, 52, 46))
        canvas.rectangle(32, -12.5, 4, 6.5, IRON)
        canvas.polygon([(29, -7), (36, -7), (38, 0), (30, 0)], IRON)
    for x in (-21, -5.5):
        wheel(canvas, x, 8, colour)
    for x in (10, 22):
        wheel(canvas, x, 5.6, colour)
    canvas.line([(-21, -7), (-5.5, -7), (11, -6)], 2, (206, 206, 210))


def carriage(canvas: Canvas, colour: Colour, goods: bool) -> None:
    """A carriage on the origin, 44 long, with windows or loaded with coal."""
    with canvas.part("flat"):
        if goods:
            canvas.blob(
                [(-20, -22), (-10, -28), (0, -25), (10, -28), (20, -22), (0, -14)], (62, 58, 60)
            )
            canvas.rectangle(-22, -22, 44, 16, colour)
            canvas.rectangle(-22, -15, 44, 2, shade(colour, -0.3))
        else:
            canvas.rectangle(-22, -31, 44, 25, colour)
            for x in (-18.5, -5, 8.5):
                canvas.rectangle(x, -26.5, 10, 9.5, (250, 240, 206))
            canvas.rectangle(-22, -14, 44, 2.4, shade(colour, 0.5))
            canvas.rectangle(-23.5, -34, 47, 4, shade(colour, -0.5), round=2)
    canvas.rectangle(-24, -8, 48, 3, IRON)
    for x in (-13, 13):
        wheel(canvas, x, 5.4, colour)


def steam(canvas: Canvas, x: float, y: float) -> None:
    """Smoke from a point, drawn out behind to the left."""
    grey = canvas.choice(((246, 246, 248), (224, 224, 228), (236, 232, 228)))
    with canvas.part("round"):
        for step in range(6):
            r = 3.6 + 1.15 * step
            canvas.oval(x - 9.6 * step, y - 3 - 8.5 * (1 - 0.72**step), 1.25 * r, r, grey)


def train_on(canvas: Canvas, y: float, scale: float, x: float) -> None:
    """A whole train on a line, its engine's middle at a place."""
    colour, load = canvas.choice(ENGINES), canvas.choice(CARRIAGES)
    goods = canvas.chance(0.25)
    with canvas.frame(x, y, scale):
        steam(canvas, 20, -42)
        for place in range(2):
            with canvas.frame(-57 - 48 * place, 0):
                carriage(canvas, load, goods)
        engine(canvas, colour)


def arches(canvas: Canvas, top: float, span: float, view: float) -> None:
    """A stone bridge below a line, with round arches through which the ground is left free."""
    stone = canvas.choice(STONES)
    rise, foot, pier = min(0.5 * span, 22), 108, 0.3 * span
    spring = top + 7 + rise
    d, x = f"M-70 {top}L70 {top}L70 {foot}", 1.5 * (span + pier)
    for place in (1, 0, -1):
        middle = view + place * (span + pier)
        right, left = middle + span / 2, middle - span / 2
        d += f"L{right} {foot}V{spring}A{span / 2} {rise} 0 0 0 {left} {spring}V{foot}"
    with canvas.part("flat", angle=0):
        canvas.path(f"{d}L{-x - 70} {foot}Z", stone)
        canvas.rectangle(-75, top - 1, 150, 5, shade(stone, -0.22))
    arch_stones(canvas, spring, span, rise, view, pier, stone)


def arch_stones(
    canvas: Canvas, y: float, span: float, rise: float, view: float, pier: float, stone: Colour
) -> None:
    """A darker ring of stones around each arch."""
    for place in (-1, 0, 1):
        middle = view + place * (span + pier)
        left, right = middle - span / 2, middle + span / 2
        d = f"M{left} 106V{y}A{span / 2} {rise} 0 0 1 {right} {y}V106"
        canvas.stroke(d, 2.2, shade(stone, -0.36))


def girders(canvas: Canvas, top: float, view: float) -> None:
    """An iron bridge below a line: a lattice between two beams on stone piers."""
    iron, stone = canvas.choice(((112, 70, 60), (84, 92, 104), (74, 96, 90))), canvas.choice(STONES)
    for x in (-34 + view, 34 + view):
        with canvas.part("flat", angle=0):
            canvas.polygon(
                [(x - 7, top + 18), (x + 7, top + 18), (x + 10, 108), (x - 10, 108)], stone
            )
            canvas.rectangle(x - 9.5, top + 17, 19, 4, shade(stone, -0.2))
    with canvas.part("flat"):
        canvas.rectangle(-75, top - 1, 150, 4.4, iron)
        canvas.rectangle(-75, top + 14, 150, 4.4, iron)
        for step in range(-5, 6):
            x = 15 * step + view
            canvas.line([(x - 7.5, top + 2), (x + 7.5, top + 16)], 2.4, iron)
            canvas.line([(x + 7.5, top + 2), (x - 7.5, top + 16)], 2.4, iron)


def river(canvas: Canvas, y: float) -> None:
    """Water below a line, banks at both sides."""
    with canvas.background():
        canvas.band(y, canvas.h + 1, (190, 220, 236), (150, 194, 222))
        for dx, dy in ((-24, 6), (4, 10), (26, 5)):
            canvas.line(
                [(canvas.w / 2 + dx - 8, y + dy), (canvas.w / 2 + dx + 8, y + dy)],
                1.5,
                (232, 244, 250),
            )


def train(canvas: Canvas) -> None:
    """A steam engine with carriages that crosses a bridge."""
    canvas.choice((places.meadow, places.hills, places.sunset, places.meadow))(canvas)
    if canvas.chance(0.75):
        river(canvas, canvas.h - 16)
    near = canvas.chance(0.4)
    with places.sheet(canvas), canvas.frame(50, 0, mirrored=canvas.chance(0.5)):
        top = (62 if near else 57) + canvas.jitter(3)
        kind = canvas.rng.integers(3)
        view = canvas.jitter(8)
        if kind == 0:
            girders(canvas, top, view)
        else:
            arches(canvas, top, 44.0 if kind == 1 else 27.0, view)
        scale = canvas.rng.uniform(1.02, 1.12) if near else canvas.rng.uniform(0.84, 0.94)
        train_on(canvas, top - 1, scale, (14 if near else 18) + canvas.jitter(4))
