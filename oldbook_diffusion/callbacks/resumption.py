"""Which checkpoint a run goes on from."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oldbook_diffusion.callbacks.checkpoint_file import check_there, read_checkpoint
from oldbook_diffusion.continuity import difference, plain
from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)

LAST, AUTO = "last", "auto"


def find_checkpoint(ckpt_path: str, runs: Path, model: Mapping[str, Any]) -> Path | None:
    """What `--ckpt_path` means among the runs of a folder: a file, `last`, or `auto`.

    Args:
        ckpt_path: A file; `last` for the newest checkpoint that is whole and was made with this
            model, or that is whole, where none was; `auto` for the same, or a new run where there
            is none.
        runs: The folder of the runs.
        model: The config of the model.

    Raises:
        OldBookError: There is no such checkpoint.
    """
    if ckpt_path not in (LAST, AUTO):
        check_there(ckpt_path)
        return Path(ckpt_path)
    newest = newest_checkpoint(runs, wanted(model))
    if newest is None and ckpt_path == LAST:
        raise OldBookError(
            f"there is no run to go on with: no whole checkpoint under {runs}; "
            "start one without --ckpt_path, or give the path of a checkpoint"
        )
    if newest is None:
        log.warning("there is no run to go on with under %s: a new one starts", runs)
    return newest


def wanted(model: Mapping[str, Any]) -> dict[str, Any]:
    """What a config says of the parts that a checkpoint depends on, by their keys in it."""
    named: dict[str, Any] = {}
    for part in ("adapter", "loss"):
        content = model.get(part) or {}
        arguments = content.get("init_args") or {}
        named |= {f"{part}.init_args.{key}": plain(value) for key, value in arguments.items()}
        if "class_path" in content:
            named[f"{part}.class_path"] = content["class_path"].split(".")[-1]
    return named


def newest_checkpoint(runs: Path, model: Mapping[str, Any]) -> Path | None:
    """The checkpoint to go on from; say which, and what is passed over, and why."""
    files = [file for file in runs.glob("*/checkpoints/*.ckpt") if not file.is_symlink()]
    whole = None
    for file in sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True):
        try:
            then = read_checkpoint(file).get("model", {})
        except OldBookError as reason:
            log.warning("passed over: %s", reason)
            continue
        whole = whole or file
        if not (other := difference(then, model)):
            log.warning("going on from %s", file)
            return file
        log.warning("passed over: %s is of another model, %s", file, other)
    return whole  # it is refused by name when it is loaded
