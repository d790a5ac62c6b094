"""The blind test as a whole: make its page, or score what viewers have answered."""

import logging
from collections.abc import Iterable
from pathlib import Path

from oldbook_diffusion.blind.answers import add_answers, sheets
from oldbook_diffusion.blind.page import page
from oldbook_diffusion.blind.plan import make_plan
from oldbook_diffusion.blind.result import result, table
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.report import report
from oldbook_diffusion.run.files import write_text
from oldbook_diffusion.run.folder import RunFolder

log = logging.getLogger(__name__)


def blind(
    runs: list[Path],
    steps: list[int] | None = None,
    answers: list[Path] | None = None,
    out: Path | None = None,
    seed: int = 0,
) -> Iterable[object]:
    """Make the page of a blind test, or score answers to one.

    Args:
        runs: Folders of runs, such as runs/nano/version_0.
        steps: Checkpoints whose samples are shown, 0 being the base model; the base model and the
            selected or last one when null.
        answers: Files that viewers have saved from the page; they are scored, and no page is made.
        out: File of the page; blind/page.html in the first run's folder when null.
        seed: Another one gives another order.
    """
    folders = [RunFolder(path) for path in runs]
    if answers is not None:
        return score(answers, folders)
    if not folders:
        raise OldBookError(
            "which run? oldbook blind runs/nano/version_0 makes the page of a blind test, and "
            "oldbook blind --answers FILE scores what a viewer has saved from it"
        )
    return [make(folders, steps, out, seed)]


def make(folders: list[RunFolder], steps: list[int] | None, out: Path | None, seed: int) -> Path:
    """Write the page into the first run, and its key into each."""
    plan = make_plan(folders, steps, seed)
    for note in plan.notes:
        log.warning("%s", note)
    for folder in folders:
        folder.write_blind_key(plan.name, plan.key)
    if out is None:
        folders[0].write_blind_page(page(plan))
    else:
        write_text(out, page(plan))
    log.info(
        "%d questions, some %d minutes; score what is saved with oldbook blind --answers FILE",
        len(plan.questions),
        max(1, len(plan.questions) // 8),
    )
    return out or folders[0].blind_page


def score(files: list[Path], folders: list[RunFolder]) -> list[str]:
    """Keep the answers in their runs, write what came of them, and tell it."""
    lines: list[str] = []
    for folder in add_answers(files, folders):
        found = result(sheets(folder))
        folder.write_blind_result(found)
        lines += [f"{folder.blind_result}", *table(found)]
        report([folder.path])
    return lines
