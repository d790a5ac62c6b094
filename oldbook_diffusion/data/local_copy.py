"""The local copy of a dataset on the hub: its columns, kept once they have been read."""

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
from filelock import FileLock
from jsonargparse.typing import PositiveFloat

from oldbook_diffusion.durable import DRAFT, replacing, write_shared

log = logging.getLogger(__name__)

DEFAULT = Path("~/.cache/oldbook_diffusion/datasets")
TABLE = ".arrow"


@dataclass(frozen=True)
class LocalCopy:
    """Where the columns of a dataset on the hub are kept, so that none is fetched twice.

    Attributes:
        folder: Folder that several runs may share; `$OLDBOOK_CACHE` moves the default.
        max_gb: Maximum size of the folder, in gigabytes. Other datasets are removed to make room,
            the one that was used longest ago first; what still has no room is fetched each time.
    """

    folder: Path = DEFAULT
    max_gb: PositiveFloat = 20.0

    @property
    def path(self) -> Path:
        """The folder on this machine."""
        moved = os.environ.get("OLDBOOK_CACHE") if self.folder == DEFAULT else None
        return (Path(moved) / DEFAULT.name if moved else self.folder).expanduser()


class Tables:
    """The tables of one dataset at one commit, kept where there is room.

    Args:
        copy: Where they are kept; nowhere when null.
        name: The dataset and its commit, as the name of a folder.
    """

    def __init__(self, copy: LocalCopy | None, name: str) -> None:
        self.folder: Path | None = copy.path / name if copy else None
        self.max_bytes = copy.max_gb * 1e9 if copy else 0.0

    def has(self, name: str) -> bool:
        """Whether a table is kept."""
        return self.folder is not None and (self.folder / f"{name}{TABLE}").exists()

    def get(self, name: str, fetch: Callable[[], pa.Table]) -> pa.Table:
        """A table, fetched where it is not kept.

        Args:
            name: Its name below the folder.
            fetch: Fetches it.
        """
        with self.locked(name):  # processes of one run ask for the same
            if self.folder is None:
                return fetch()
            file = self.folder / f"{name}{TABLE}"
            kept = load(file)
            if kept is None:
                kept = fetch()
                self.keep(kept, file)
            return kept

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Let one process at a time ask for a table; where no file can be written, all may."""
        lock = None
        if self.folder is not None:
            try:
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                lock = FileLock(self.folder / f"{name}.taken")
                lock.acquire()
            except OSError as error:
                lock = None
                self.give_up(error)
        try:
            yield
        finally:
            if lock is not None:
                lock.release()

    def keep(self, table: pa.Table, file: Path) -> None:
        """Write a table where there is room."""
        try:
            if not self.make_room(table.nbytes):
                log.warning("data.stream.local_copy is full: raise its max_gb")
                self.folder = None
                return
            with replacing(file, file.with_name(f".{uuid4().hex}{DRAFT}"), flushed=False) as draft:
                write(table, draft)
        except OSError as error:
            self.give_up(error)

    def make_room(self, size: int) -> bool:
        """Remove other datasets until there is room; false where there is none even then."""
        assert self.folder is not None
        datasets = sorted(self.folder.parent.glob("*/"), key=lambda folder: folder.stat().st_mtime)
        others = [folder for folder in datasets if folder != self.folder]
        while (full := used(self.folder.parent) + size > self.max_bytes) and others:
            shutil.rmtree(others.pop(0), ignore_errors=True)
        return not full

    def give_up(self, error: OSError) -> None:
        """Go on without keeping anything."""
        log.warning("data.stream.local_copy keeps nothing: %s", error)
        self.folder = None


def used(folder: Path) -> int:
    """Bytes of all tables below a folder."""
    return sum(file.stat().st_size for file in folder.rglob(f"*{TABLE}"))


def load(file: Path) -> pa.Table | None:
    """A table as it is kept; null where there is none, or a truncated one."""
    try:
        with pa.memory_map(str(file)) as source:
            return pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowInvalid):
        return None


def write(table: pa.Table, file: Path) -> None:
    """Write a table as an Arrow file, which is read without being copied."""
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def recall(copy: LocalCopy | None, name: str) -> dict[str, str] | None:
    """The files that a name of a dataset last stood for, and their hashes."""
    with contextlib.suppress(OSError, ValueError):
        if copy is not None:
            return dict(json.loads((copy.path / f"{name}.json").read_text()))
    return None


def remember(copy: LocalCopy | None, name: str, files: dict[str, str]) -> None:
    """Keep what a name of a dataset stands for, to go on without the hub."""
    with contextlib.suppress(OSError):
        if copy is not None:
            write_shared(copy.path / f"{name}.json", json.dumps(files).encode())
