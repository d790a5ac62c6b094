"""What is wrong with plates: told once, counted, and kept in a file."""

import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any

from oldbook_diffusion.data.order import Row
from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why a plate cannot be used."""

    EMPTY = "empty file"
    UNREADABLE = "unreadable"
    CORRUPT = "corrupt or truncated"
    OVERSIZED = "oversized"
    TOO_SMALL = "too small"
    NO_CAPTION = "no caption"


class BadPlateError(Exception):
    """A plate that cannot be used.

    Args:
        reason: The kind of fault.
        detail: Its particulars.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)  # as it was given, for the way out of a worker
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else str(self.reason)


@dataclass(frozen=True)
class BadSample:
    """One line of the file of bad plates.

    Attributes:
        plate: The picture's file, where it has a name.
        id: Hash of all that the row holds, so that no row is told twice.
        reason: The kind of fault.
        detail: Its particulars.
        epoch: The pass in which it came, from 0.
        row: Its place in that pass, from 0.
        caption: Its words, whatever they are.
        replaced_by: The plate that takes its place; none where plates are only measured.
    """

    plate: str | None
    id: str
    reason: str
    detail: str
    epoch: int
    row: int
    caption: str
    replaced_by: str | None


@dataclass
class Faults:
    """A tally of what could not be used.

    Attributes:
        max_share: The largest share of bad plates that a run accepts.
        image: The column of the picture.
        caption: The column of the words.
        trains_on: Whether a plate comes in training, and not only where plates are measured.
        file: Where bad plates are written down, a line each; nowhere when null.
        num_seen: Visits to plates so far.
        reasons: Visits to bad plates so far, by reason.
    """

    max_share: float
    image: str
    caption: str
    trains_on: Callable[[dict[str, Any]], bool]
    file: Path | None = None
    num_seen: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)

    def count(self, row: Row, bad: BadPlateError | None) -> None:
        """Count a visit; stop at too many bad ones.

        Raises:
            OldBookError: The share of bad plates is too large.
        """
        self.num_seen += 1
        if bad is None:
            return
        self.reasons[bad.reason.value] += 1
        # a share of fewer than 100 plates says little
        if self.reasons.total() > self.max_share * max(self.num_seen, 100):
            raise OldBookError(
                f"{self.reasons.total()} of {self.num_seen} plates could not be used "
                f"({self}), the last being {self.name(row)}; mend the dataset or raise "
                f"data.max_bad_share above {self.max_share}"
            )

    def tell(self, row: Row, bad: BadPlateError, stand_in: Row | None) -> None:
        """Warn at the first bad plate of each kind; write each down once."""
        if bad.reason not in self.told:
            log.warning("cannot use %s: %s", self.name(row), bad)
            self.told.add(bad.reason)
        if stand_in is None and self.trains_on(row.plate):
            return  # it is written down when another takes its place
        sample = BadSample(
            plate=self.path(row),
            id=identity(row.plate),
            reason=bad.reason.value,
            detail=bad.detail,
            epoch=row.place.epoch,
            row=row.place.row,
            caption=str(row.plate[self.caption]),
            replaced_by=self.name(stand_in) if stand_in else None,
        )
        self.write_down(sample)

    def write_down(self, sample: BadSample) -> None:
        """Add a line to the file, unless this or an earlier process has."""
        if self.file is None or sample.id in self.told:
            return
        self.told.add(sample.id)
        try:
            written = self.file.read_text() if self.file.exists() else ""
            if sample.id not in named(written):
                start = "" if written == "" or written.endswith("\n") else "\n"
                line = json.dumps(asdict(sample), ensure_ascii=False)
                with self.file.open("a") as file:
                    file.write(f"{start}{line}\n")
        except OSError as error:
            log.warning("%s cannot be written to (%s)", self.file, error.strerror)
            self.file = None

    def path(self, row: Row) -> str | None:
        """The file of a picture, where it has a name."""
        page: dict[str, Any] = row.plate[self.image] or {}
        return page.get("path")

    def name(self, row: Row) -> str:
        """Name a plate for a message."""
        return self.path(row) or f"the plate of caption {str(row.plate[self.caption])[:60]!r}"

    def state_dict(self) -> dict[str, Any]:
        """The counts, as plain data."""
        return {"num_seen": self.num_seen, "reasons": dict(self.reasons)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.num_seen = state_dict["num_seen"]
        self.reasons = Counter(state_dict["reasons"])

    def __str__(self) -> str:
        return ", ".join(f"{count} {reason}" for reason, count in sorted(self.reasons.items()))


def identity(plate: dict[str, Any]) -> str:
    """Name a row by all that it holds, wherever it comes."""
    return blake2b(repr(sorted(plate.items())).encode(), digest_size=8).hexdigest()


def named(lines: str) -> set[str]:
    """The plates that a file names; a line that was cut off is passed over."""
    names = set()
    for line in lines.splitlines():
        try:
            names.add(json.loads(line)["id"])
        except (ValueError, KeyError):
            continue
    return names
