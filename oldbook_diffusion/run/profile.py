"""Where the time of a run goes besides learning."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds spent on each of several things, the latest and all together.

    What is timed must end on the CPU, or a GPU's work is not in it.
    """

    def __init__(self) -> None:
        self.latest: dict[str, float] = {}
        self.total: dict[str, float] = {}

    @contextmanager
    def time(self, what: str) -> Iterator[None]:
        """Time a block."""
        start = time.monotonic()
        yield
        self.latest[what] = time.monotonic() - start
        self.total[what] = self.total.get(what, 0.0) + self.latest[what]

    def curves(self) -> dict[str, float]:
        """The latest seconds, by the name of their curve."""
        return {f"perf/{what}_seconds": seconds for what, seconds in self.latest.items()}

    def share(self, part: str, whole: str) -> float:
        """How long one thing has taken, as a share of another."""
        return self.total.get(part, 0.0) / max(self.total.get(whole, 0.0), 1e-9)
