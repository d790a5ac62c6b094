"""Validity checks of an encoder: whether it can measure this style, run before the first step.

Nothing is trained here. All inputs are known before: the base model's samples, negative controls
and hard negatives made from them, and plates. Limits are proposals, and are reported beside what
was found.
"""

from oldbook_diffusion.metrics.reference_set import ReferenceSet
from oldbook_diffusion.metrics.validity.calibration import (
    calibration,
    content,
    mixing,
    replication,
    stability,
)
from oldbook_diffusion.metrics.validity.check import Check, as_record, as_table, failed, not_run
from oldbook_diffusion.metrics.validity.separation import (
    no_overlap,
    other_styles,
    separation,
    shortcuts,
)
from oldbook_diffusion.metrics.validity.trial import MIXTURES, Trial

__all__ = [
    "MIXTURES",
    "Check",
    "Trial",
    "as_record",
    "as_table",
    "check_validity",
    "failed",
    "not_run",
]


def check_validity(references: ReferenceSet, trial: Trial) -> list[Check]:
    """Run every check."""
    return [
        no_overlap(references),
        *separation(references, trial),
        *shortcuts(references),
        *other_styles(references, trial),
        content(references),
        calibration(references),
        mixing(references, trial),
        *stability(references, trial),
        *replication(references, trial),
    ]
