"""Files that outlast a power cut: flushed to the disk, and their names too."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def flush(file: IO[bytes]) -> None:
    """Get what was written onto the disk."""
    file.flush()
    os.fsync(file.fileno())


def put_in_place(draft: Path, goal: Path) -> None:
    """Give a flushed draft its name, at once and for good; a rename alone may be lost."""
    draft.replace(goal)
    folder = os.open(goal.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def replacing(goal: Path) -> Iterator[Path]:
    """A draft beside a file, which takes the file's place once it is written whole.

    It is flushed to the disk before it is renamed, and anybody may read it: safetensors makes
    files that nobody but their owner may. Where writing fails, the file stays as it was.
    """
    goal.parent.mkdir(parents=True, exist_ok=True)
    draft = goal.with_name(f".{goal.name}.tmp")
    try:
        yield draft
        draft.chmod(0o644)
        with draft.open("rb+") as file:
            flush(file)
        put_in_place(draft, goal)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
