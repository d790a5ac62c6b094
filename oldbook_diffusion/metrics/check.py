"""One question that an encoder is asked, its answer, and both as a reader meets them."""

import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Check:
    """One question, what was found, and what would do.

    Attributes:
        question: In words.
        found: The figure; not a number where the question could not be asked.
        limit: What it is compared with; empty where it is told for information.
        passed: Whether it does; null where it is compared with nothing, or there is no figure.
    """

    question: str
    found: float
    limit: str
    passed: bool | None

    def __str__(self) -> str:
        return f"{self.question}: {self.found:.3f}, wanted {self.limit}"

    @property
    def asked(self) -> bool:
        """Whether there was enough to answer by."""
        return not math.isnan(self.found)

    @property
    def answer(self) -> str:
        """The answer in a word or two."""
        if not self.asked:
            return "not asked"
        return {True: "pass", False: "FAIL", None: "for information"}[self.passed]


def failed(checks: list[Check]) -> list[Check]:
    """The questions whose answers will not do."""
    return [check for check in checks if check.passed is False]


def not_asked(checks: list[Check]) -> list[str]:
    """The questions that there was too little for: a pass says nothing of them."""
    return [check.question for check in checks if not check.asked]


def known(found: float, passed: bool) -> bool | None:
    """Whether a figure will do; what is not a number could not be asked."""
    return None if math.isnan(found) else passed


def at_most(question: str, found: float, limit: float) -> Check:
    """A check that wants little."""
    return Check(question, found, f"at most {limit:g}", known(found, found <= limit))


def at_least(question: str, found: float, limit: float) -> Check:
    """A check that wants much."""
    return Check(question, found, f"at least {limit:g}", known(found, found >= limit))


def told(question: str, found: float) -> Check:
    """A figure for information, with which nothing is refused."""
    return Check(question, found, "", None)


def as_record(checks: list[Check]) -> dict[str, object]:
    """The checks as JSON can hold them."""
    rows = [{**asdict(c), "found": c.found if c.asked else None} for c in checks]
    return {"passed": not failed(checks), "not_asked": not_asked(checks), "checks": rows}


def as_table(checks: list[Check]) -> str:
    """The checks as lines of text, and what was not asked once more at their end."""
    width = max(len(check.question) for check in checks)
    lines = [
        f"{check.question:<{width}}  {check.found:7.3f}  {check.limit:<14} {check.answer}"
        for check in checks
    ]
    unasked = not_asked(checks)
    return "\n".join([*lines, *([f"not asked: {'; '.join(unasked)}"] if unasked else [])])
