"""Table of scores: its columns from the catalogue of curves, and how values are written."""

from collections.abc import Mapping
from typing import NamedTuple

from oldbook_diffusion.metrics.catalogue import CURVES
from oldbook_diffusion.metrics.curve import Curve

COLUMNS = [curve for curve in CURVES.values() if curve.in_report]
OWNERS = {tag: curve for curve in CURVES.values() for tag in curve.tags}


class Cell(NamedTuple):
    """A score as the table shows it, and its interval where it has one."""

    value: str
    interval: str


def row(scores: Mapping[str, float]) -> list[Cell]:
    """A cell for each column."""
    return [cell(curve, scores) for curve in COLUMNS]


def cell(curve: Curve, scores: Mapping[str, float]) -> Cell:
    """One score; empty where it is not known."""
    write = p_value if curve.is_p else decimal
    value, *ends = [write(scores[tag]) if tag in scores else "" for tag in curve.tags]
    return Cell(value, " to ".join(filter(None, ends)))


def decimal(value: float) -> str:
    """A value as most are written; 0 has no sign."""
    return f"{value:z.2f}"


def p_value(p: float) -> str:
    """A p-value: two significant digits, and no false precision."""
    return "<0.001" if p < 0.001 else f"{p:#.2g}"


def within_bounds(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores by tag, each and the ends of its interval within its curve's bounds."""
    return {tag: OWNERS[tag].clip(x) if tag in OWNERS else x for tag, x in scores.items()}
