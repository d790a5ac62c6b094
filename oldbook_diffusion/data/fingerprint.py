"""Fingerprint of a dataset and of a run's use of it, to notice a change when it is resumed."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from oldbook_diffusion.data.listing import File
from oldbook_diffusion.fingerprint import check_unchanged

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


def fingerprint_of(files: Iterable[File]) -> str:
    """Hash the names and sizes of files, wherever their folder lies."""
    seen = sorted((file.name, file.size) for file in files)
    digest = blake2b(repr(seen).encode(), digest_size=8).hexdigest()
    return f"{len(seen)} files of {sum(size for _, size in seen)} bytes, {digest}"
