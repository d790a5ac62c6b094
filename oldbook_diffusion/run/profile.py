"""Profile of a run: where its wall-clock time goes.

Lightning's `SimpleProfiler` cannot give this: its durations nest (in a run of 60 steps they summed
to 2.3 times the wall time), a fetch counts as waiting while the device still works, and it keeps
every duration, 21 a step.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from oldbook_diffusion.metrics.catalogue import PERF

WORDS = {"data_wait": "waiting for data", "checkpoint": "saving checkpoints"}
# the largest fraction of a run, and what to do about more
ADVICE = {
    "data_wait": (0.1, "raise data.num_workers"),
    "checkpoint": (0.1, "raise checkpoint.every_n_train_steps"),
    "validation": (
        0.25,
        "lower data.held_out.num_monitored or raise checkpoint.every_n_train_steps",
    ),
    "scoring": (0.25, "lower render.samples_per_prompt or raise checkpoint.every_n_train_steps"),
    "sampling": (
        0.5,
        "lower render.samples_per_prompt, raise render.sampling.batch_size or "
        "checkpoint.every_n_train_steps",
    ),
    "setup": (0.5, "it is done once: train for longer, or lower render.probe_samples_per_prompt"),
}


class Stopwatch:
    """Seconds spent on each of several things, the latest and all together.

    What is timed must end on the CPU, or a GPU's work is not in it.
    """

    def __init__(self) -> None:
        self.latest: dict[str, float] = {}
        self.total: dict[str, float] = {}

    @contextmanager
    def time(self, part: str) -> Iterator[None]:
        """Time a block."""
        start = time.monotonic()
        yield
        self.latest[part] = time.monotonic() - start
        self.total[part] = self.total.get(part, 0.0) + self.latest[part]

    def curves(self) -> dict[str, float]:
        """The latest seconds by the tag of their curve."""
        return {PERF[part].tag: seconds for part, seconds in self.latest.items()}

    def fraction(self, part: str, whole: str) -> float:
        """How long one thing has taken, as a fraction of another."""
        return self.total.get(part, 0.0) / max(self.total.get(whole, 0.0), 1e-9)


class TimeAccount:
    """Every second of a run, put down to one thing.

    Attributes:
        spent: Seconds by what they were spent on.
    """

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.logged: dict[str, float] = defaultdict(float)  # of `spent`
        self.start()

    def start(self) -> None:
        """Start the clock."""
        self.mark = time.monotonic()

    def lap(self, part: str) -> None:
        """Put the time since the last mark down to something."""
        now = time.monotonic()
        self.spent[part] += now - self.mark
        self.mark = now

    def move(self, goal: str, seconds: float, source: str) -> None:
        """Take seconds out of something that they are a part of."""
        self.spent[goal] += seconds
        self.spent[source] -= seconds

    def interval(self) -> dict[str, float]:
        """The seconds since the last call."""
        recent = {part: self.spent[part] - self.logged[part] for part in self.spent}
        self.logged.update(self.spent)
        return recent


def summary(spent: Mapping[str, float]) -> str:
    """Where the time of a run went, in fractions of it, and what to change.

    Args:
        spent: Seconds, by what they were spent on.
    """
    whole = max(sum(spent.values()), 1e-9)
    largest_first = sorted(spent, key=lambda part: -spent[part])
    fractions = {part: spent[part] / whole for part in largest_first}
    listed = [f"{words(part)} {x:.0%}" for part, x in fractions.items() if x >= 0.005]
    line = f"The run took {duration(whole)}: {', '.join(listed)}"
    for part, fraction in fractions.items():
        limit, fix = ADVICE.get(part, (1.0, ""))
        if fraction > limit:
            return f"{line}; {words(part)} took more than {limit:.0%}: {fix}"
    return line


def words(part: str) -> str:
    """A part of a run in words."""
    return WORDS.get(part, part)


def duration(seconds: float) -> str:
    """Seconds, in the unit that suits them."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
