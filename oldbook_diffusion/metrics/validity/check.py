"""Check: one validity check of an encoder, and checks as data and as a table."""

import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Check:
    """One validity check: what was found, and the limit.

    Attributes:
        name: What is checked, in words.
        found: The value; NaN where the check could not be run.
        limit: What it is compared with; empty where it is informational.
        passed: Whether it is within the limit; null where there is no limit, or no value.
    """

    name: str
    found: float
    limit: str
    passed: bool | None

    def __str__(self) -> str:
        return f"{self.name}: {self.found:.3f}, wanted {self.limit}"

    @property
    def was_run(self) -> bool:
        """Whether there was enough to run it on."""
        return not math.isnan(self.found)

    @property
    def outcome(self) -> str:
        """The outcome in a word or two."""
        if not self.was_run:
            return "not run"
        return {True: "pass", False: "FAIL", None: "informational"}[self.passed]


def failed(checks: list[Check]) -> list[Check]:
    """The checks that have failed."""
    return [check for check in checks if check.passed is False]


def not_run(checks: list[Check]) -> list[str]:
    """The checks that could not be run: a pass of the others does not cover them."""
    return [check.name for check in checks if not check.was_run]


def compare(name: str, found: float, limit: str, within: bool) -> Check:
    """A check with a limit; NaN neither passes nor fails."""
    return Check(name, found, limit, None if math.isnan(found) else within)


def at_most(name: str, found: float, limit: float) -> Check:
    """A check of an upper limit."""
    return compare(name, found, f"at most {limit:g}", found <= limit)


def at_least(name: str, found: float, limit: float) -> Check:
    """A check of a lower limit."""
    return compare(name, found, f"at least {limit:g}", found >= limit)


def informational(name: str, found: float) -> Check:
    """A value without a limit, which refuses nothing."""
    return Check(name, found, "", None)


def as_record(checks: list[Check]) -> dict[str, object]:
    """Checks as JSON can hold them."""
    rows = [
        {**asdict(c), "found": c.found if c.was_run else None, "outcome": c.outcome.lower()}
        for c in checks
    ]
    return {"passed": not failed(checks), "not_run": not_run(checks), "checks": rows}


def as_table(checks: list[Check]) -> str:
    """Checks as lines of text, and those that could not be run once more at the end."""
    width = max(len(check.name) for check in checks)
    lines = [
        f"{check.name:<{width}}  {check.found:7.3f}  {check.limit:<14} {check.outcome}"
        for check in checks
    ]
    missing = not_run(checks)
    return "\n".join([*lines, *([f"not run: {'; '.join(missing)}"] if missing else [])])
