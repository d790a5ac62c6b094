"""Which checkpoint a run goes on from."""

import logging
from pathlib import Path

from oldbook_diffusion.callbacks.checkpoint_file import check_there, read_checkpoint
from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)

LAST, AUTO = "last", "auto"


def find_checkpoint(ckpt_path: str, runs: Path) -> Path | None:
    """What `--ckpt_path` means among the runs of a folder: a file, `last`, or `auto`.

    Args:
        ckpt_path: A file; `last` for the newest checkpoint that is whole; `auto` for the same, or
            a new run where there is none.
        runs: The folder of the runs.

    Raises:
        OldBookError: There is no such checkpoint.
    """
    if ckpt_path not in (LAST, AUTO):
        check_there(ckpt_path)
        return Path(ckpt_path)
    newest = newest_whole_checkpoint(runs)
    if newest is None and ckpt_path == LAST:
        raise OldBookError(
            f"there is no run to go on with: no whole checkpoint under {runs}; "
            "start one without --ckpt_path, or give the path of a checkpoint"
        )
    if newest is None:
        log.warning("there is no run to go on with under %s: a new one starts", runs)
    return newest


def newest_whole_checkpoint(runs: Path) -> Path | None:
    """The checkpoint that was written last and can be read; say which, and what is passed over."""
    files = [file for file in runs.glob("*/checkpoints/*.ckpt") if not file.is_symlink()]
    for file in sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True):
        try:
            read_checkpoint(file)
        except OldBookError as reason:
            log.warning("passed over: %s", reason)
            continue
        log.warning("going on from %s", file)
        return file
    return None
