"""Files that outlast a power cut: flushed to the disk, and their names too."""

import os
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
