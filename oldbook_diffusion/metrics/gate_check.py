"""One question that an encoder is asked, its answer, and both as a reader meets them."""

import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Check:
    """One question, what was found, and what would do.

    Attributes:
        question: In words.
        found: The figure.
        limit: What it is compared with.
        passed: Whether it does; null where it could not be asked.
    """

    question: str
    found: float
    limit: str
    passed: bool | None

    def __str__(self) -> str:
        return f"{self.question}: {self.found:.3f}, wanted {self.limit}"


def failed(checks: list[Check]) -> list[Check]:
    """The questions whose answers will not do."""
    return [check for check in checks if check.passed is False]


def known(found: float, passed: bool) -> bool | None:
    """Whether a figure will do; what is not a number could not be asked."""
    return None if math.isnan(found) else passed


def at_most(question: str, found: float, limit: float) -> Check:
    """A check that wants little."""
    return Check(question, found, f"at most {limit:g}", known(found, found <= limit))


def at_least(question: str, found: float, limit: float) -> Check:
    """A check that wants much."""
    return Check(question, found, f"at least {limit:g}", known(found, found >= limit))


def as_record(checks: list[Check]) -> dict[str, object]:
    """The checks as JSON can hold them."""
    rows = [{**asdict(c), "found": None if math.isnan(c.found) else c.found} for c in checks]
    return {"passed": not failed(checks), "checks": rows}


def as_table(checks: list[Check]) -> str:
    """The checks as lines of text."""
    answers = {True: "pass", False: "FAIL", None: "not asked"}
    width = max(len(check.question) for check in checks)
    return "\n".join(
        f"{check.question:<{width}}  {check.found:7.3f}  {check.limit:<14} {answers[check.passed]}"
        for check in checks
    )
