"""Fingerprint of a dataset and of a run's use of it, to notice a change when it is resumed."""

import re
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from oldbook_diffusion.fingerprint import check_unchanged

COMMIT = re.compile(r"hf://datasets/[^@]+@([0-9a-f]{40})/")
FIX = "set it back, or set data.stream.allow_changes to true and lose the exact resume"


def check_resumes(
    state_dict: Mapping[str, Any], order: Mapping[str, Any], steps: Mapping[str, Any]
) -> None:
    """Refuse to resume from a checkpoint with other data, or with other optimizer steps.

    Args:
        state_dict: The datamodule's state in the checkpoint.
        order: All that the order of the plates depends on now, by name.
        steps: All that a step depends on besides.

    Raises:
        OldBookError: It names what has changed, and how to allow it.
    """
    check_unchanged("data", state_dict["order"], order, FIX)
    check_unchanged("the steps", state_dict.get("batches", {}), steps, FIX)


def hub_commit(files: list[str]) -> str | None:
    """The one commit of the hub that all files are of; null where there is none."""
    found = {match[1] for file in files if (match := COMMIT.match(file))}
    return f"commit {found.pop()}" if len(found) == 1 else None


def local_contents(path: Path, suffix: str) -> str:
    """Hash the names and sizes of a folder's files, or of one file, wherever they lie."""
    root = path.parent if path.is_file() else path
    files = [path] if path.is_file() else path.glob(f"**/*{suffix}")
    sizes = {str(file.relative_to(root)): file.stat().st_size for file in files if file.is_file()}
    seen = sorted((name, size) for name, size in sizes.items() if "/." not in f"/{name}")
    digest = blake2b(repr(seen).encode(), digest_size=8).hexdigest()
    return f"{len(seen)} files of {sum(size for _, size in seen)} bytes, {digest}"
