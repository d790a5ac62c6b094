"""Viewers of blind tests: what they have seen, beside the encoder's word on the same samples."""

from typing import Any

from oldbook_diffusion.metrics.catalogue import RECALL
from oldbook_diffusion.report.records import Run
from oldbook_diffusion.report.table import decimal

APART = 0.15  # difference of the shares above which people and encoder disagree


def viewers(run: Run) -> dict[str, Any]:
    """The table of a run's blind tests and its sentences; empty where there are none."""
    found = run.folder.read_blind_result()
    try:
        return summarize(run, found) if found else {}
    except (KeyError, TypeError, ValueError, AttributeError):
        return run.damaged(run.folder.blind_result)


def summarize(run: Run, found: dict[str, Any]) -> dict[str, Any]:
    """That table: a row for each checkpoint whose samples were named."""
    recalls = {x.step: x.scores.get(RECALL.tag) for x in run.checkpoints}
    mine = [one for one in found["naming"] if one["contestant"].startswith(f"{run.name} ")]
    rows = [(one, recalls.get(one["step"])) for one in mine]
    return {
        "rows": [
            {
                "step": one["step"] or "base",
                "matched": ", ".join(one["matched"]),
                "share": interval(one),
                "encoder": "\N{EN DASH}" if recall is None else decimal(recall),
                "missed": ", ".join(one["missed"]) or "none",
            }
            for one, recall in rows
        ],
        "disagreements": [
            f"At step {one['step'] or 0} people and the encoder disagree: they match "
            f"{decimal(one['share'])} of the prompts, and it {decimal(recall)}. Believe the people."
            for one, recall in rows
            if recall is not None and abs(one["share"] - recall) > APART
        ],
        "comparisons": [
            f"{one['preferred']} {one['question']} than {one['to']} for {interval(one)} of "
            f"{one['prompts']} prompts."
            for one in found["comparisons"]
        ],
        "viewers": len([one for one in found["viewers"] if one["counted"]]),
        "apart": [one["viewer"] for one in found["viewers"] if not one["counted"]],
    }


def interval(one: dict[str, Any]) -> str:
    """A share with its interval."""
    ends = f"{decimal(one['share_lower'])} to {decimal(one['share_upper'])}"
    return f"{decimal(one['share'])} ({ends})"
