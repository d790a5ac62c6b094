"""TensorBoard's custom scalars: curves as bands with their intervals, and as lines together."""

from collections.abc import Iterable

from oldbook_diffusion.metrics.catalogue import CURVES
from oldbook_diffusion.metrics.curve import Curve

Layout = dict[str, dict[str, list[object]]]


def layout(curves: Iterable[Curve] = tuple(CURVES.values())) -> Layout:
    """The custom scalars of some curves, by group and chart."""
    groups: Layout = {}
    lines: dict[tuple[str, str], list[str]] = {}
    for curve in curves:
        if curve.band:
            charts = groups.setdefault(curve.band, {})
            charts[f"{curve.title} (95 %)"] = ["Margin", list(curve.tags)]
        if curve.lines:
            lines.setdefault(curve.lines, []).append(curve.tag)
    for (group, chart), tags in lines.items():
        groups.setdefault(group, {})[chart] = ["Multiline", tags]
    return groups
