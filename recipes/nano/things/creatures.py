"""The subjects of free scenes: icons, with bodies for those that are only heads."""

from recipes.nano.drawing.canvas import Canvas, Colour, shade

BODIES: dict[str, Colour] = {
    # the icon is only a head: the colour of the body under it
    "lion": (226, 168, 76),
    "fox": (232, 120, 52),
    "wolf": (142, 142, 148),
    "bear": (138, 92, 66),
    "frog": (98, 182, 84),
}

PLAINER: dict[str, int] = {
    "dog": 0,
    "bird": 1,
    "fish": 1,
    "tropical-fish": 1,
    "snail": 1,
    "turtle": 1,
}


def pumpkin(canvas: Canvas, x: float, y: float, size: float, tint: Colour | None) -> None:
    """A ribbed pumpkin in a square about a point."""
    colour = tint or (232, 136, 52)
    with canvas.frame(x, y, size / 100):
        canvas.path("M-4 -24C-3 -34 -8 -40 -14 -44L-4 -48C4 -42 6 -34 5 -24Z", (110, 140, 74))
        with canvas.part("round"):
            for dx, rx, amount in (
                (-24, 22, -0.14),
                (24, 22, -0.14),
                (-12, 20, 0),
                (12, 20, 0),
                (0, 14, 0.14),
            ):
                canvas.oval(dx, 12, rx, 36, shade(colour, amount))


def sitting_body(canvas: Canvas, icon: str, colour: Colour) -> None:
    """A body from the front that sits on the origin, for a head 46 above it."""
    thick = 17 if icon != "bear" else 22
    if icon in ("lion", "fox", "wolf"):
        bushy = 4 if icon == "lion" else 8
        with canvas.part("hair"):
            canvas.line([(14, -6), (30, -4), (36, -18), (34, -30)], bushy, shade(colour, -0.12))
            canvas.oval(
                34, -31, 5.5, 6.5, shade(colour, -0.4) if icon == "lion" else (250, 246, 240)
            )
    with canvas.part("round"):
        for side in (-1, 1):
            canvas.oval(side * thick, -11, 12, 11, shade(colour, -0.12))
            canvas.oval(side * (thick + 3), -3, 9.5, 3.8, shade(colour, -0.12))
        canvas.blob(
            [(-12, -48), (12, -48), (thick, -24), (13, -2), (-13, -2), (-thick, -24)], colour
        )
    for side in (-1, 1):
        with canvas.part("round"):
            canvas.rectangle(side * 6 - 4.5, -30, 9, 30, shade(colour, 0.1), round=4.5)
            canvas.oval(side * 6.5, -2.5, 6.6, 3.8, shade(colour, 0.1))


def subject(
    canvas: Canvas, icon: str, x: float, y: float, size: float, tint: Colour | None = None
) -> None:
    """An icon in a square about a point, with a body where it is only a head."""
    mirrored = canvas.chance(0.5)
    canvas.set = PLAINER.get(icon, canvas.set)
    if icon == "pumpkin":
        pumpkin(canvas, x, y, size, tint)
        return
    if icon not in BODIES:
        canvas.icon(icon, x, y, size, mirrored=mirrored, tint=tint)
        return
    colour = BODIES[icon] if tint is None else shade(tint, 0.1)
    with canvas.frame(x, y + size / 2, size / 86, mirrored):
        sitting_body(canvas, icon, colour)
        canvas.icon(icon, 0, -58, 52, tint=tint)
