"""Old maps of Europe: coasts, graticule, frame, compass rose, cartouche and ships."""

import math

from recipes.nano.drawing.canvas import Canvas, Colour, Point, shade
from recipes.nano.things import europe

SHEETS: tuple[tuple[Colour, Colour], ...] = (
    # sea, land
    ((222, 234, 232), (206, 176, 118)),
    ((196, 220, 232), (226, 196, 132)),
    ((244, 232, 202), (186, 148, 96)),
    ((214, 228, 220), (160, 176, 116)),
    ((236, 236, 222), (204, 150, 116)),
)
INK: Colour = (86, 62, 46)
SAIL: Colour = (252, 248, 236)


class Chart:
    """Where degrees lie on the sheet.

    Args:
        left: The projection's abscissa at the left edge of the sheet.
        top: The latitude at its upper edge.
        zoom: Hundredths of the short side for one degree of latitude.
    """

    def __init__(self, left: float, top: float, zoom: float) -> None:
        self.left, self.top, self.zoom = left, top, zoom

    def spot(self, east: float, north: float) -> Point:
        """A place on the sheet."""
        x, y = europe.project(east, north)
        return (x - self.left) * self.zoom, (self.top - y) * self.zoom

    def line(self, places: europe.Coast) -> list[Point]:
        """Places on the sheet."""
        return [self.spot(*place) for place in places]


def graticule(canvas: Canvas, chart: Chart, colour: Colour) -> None:
    """Meridians and parallels every ten degrees."""
    with canvas.background():
        for east in range(-40, 71, 10):
            canvas.line([chart.spot(east, north) for north in (25, 40, 55, 65, 75)], 0.7, colour)
        for north in (40, 50, 60, 70):
            y = chart.spot(0, north)[1]
            canvas.line([(-1, y), (canvas.w + 1, y)], 0.7, colour)


def lands(canvas: Canvas, chart: Chart, land: Colour) -> None:
    """Land with an inked coast, borders of countries in red or brown."""
    edge = shade(land, -0.5)
    for coast in europe.COASTS:
        points = chart.line(coast)
        with canvas.part("flat", angle=0):
            canvas.polygon(points, land)
            outline = "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + "Z"
            canvas.stroke(outline, 1.1, edge)
            if coast is europe.MAINLAND:
                for border in europe.BORDERS:
                    canvas.line(chart.line(border), 1.1, shade(land, -0.3))


def mountains(canvas: Canvas, chart: Chart, land: Colour) -> None:
    """Small hills along the Alps, the Pyrenees, the Carpathians and in Norway."""
    for east, north in ((7.5, 45.6), (11, 46.6), (0.2, 42.7), (24.5, 46.6), (9, 61.5), (43, 43.5)):
        x, y = chart.spot(east, north)
        canvas.line([(x - 2.6, y + 1.6), (x, y - 1.8), (x + 2.6, y + 1.6)], 1.2, shade(land, -0.55))


def compass(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """A compass rose of eight points."""
    with canvas.part("flat"):
        canvas.oval(x, y, 0.62 * radius, 0.62 * radius, (240, 224, 186))
        for point in range(8):
            angle, long = math.pi * point / 4, radius * (0.62 if point % 2 else 1.0)
            tip = (x + long * math.sin(angle), y - long * math.cos(angle))
            for side, colour in (
                (-1, INK),
                (1, (198, 72, 56) if point % 2 == 0 else (150, 120, 90)),
            ):
                turn = angle + side * math.pi / 8
                foot = (x + 0.3 * radius * math.sin(turn), y - 0.3 * radius * math.cos(turn))
                canvas.polygon([(x, y), tip, foot], colour)


def ship(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A ship under sail whose water line is about a point; a size of 1 is 20 wide."""
    with canvas.frame(x, y, size):
        with canvas.part("flat"):
            canvas.rectangle(-4.4, -17, 1.2, 14, INK)
            canvas.rectangle(3, -15, 1.2, 12, INK)
            canvas.polygon([(-4, -17), (-9, -15.6), (-4, -14.4)], (198, 72, 56))
        with canvas.part("round"):
            canvas.path("M-8 -13Q-3 -14 0 -13Q2 -8 0 -3.6Q-4 -5 -8 -3.6Q-6 -8 -8 -13Z", SAIL)
        with canvas.part("round"):
            canvas.path("M1 -11.5Q4 -12.6 8 -11.5Q10 -7.6 8 -3.6Q5 -5 1 -3.6Q3 -7.6 1 -11.5Z", SAIL)
        with canvas.part("flat", angle=0):
            canvas.path("M-11 -5L-8 -2.6L7 -2.6L11.5 -4.4L8 3.2L-7.5 3.2Z", (122, 82, 54))
            canvas.path(
                "M-11 4Q-7 1.6 -4 3.4Q0 1.6 3 3.4Q7 1.6 11 4L11 5.4L-11 5.4Z", (120, 154, 170)
            )


def cartouche(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """A framed shield for the title, scrolls at its corners, about a point."""
    gold = canvas.choice(((204, 158, 84), (176, 108, 80), (150, 140, 104)))
    with canvas.part("flat"):
        for side in (-1, 1):
            for end in (-1, 1):
                canvas.oval(x + side * width / 2, y + end * height / 2, 3.4, 3.4, gold)
        canvas.rectangle(x - width / 2, y - height / 2, width, height, gold, round=2)
        canvas.oval(x, y - height / 2, 0.2 * width, 3.4, gold)
    with canvas.part("flat"):
        canvas.rectangle(
            x - width / 2 + 2, y - height / 2 + 2, width - 4, height - 4, (252, 244, 220), round=1
        )
        for row, share in ((-0.16, 0.52), (0.16, 0.34)):
            canvas.stroke(
                f"M{x - share * width / 2} {y + row * height}l{share * width} 0", 1.4, INK
            )


def border(canvas: Canvas) -> None:
    """A frame in which dark and light degrees take turns."""
    w, h = canvas.w, canvas.h
    with canvas.part("flat"):
        outer = f"M-1 -1H{w + 1}V{h + 1}H-1ZM4.4 4.4V{h - 4.4}H{w - 4.4}V4.4Z"
        canvas.path(outer, (248, 240, 216))
        for step in range(0, int(w), 10):
            for y in (1.2, h - 3.2):
                canvas.rectangle(step, y, 5, 2, INK)
        for step in range(0, int(h), 10):
            for x in (1.2, w - 3.2):
                canvas.rectangle(x, step, 2, 5, INK)
        for d in (f"M4.4 4.4H{w - 4.4}V{h - 4.4}H4.4Z", f"M0.5 0.5H{w - 0.5}V{h - 0.5}H0.5Z"):
            canvas.stroke(d, 1, INK)


def sheet(canvas: Canvas, where: int) -> None:
    """Furniture in the corners of the sheet, in one of three orders."""
    w, h = canvas.w, canvas.h
    if where == 0:
        cartouche(canvas, w - 21, 15, 26, 14)
        compass(canvas, 15, 0.58 * h, 9)
        ship(canvas, 17, 0.4 * h, 0.85)
    elif where == 1:
        cartouche(canvas, 21, 15, 26, 14)
        compass(canvas, 15, 0.4 * h, 9)
        ship(canvas, 17, 0.68 * h, 0.85)
    else:
        cartouche(canvas, w - 22, h - 15, 28, 15)
        compass(canvas, 16, 0.86 * h - 4, 9)
        ship(canvas, 17, 0.5 * h, 0.95)


def map_of_europe(canvas: Canvas) -> None:
    """A map of Europe as atlases of the 18th century have it."""
    sea, land = canvas.choice(SHEETS)
    with canvas.background():
        canvas.band(-1, canvas.h + 1, sea)
    zoom = canvas.rng.uniform(2.25, 2.45) * max(1.0, 0.94 * min(canvas.w, canvas.h) / 100)
    middle = canvas.rng.uniform(-5.5, -3.5)
    chart = Chart(
        middle - canvas.w / 2 / zoom, 52.8 + canvas.jitter(0.8) + canvas.h / 2 / zoom, zoom
    )
    graticule(canvas, chart, shade(sea, -0.2))
    lands(canvas, chart, land)
    if canvas.chance(0.6):
        mountains(canvas, chart, land)
    sheet(canvas, int(canvas.rng.integers(3)))
    border(canvas)
