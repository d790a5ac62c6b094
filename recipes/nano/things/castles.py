"""Medieval castles: towers with battlements and pointed roofs, walls, gates, flags."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade
from recipes.nano.places import places

STONES: tuple[Colour, ...] = ((190, 184, 180), (206, 186, 156), (168, 168, 178), (196, 172, 160))
CONES: tuple[Colour, ...] = ((168, 70, 62), (74, 94, 132), (88, 84, 100), (84, 116, 96))
FLAGS: tuple[Colour, ...] = ((206, 52, 52), (66, 104, 180), (240, 196, 76))
DARK: Colour = (58, 52, 56)


class Mason:
    """Builds in one stone, one kind of roof and one flag, chosen once for a castle."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.stone, self.cone = canvas.choice(STONES), canvas.choice(CONES)
        self.flag = canvas.choice(FLAGS)

    def battlements(self, x: float, y: float, width: float, colour: Colour) -> None:
        """Merlons on a line, as many as fit."""
        number = max(3, round(width / 6.4))
        step = width / (2 * number - 1)
        for place in range(number):
            self.canvas.rectangle(x + 2 * step * place, y - 4, step, 4.5, colour)

    def wall(self, x: float, top: float, width: float, foot: float) -> None:
        """A wall with battlements from its upper left corner down to a line."""
        colour = shade(self.stone, 0.34)
        with self.canvas.part("flat", angle=0):
            self.canvas.rectangle(x, top, width, foot - top, colour)
            self.battlements(x, top, width, colour)

    def tower(self, x: float, top: float, width: float, foot: float, roof: str = "flat") -> None:
        """A round tower about a vertical, its top "flat", a "cone" or flying a "flag"."""
        canvas, half = self.canvas, width / 2
        if roof != "flat":
            self.pole(x, top - (1.25 * width if roof == "cone" else 3))
        with canvas.part("round", angle=0):
            canvas.rectangle(x - half, top, width, foot - top, self.stone)
            canvas.rectangle(x - half - 1.6, top, width + 3.2, 6, shade(self.stone, -0.12))
            self.battlements(x - half - 1.6, top, width + 3.2, shade(self.stone, -0.12))
        if roof == "cone":
            with canvas.part("round", angle=60):
                canvas.polygon(
                    [(x - half - 3, top), (x, top - 1.35 * width), (x + half + 3, top)], self.cone
                )
        self.slit(x, top + 0.42 * min(foot - top, 36))

    def slit(self, x: float, y: float) -> None:
        """A narrow arched window about a point."""
        self.canvas.path(
            f"M{x - 1.7} {y + 4}v-6Q{x} {y - 6} {x + 1.7} {y - 2}v6Z",
            DARK,
            "solid",
        )

    def pole(self, x: float, y: float) -> None:
        """A flag on a pole whose foot is on a point."""
        canvas = self.canvas
        with canvas.part("flat"):
            canvas.line([(x, y + 4), (x, y - 11)], 1.4, DARK)
            canvas.polygon([(x, y - 11.5), (x + 11, y - 8.5), (x, y - 4.5)], self.flag)

    def gate(self, x: float, foot: float, width: float) -> None:
        """A dark arch with a portcullis in it."""
        half, spring = width / 2, foot - 0.75 * width
        with self.canvas.part("solid", angle=90):
            d = f"M{x - half} {foot}V{spring}A{half} {half} 0 0 1 {x + half} {spring}V{foot}Z"
            self.canvas.path(d, DARK)
            for dx in (-0.22, 0.22):
                self.canvas.rectangle(
                    x + dx * width - 0.9, spring - 0.3 * width, 1.8, 0.75 * width, (168, 146, 120)
                )
            self.canvas.rectangle(x - half, spring, width, 1.8, (168, 146, 120))


def mound(canvas: Canvas, y: float, half: float) -> None:
    """A green hill whose top is on a line."""
    grass = canvas.choice(((146, 182, 108), (160, 184, 116), (132, 168, 110)))
    with canvas.part("round"):
        canvas.path(
            f"M{-half - 34} 106C{-half - 14} {y + 16} {-half - 2} {y} {-half + 12} {y - 1}"
            f"L{half - 12} {y - 1}C{half + 2} {y} {half + 14} {y + 16} {half + 34} 106Z",
            grass,
        )


def way(canvas: Canvas, x: float, y: float) -> None:
    """A winding way from a gate down the hill."""
    with canvas.part("flat"):
        canvas.path(
            f"M{x - 4} {y}c-2 8 18 8 8 16C{x} {y + 20} {x - 8} {y + 22} {x - 12} 106"
            f"L{x + 10} 106C{x + 12} {y + 22} {x + 22} {y + 18} {x + 18} {y + 11}"
            f"c-2 -5 -14 -5 -13 -11Z",
            (238, 224, 186),
        )


def moat(canvas: Canvas, y: float) -> None:
    """Water over the whole width below a line, with a few light ripples."""
    canvas.band(y, canvas.h + 8, (148, 188, 212), (124, 168, 198))
    for dx, dy in ((-38, 8), (34, 6), (-30, 14), (40, 15)):
        canvas.line(
            [(50 + dx - 7, y + dy), (50 + dx, y + dy - 1.2), (50 + dx + 7, y + dy)],
            1.5,
            (220, 236, 244),
        )


def bridge(canvas: Canvas, y: float) -> None:
    """A plank bridge from the gate to the lower edge."""
    with canvas.part("flat", angle=0):
        canvas.polygon([(-7, y), (7, y), (13, 106), (-13, 106)], (176, 134, 92))
        for step in range(1, 5):
            canvas.rectangle(-12, y + 4.5 * step, 24, 1.2, (130, 94, 62))


def gatehouse(canvas: Canvas, mason: Mason, foot: float) -> None:
    """Two great towers about a gate, a keep behind, walls to both sides."""
    mason.tower(0, 35, 20, foot, "cone")
    mason.wall(-46, 61, 92, foot)
    mason.wall(-16, 53, 32, foot)
    for side in (-1, 1):
        mason.tower(side * 22, 46, 16, foot, "cone")
        mason.tower(side * 43, 54, 11, foot, "flat")
    mason.gate(0, foot, 15)


def hilltop(canvas: Canvas, mason: Mason, foot: float) -> None:
    """A tall keep among lower towers of different heights."""
    mason.tower(-14, 30, 15, foot, "cone")
    mason.tower(11, 16, 20, foot, "flag")
    mason.tower(29, 36, 12, foot, "cone")
    mason.wall(-34, 52, 68, foot)
    mason.tower(-33, 42, 14, foot, "cone")
    mason.tower(36, 50, 12, foot, "flat")
    mason.gate(0, foot, 13)


def square_keep(canvas: Canvas, mason: Mason, foot: float) -> None:
    """A square keep with four corner towers, a low outer wall before it."""
    for x in (-22, 22):
        mason.tower(x, 24, 11, foot, "flag")
    mason.wall(-24, 32, 48, foot)
    for x in (-10, 10):
        mason.slit(x, 42)
    mason.wall(-44, 58, 88, foot)
    for x in (-42, 42):
        mason.tower(x, 48, 15, foot, "cone")
    mason.tower(-11, 54, 10, foot, "flat")
    mason.tower(11, 54, 10, foot, "flat")
    mason.gate(0, foot, 13)


def castle(canvas: Canvas) -> None:
    """A castle on a hill or behind a moat."""
    canvas.choice((places.hills, places.meadow, places.sunset, places.meadow))(canvas)
    wet = canvas.chance(0.45)
    steep = not wet and canvas.chance(0.4)
    foot = 84.0 if wet else 66.0 if steep else 80.0
    if wet:
        moat(canvas, canvas.h - 100 + foot - 2)
    with places.sheet(canvas), canvas.frame(50 + canvas.jitter(3), 0, mirrored=canvas.chance(0.5)):
        if not wet:
            mound(canvas, foot, 34 if steep else 46)
        scale = canvas.rng.uniform(0.9, 1.02) * (0.8 if steep else 1)
        with canvas.frame(0, foot - 80 * scale, scale):
            canvas.choice((gatehouse, hilltop, square_keep))(canvas, Mason(canvas), 80)
        if wet:
            bridge(canvas, foot)
        else:
            way(canvas, 0, foot)
