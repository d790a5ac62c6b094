"""SVG: colours, curves and filters as markup, and markup to pixels."""

import io
from collections.abc import Sequence

import numpy as np
import resvg_py
from PIL import Image

Colour = tuple[int, int, int]
Point = tuple[float, float]


def rasterise(
    shapes: Sequence[str],
    fills: Sequence[str],
    definitions: Sequence[str],
    window: tuple[float, ...],
    size: tuple[int, int],
    crisp: bool,
) -> np.ndarray:  # => [H, W, 3] uint8
    """Draw shapes' markup with the given fills: a window of the sheet, in a size in pixels."""
    filled, filters = [], []
    for shape, fill in zip(shapes, fills, strict=True):
        colour = fill
        if 'filter="{fill}"' in shape:
            name = f"f{len(filters)}"
            filters.append(filter_of(name, fill))
            colour = f"url(#{name})" if filters[-1] else "none"
        filled.append(shape.replace("{fill}", colour))
    view = " ".join(f"{side:.4f}" for side in window)
    edges = ' shape-rendering="crispEdges"' if crisp else ""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{view}" width="{size[0]}" height="{size[1]}"{edges}>'
        f"<defs>{''.join(definitions)}{''.join(filters)}</defs>{''.join(filled)}</svg>"
    )
    background = "black" if crisp else "white"
    png = resvg_py.svg_to_bytes(svg_string=svg, background=background, skip_system_fonts=True)
    return np.array(Image.open(io.BytesIO(bytes(png))).convert("RGB"))


def css(colour: Colour) -> str:
    """A colour as SVG writes it."""
    return f"rgb({round(colour[0])},{round(colour[1])},{round(colour[2])})"


def filter_of(name: str, fill: str) -> str:
    """The filter that paints an icon in shades of a tint, or flat in the number of its part."""
    if fill == "tint:none":
        return ""
    red, green, blue = ((int(v) + 0.3) / 255 for v in fill.split("(")[1].rstrip(")").split(","))
    if fill.startswith("tint:"):
        rows = [
            f"{0.24 * c:.4f} {0.47 * c:.4f} {0.09 * c:.4f} 0 {0.35 * c:.4f}"
            for c in (red, green, blue)
        ]
        alpha = "0 0 0 1 0"
    else:
        rows = [f"0 0 0 0 {c:.6f}" for c in (red, green, blue)]
        alpha = "0 0 0 255 -127"  # no half-covered pixels between one number and another
    matrix = " ".join([*rows, alpha])
    return (
        f'<filter id="{name}" x="-0.1" y="-0.1" width="1.2" height="1.2" '
        'color-interpolation-filters="sRGB">'
        f'<feColorMatrix type="matrix" values="{matrix}"/></filter>'
    )


def smooth(points: Sequence[Point], closed: bool) -> str:
    """A smooth curve through points as an SVG path: Catmull-Rom splines as cubic Béziers."""
    sites = np.asarray(points, float)
    before = np.roll(sites, 1, 0) if closed else np.vstack([sites[:1], sites[:-1]])
    after = np.roll(sites, -1, 0) if closed else np.vstack([sites[1:], sites[-1:]])
    slopes = (after - before) / 6
    steps = len(sites) if closed else len(sites) - 1
    d = [f"M{sites[0][0]:.3f} {sites[0][1]:.3f}"]
    for i in range(steps):
        j = (i + 1) % len(sites)
        corners = (sites[i] + slopes[i], sites[j] - slopes[j], sites[j])
        d.append("C" + " ".join(f"{x:.3f} {y:.3f}" for x, y in corners))
    return "".join(d) + ("Z" if closed else "")


def shade(colour: Colour, amount: float) -> Colour:
    """A colour made lighter (above 0) or darker (below 0), at most by 1."""
    goal = 255 if amount > 0 else 0
    mixed = [round(c + abs(amount) * (goal - c)) for c in colour]
    return mixed[0], mixed[1], mixed[2]
