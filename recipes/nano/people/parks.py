"""Parks and gardens."""

from recipes.nano.drawing.canvas import Canvas


def park(canvas: Canvas, horizon: float = 46.0) -> None:
    """A lawn below far trees and a pale sky."""
    y = canvas.h - horizon
    with canvas.background():
        canvas.band(-1, y + 2, (186, 220, 246), (232, 244, 252))
        shift = float(canvas.rng.uniform(0, 20))
        for i in range(-1, 7):
            x = 22 * i + shift
            canvas.oval(x, y - 5, 14, 11 + 3 * (i % 2), (166, 202, 156), form="flat")
        canvas.band(y, canvas.h + 1, (182, 216, 138), (160, 200, 116))


def path_across(canvas: Canvas, y: float, width: float = 12.0) -> None:
    """A sandy path over the lawn."""
    with canvas.background():
        w = canvas.w
        d = f"M-30 {y}Q{w * 0.4} {y - 5} {w + 30} {y + 2}L{w + 30} {y + 2 + width}"
        d += f"Q{w * 0.4} {y + width - 3} -30 {y + width}Z"
        canvas.path(d, (240, 226, 188), "flat", 0.0)


def tree(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A round tree, its foot at a point, some 60 high at size 1."""
    leaf = canvas.choice(((122, 178, 100), (140, 186, 96), (112, 168, 116)))
    with canvas.background(), canvas.frame(x, y, size):
        canvas.path("M-4 0Q-2.6 -14 -3 -30L3 -30Q2.6 -14 5 0Z", (124, 88, 58))
        with canvas.part("round"):
            for dx, dy, r in (
                (-11, -32, 11),
                (11, -33, 11),
                (0, -46, 14),
                (-8, -42, 11),
                (9, -43, 10),
                (0, -34, 12),
            ):
                canvas.oval(dx, dy, r, r * 0.92, leaf)


def bench(canvas: Canvas, x: float, y: float, size: float = 1.0) -> None:
    """A park bench from the front, its feet at a height."""
    with canvas.background(), canvas.frame(x, y, size), canvas.part("flat"):
        for left in (-15, 12):
            canvas.rectangle(left, -18, 3, 18, (92, 68, 52))
        canvas.rectangle(-18, -20, 36, 3.4, (164, 112, 70))
        canvas.rectangle(-18, -15, 36, 3.4, (164, 112, 70))
        canvas.rectangle(-19, -9.4, 38, 3.8, (176, 122, 78))


def fence(canvas: Canvas, y: float) -> None:
    """A white paling fence over the whole width, its feet at a height."""
    with canvas.background(), canvas.part("flat"):
        canvas.rectangle(-31, y - 11, canvas.w + 62, 2.4, (250, 248, 240))
        canvas.rectangle(-31, y - 5, canvas.w + 62, 2.4, (250, 248, 240))
        for i in range(int(canvas.w / 8) + 7):
            x = 8 * i - 30
            canvas.polygon(
                [(x, y), (x, y - 13), (x + 1.8, y - 15), (x + 3.6, y - 13), (x + 3.6, y)],
                (250, 248, 240),
            )
