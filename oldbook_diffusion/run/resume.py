"""Resume: which checkpoint a run starts from."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jsonargparse import Namespace

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.fingerprint import difference, plain
from oldbook_diffusion.run.checkpoint_io import check_there, read_checkpoint
from oldbook_diffusion.run.folder import RunFolder

log = logging.getLogger(__name__)

LAST, AUTO = "last", "auto"


def logger_arguments(logger: Any) -> Namespace | None:
    """The arguments of a run's logger, or of the first where there are several."""
    first = logger[0] if isinstance(logger, list) and logger else logger
    arguments = first.get("init_args") if isinstance(first, Namespace) else None
    return arguments if arguments is not None and arguments.get("save_dir") else None


def folder_of(logger: Namespace) -> Path:
    """The folder of all runs of a name."""
    return Path(logger.save_dir, logger.get("name") or "")


def find_checkpoint(
    ckpt_path: str, logger: Namespace | None, model: Mapping[str, Any]
) -> Path | None:
    """What `--ckpt_path` means: a file, a run's folder, `last`, or `auto`.

    Args:
        ckpt_path: A file; a run's folder for its newest checkpoint of this model, or else of any;
            `last` for the newest of the runs of this name; `auto` for the same, or a new run.
        logger: Its arguments say where runs are kept, or which one where they name a version.
        model: The config of the model.

    Raises:
        OldBookError: There is no such checkpoint.
    """
    if ckpt_path not in (LAST, AUTO):
        return named_checkpoint(ckpt_path, model)
    if logger is None:
        raise OldBookError(
            f"--ckpt_path {ckpt_path} cannot know the runs' folder, since trainer.logger names "
            "none: give the folder of the run to resume"
        )
    newest = newest_checkpoint(versions(logger), wanted(model))
    if newest is None and ckpt_path == LAST:
        raise OldBookError(
            f"there is no run to resume: no whole checkpoint under {folder_of(logger)}; "
            "start one without --ckpt_path, or give the path of a checkpoint"
        )
    if newest is None:
        log.warning("there is no run to resume under %s: a new one starts", folder_of(logger))
    return newest


def named_checkpoint(ckpt_path: str, model: Mapping[str, Any]) -> Path:
    """A checkpoint that is named, by its file or by the folder of its run.

    Raises:
        OldBookError: There is none.
    """
    path = Path(ckpt_path)
    if not path.is_dir():
        check_there(ckpt_path)  # which may be an address
        return path
    newest = newest_checkpoint([path], wanted(model))
    if newest is None:
        raise OldBookError(f"there is no whole checkpoint in {path}: give the folder of a run")
    return newest


def versions(logger: Namespace) -> Iterable[Path]:
    """The folders of the runs of a name, or of the one that the config names."""
    version = logger.get("version")
    if version is None:
        return folder_of(logger).glob("*")
    return [folder_of(logger) / (version if isinstance(version, str) else f"version_{version}")]


def next_version(runs: Path) -> Path:
    """The folder of the next run among runs of a name."""
    numbers = [RunFolder(run).version for run in runs.glob("version_*")]
    return runs / f"version_{max(numbers, default=-1) + 1}"


def resume_in_run(logger: Namespace | None, checkpoint: Path, ckpt_path: str) -> Namespace | None:
    """Resume in the run of a checkpoint; a version that was reserved is released.

    Not where a mere file was asked for, nor where the config names a version, nor in a run that
    lies elsewhere: these start a run of their own.
    """
    run = RunFolder.of_checkpoint(checkpoint).path
    a_file = ckpt_path not in (LAST, AUTO) and not Path(ckpt_path).is_dir()
    if logger is None or a_file or logger.get("version") is not None:
        return None
    if run.parent != folder_of(logger).resolve():
        return None
    logger.version = run.name
    return logger


def check_resumed(folder: RunFolder, checkpoint: str | Path | None) -> None:
    """Refuse to write into the folder of a run that is not resumed.

    Raises:
        OldBookError: The folder has checkpoints, and the run starts from none of them.
    """
    files = folder.checkpoint_files
    elsewhere = checkpoint is None or RunFolder.of_checkpoint(Path(checkpoint)) != RunFolder(
        folder.path.resolve()
    )
    if files and elsewhere:
        raise OldBookError(
            f"{folder.path} holds a run: resume it with --ckpt_path {folder.path}, or have the "
            "new one written elsewhere, without trainer.logger.init_args.version or with another "
            "save_dir"
        )


def wanted(model: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in a config of the parts that a checkpoint depends on, by their keys in it."""
    named: dict[str, Any] = {}
    for part in ("method", "objective"):
        content = model.get(part) or {}
        arguments = content.get("init_args") or {}
        named |= {f"{part}.init_args.{key}": plain(value) for key, value in arguments.items()}
        if "class_path" in content:
            named[f"{part}.class_path"] = content["class_path"].split(".")[-1]
    return named


def newest_checkpoint(runs: Iterable[Path], model: Mapping[str, Any]) -> Path | None:
    """The last step of the run that was trained last; warn which, and what is skipped, and why."""
    folders = sorted(map(RunFolder, runs), key=lambda run: (run.started, run.version), reverse=True)
    whole = None
    # by their steps: a clock set back, or a copy, gives files any time
    for file in (file for run in folders for file in reversed(run.checkpoint_files)):
        try:
            then = read_checkpoint(file).get("model", {})
        except OldBookError as reason:
            log.warning("skipped: %s", reason)
            continue
        whole = whole or file
        if not (other := difference(then, model)):
            log.warning("resuming from %s", file)
            return file
        log.warning("skipped: %s is of another model, %s", file, other)
    return whole  # it is refused by name when it is loaded
