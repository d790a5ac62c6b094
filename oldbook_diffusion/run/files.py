"""Atomic reading and writing of the kinds of files that a run keeps."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from oldbook_diffusion.durable import replacing
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.images import save_image


def read_json(file: Path) -> dict[str, Any]:
    """The content of a JSON file; empty where there is none, or half of one, or no mapping."""
    try:
        content: dict[str, Any] = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(file: Path, content: Mapping[str, object]) -> None:
    """Write plain data as JSON."""
    write_text(file, json.dumps(content, indent=2) + "\n")


def write_text(file: Path, content: str) -> None:
    """Write text in UTF-8."""
    write_bytes(file, content.encode())


def write_bytes(file: Path, content: bytes, flushed: bool = True) -> None:
    """Write bytes."""
    with replacing(file, flushed=flushed) as draft:
        draft.write_bytes(content)


def read_tensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        OldBookError: It is not there, or damaged.
    """
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise OldBookError(f"cannot read {file} ({error})") from error


def read_metadata(file: Path) -> dict[str, str]:
    """The metadata of a safetensors file; empty where it cannot be read."""
    try:
        with safe_open(file, "pt") as content:
            return dict(content.metadata() or {})
    except (OSError, SafetensorError):
        return {}


def write_tensors(file: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write tensors and metadata as safetensors.

    Raises:
        OSError: It cannot be written.
    """
    with replacing(file) as draft:
        try:
            save_file(tensors, draft, metadata)
        except SafetensorError as error:
            raise OSError(str(error)) from error


def write_sheet(file: Path, sheet: Image.Image) -> None:
    """Write an image as PNG; an image need not outlast a power cut."""
    with replacing(file, flushed=False) as draft:
        sheet.save(draft, "PNG")


def write_sample(file: Path, image: Tensor, metadata: Mapping[str, object]) -> None:
    """Write an image [3, H, W] in [0, 1] as PNG, with metadata as text chunks."""
    with replacing(file, flushed=False) as draft:
        save_image(image, draft, metadata)


def read_png_metadata(file: Path) -> dict[str, str] | None:
    """The text chunks of a PNG file; null where it cannot be read."""
    try:
        with Image.open(file, formats=["PNG"]) as image:
            image.load()
            return {str(name): str(value) for name, value in image.info.items()}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def is_image(file: Path) -> bool:
    """Whether a file is there and is a whole JPEG."""
    try:
        with Image.open(file, formats=["JPEG"]) as image:
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written, before anything is loaded.

    Raises:
        OldBookError: The folder cannot be written.
    """
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink(missing_ok=True)  # another process probes too
    except OSError as error:
        raise OldBookError(
            f"cannot write to the runs' folder {folder} ({error.strerror}); "
            "choose another with trainer.logger.init_args.save_dir"
        ) from error
