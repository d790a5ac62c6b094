"""DurableCheckpointIO: checkpoints are written atomically and verified; URLs are refused."""

import os
import re
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from oldbook_diffusion.durable import replacing
from oldbook_diffusion.errors import OldBookError


class DurableCheckpointIO(TorchCheckpointIO):
    """Writes files atomically, and never runs code that a file contains.

    Lightning writes to the temporary folder and moves: from another filesystem that is a copy,
    and a full disk or a kill leaves half a file where a good one was.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write to a draft, flush, read it again, rename.

        Raises:
            OldBookError: The disk is full, or gives back something else than was written.
        """
        try:
            with replacing(Path(path)) as draft:
                with draft.open("wb") as file:
                    torch.save(checkpoint, file)
                read_checkpoint(draft)
        except (OSError, RuntimeError, OldBookError) as error:  # RuntimeError: torch's full disk
            raise OldBookError(
                f"cannot write the checkpoint {path} ({error}); the earlier ones are untouched: "
                "free disk space and resume with --ckpt_path last"
            ) from error

    def load_checkpoint(
        self, path: str | os.PathLike[str], map_location: Any = None, weights_only: Any = None
    ) -> dict[str, Any]:
        """Read tensors and plain data, whatever Lightning would read."""
        return read_checkpoint(path, map_location)


def read_checkpoint(path: str | os.PathLike[str], map_location: Any = None) -> dict[str, Any]:
    """Read a file of tensors and plain data, and check every byte of it.

    Raises:
        OldBookError: It is elsewhere, not there, damaged, or more than tensors and plain data.
    """
    check_there(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if spoilt := archive.testzip():  # torch does not compare the checksums
                raise zipfile.BadZipFile(spoilt)
        return torch.load(path, map_location=map_location or "cpu", weights_only=True)
    except Exception as error:  # a damaged file raises nearly every kind
        raise OldBookError(
            f"the checkpoint {path} is damaged, or holds more than tensors and plain data; "
            "take an earlier one"
        ) from error


def check_there(path: str | os.PathLike[str]) -> None:
    """Refuse what is no file on this machine, before anything is fetched.

    Raises:
        OldBookError: It is an address, or there is no such file.
    """
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(path), re.IGNORECASE):
        raise OldBookError(
            f"a checkpoint is not fetched from an address ({path}): download it from a source "
            "that you trust and give the path of the file"
        )
    if not Path(path).is_file():
        raise OldBookError(f"there is no checkpoint {path}")
