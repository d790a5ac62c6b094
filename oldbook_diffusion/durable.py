"""Files that survive a power cut: written atomically: to a draft, flushed, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

DRAFT = ".draft"  # suffix of a file that several processes may be writing


@contextmanager
def replacing(path: Path, draft: Path | None = None, flushed: bool = True) -> Iterator[Path]:
    """A draft beside a file, which takes the file's place once it is written whole.

    Anybody may read it: safetensors makes files that nobody but their owner may. Where writing
    fails, the file stays as it was.

    Args:
        path: The file; its folder is made where there is none.
        draft: The draft; one of a fixed name when null, so that a killed run leaves at most one.
        flushed: Whether it must survive a power cut.
    """
    if draft is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.tmp")
    try:
        yield draft
        draft.chmod(0o644)
        if flushed:
            flush_and_rename(draft, path)
        else:
            draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_shared(path: Path, content: bytes) -> None:
    """Write a file that other processes may be writing too.

    Raises:
        OSError: It cannot be written, or its folder is gone; what was there before is left.
    """
    with replacing(path, path.with_name(f".{uuid4().hex}{DRAFT}")) as draft:
        draft.write_bytes(content)


def flush_and_rename(draft: Path, path: Path) -> None:
    """Rename a draft, with both flushed to the disk: a rename alone may be lost."""
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
