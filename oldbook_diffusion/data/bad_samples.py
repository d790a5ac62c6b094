"""Bad samples: counted, warned of once, and written to a file of the run."""

import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any

from oldbook_diffusion.data.sampler import Row
from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)


ENLARGED = "smaller than data.resolution, and is enlarged"


class Reason(StrEnum):
    """Why a plate is a bad sample."""

    EMPTY = "empty file"
    UNREADABLE = "unreadable"
    OUTSIDE = "not below data.path"
    CORRUPT = "corrupt or truncated"
    OVERSIZED = "oversized"
    TOO_SMALL = "too small"
    NO_CAPTION = "no caption"


class BadSampleError(Exception):
    """A plate that cannot be used.

    Args:
        reason: The kind of defect.
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
    """One line of the file of bad samples.

    Attributes:
        plate: The image's file, where it has a name.
        id: Hash of all that the row holds, so that no row is written twice.
        reason: The kind of defect.
        detail: Its particulars.
        epoch: The epoch in which it came, from 0.
        row: Its position in that epoch, from 0.
        caption: Its caption, whatever it is.
        replaced_by: The plate that replaces it; null where plates are only evaluated.
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
class BadSamples:
    """Counts of bad samples.

    Attributes:
        max_fraction: The largest fraction of bad samples that a run accepts.
        image: The column of the image.
        caption: The column of the caption; null where there is none.
        trains_on: Whether a plate comes in training, and not only in evaluation.
        file: Where bad samples are written, a line each; nowhere when null.
        num_seen: Visits to plates so far.
        num_enlarged: Those of them to plates that are smaller than the squares.
        reasons: Visits to bad samples so far, by reason.
        reported: Reasons that were warned of, and ids that were written.
    """

    max_fraction: float
    image: str
    caption: str | None
    trains_on: Callable[[dict[str, Any]], bool]
    file: Path | None = None
    num_seen: int = 0
    num_enlarged: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    reported: set[str] = field(default_factory=set)

    def count(self, row: Row, bad: BadSampleError | None, enlarged: bool = False) -> None:
        """Count a visit, and tell of the first enlarged plate; stop at too many bad ones.

        Raises:
            OldBookError: The fraction of bad samples is too large.
        """
        self.num_seen += 1
        self.num_enlarged += enlarged
        if enlarged and ENLARGED not in self.reported:
            self.reported.add(ENLARGED)
            log.warning("%s is %s", self.name(row), ENLARGED)
        if bad is None:
            return
        self.reasons[bad.reason.value] += 1
        # a fraction of fewer than 100 plates says little
        if self.reasons.total() > self.max_fraction * max(self.num_seen, 100):
            raise OldBookError(
                f"{self.reasons.total()} of {self.num_seen} samples are bad "
                f"({self}), the last being {self.name(row)}; fix the dataset or raise "
                f"data.images.max_bad_fraction above {self.max_fraction}"
            )

    def report(self, row: Row, bad: BadSampleError, replacement: Row | None) -> None:
        """Warn of the first bad sample of each kind; write each to the file once."""
        if bad.reason not in self.reported:
            log.warning("cannot use %s: %s", self.name(row), bad)
            self.reported.add(bad.reason)
        if replacement is None and self.trains_on(row.plate):
            return  # it is written when it is replaced
        sample = BadSample(
            plate=self.path(row),
            id=hash_of(row.plate),
            reason=bad.reason.value,
            detail=bad.detail,
            epoch=row.position.epoch,
            row=row.position.row,
            caption=self.words(row),
            replaced_by=self.name(replacement) if replacement else None,
        )
        self.write(sample)

    def write(self, sample: BadSample) -> None:
        """Add a line to the file, unless this or an earlier process has."""
        if self.file is None or sample.id in self.reported:
            return
        self.reported.add(sample.id)
        try:
            written = self.file.read_text() if self.file.exists() else ""
            if sample.id not in ids_of(written):
                start = "" if written == "" or written.endswith("\n") else "\n"
                line = json.dumps(asdict(sample), ensure_ascii=False)
                with self.file.open("a") as file:
                    file.write(f"{start}{line}\n")
        except OSError as error:
            log.warning("%s cannot be written to (%s)", self.file, error.strerror)
            self.file = None

    def path(self, row: Row) -> str | None:
        """The file of an image, where it has a name."""
        image: dict[str, Any] = row.plate[self.image] or {}
        return image.get("path")

    def name(self, row: Row) -> str:
        """Name a plate for a message."""
        return self.path(row) or f"the plate of caption {self.words(row)[:60]!r}"

    def words(self, row: Row) -> str:
        """The caption of a plate, whatever it is."""
        return str(row.plate[self.caption]) if self.caption else ""

    def state_dict(self) -> dict[str, Any]:
        """The counts, as plain data."""
        counts = {"num_seen": self.num_seen, "num_enlarged": self.num_enlarged}
        return {**counts, "reasons": dict(self.reasons)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue counting."""
        self.num_seen = state_dict["num_seen"]
        self.num_enlarged = state_dict.get("num_enlarged", 0)
        self.reasons = Counter(state_dict["reasons"])

    def __str__(self) -> str:
        return ", ".join(f"{count} {reason}" for reason, count in sorted(self.reasons.items()))


def hash_of(plate: dict[str, Any]) -> str:
    """Hash all that a row holds."""
    return blake2b(repr(sorted(plate.items())).encode(), digest_size=8).hexdigest()


def ids_of(lines: str) -> set[str]:
    """The ids in a file of bad samples; a truncated line is skipped."""
    ids = set()
    for line in lines.splitlines():
        try:
            ids.add(json.loads(line)["id"])
        except (ValueError, KeyError):
            continue
    return ids
