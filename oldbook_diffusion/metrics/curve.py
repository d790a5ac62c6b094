"""Curve: one scalar of a run, with its tag, title, help, charts and bounds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from oldbook_diffusion.metrics.inference import Interval

ENDS = ("", "_lower", "_upper")


@dataclass(frozen=True)
class Curve:
    """One curve of a run.

    Attributes:
        tag: Its name in TensorBoard and in the files of a run.
        title: Its name for a reader: of a band in a chart, or of a column of the report.
        help: What it measures.
        band: TensorBoard's group that shows it with its interval; none when empty.
        lines: TensorBoard's group and chart that show it as one of several lines.
        bounds: Where its values and the ends of its interval are shown at most.
        in_report: Whether the report's table has it as a column.
        is_p: Whether it is a p-value.
    """

    tag: str
    title: str
    help: str
    band: str = ""
    lines: tuple[str, str] | None = None
    bounds: tuple[float, float] = (-math.inf, math.inf)
    in_report: bool = False
    is_p: bool = False

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of its value and of the ends of its interval."""
        return tuple(f"{self.tag}{end}" for end in ENDS)

    def points(self, value: Interval | float) -> dict[str, float]:
        """A value and the ends of its interval by tag; what is NaN is not there."""
        values = value if isinstance(value, Interval) else (value,)
        named = zip(self.tags, values, strict=False)
        return {tag: point for tag, point in named if not math.isnan(point)}

    def in_words(self, scores: Mapping[str, float]) -> str:
        """A value and how sure it is, from scores by tag."""
        value, *ends = (f"{scores[tag]:z.2f}" for tag in self.tags if tag in scores)
        unknown = "not verified: intervals need at least 5 prompts"
        return f"{value} ({f'95 % interval {ends[0]} to {ends[1]}' if ends else unknown})"

    def clip(self, value: float) -> float:
        """A value within the bounds."""
        return min(max(value, self.bounds[0]), self.bounds[1])


Values = Mapping[Curve, Interval | float]


def flat(values: Values) -> dict[str, float]:
    """Values and the ends of their intervals by tag; what is NaN is not there."""
    points: dict[str, float] = {}
    for curve, value in values.items():
        points |= curve.points(value)
    return points
