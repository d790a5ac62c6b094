"""The local copy of a dataset on the hub: its columns, kept once they have been read."""

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
from filelock import FileLock
from jsonargparse.typing import PositiveFloat

from oldbook_diffusion.durable import replacing, write_shared

log = logging.getLogger(__name__)

DEFAULT = Path("~/.cache/oldbook_diffusion/datasets")
TABLE = ".arrow"
OVERHEAD = 4096  # bytes of a file beside its columns, at most
HASH = 16  # characters of a hash that tell files apart


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
    """The tables of some files of the hub, kept where there is room.

    Each lies in a folder that is named by the hash of its file, so that it is fetched once,
    whatever else changes in the repository.

    Args:
        copy: Where they are kept; nowhere when null.
        repository: Name of the dataset.
        hashes: Those of the files, by the files' names.
    """

    def __init__(self, copy: LocalCopy | None, repository: str, hashes: dict[str, str]) -> None:
        self.root = copy.path if copy else None
        self.max_bytes = copy.max_gb * 1e9 if copy else 0.0
        self.full = False
        self.folders = {
            name: copy.path / quote(repository, safe="") / told[:HASH] if copy else None
            for name, told in hashes.items()
        }
        for folder in filter(None, self.folders.values()):
            with contextlib.suppress(OSError):
                os.utime(folder)

    def place(self, file: str, name: str) -> Path | None:
        """Where a table of a file is kept; null where nothing is."""
        folder = self.folders[file] if self.root else None
        return folder and folder / f"{name}{TABLE}"

    def has(self, file: str, name: str) -> bool:
        """Whether a table of a file is kept."""
        place = self.place(file, name)
        return place is not None and place.exists()

    def get(self, file: str, name: str, fetch: Callable[[], pa.Table]) -> pa.Table:
        """A table of a file, fetched where it is not kept.

        Args:
            file: The file on the hub.
            name: The table's name.
            fetch: Fetches it.
        """
        with self.locked(self.place(file, name)) as place:  # processes of a run ask for the same
            kept = place and load(place)
            if kept is not None:
                return kept
            table = fetch()
            if place is not None:
                self.keep(table, place)
            return table

    @contextlib.contextmanager
    def locked(self, place: Path | None) -> Iterator[Path | None]:
        """Let one process at a time ask for a table; where no file can be written, all may."""
        lock = None
        if place is not None:
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                lock = FileLock(place.with_suffix(".taken"))
                lock.acquire()
            except OSError as error:
                lock = place = None
                self.give_up(error)
        try:
            yield place
        finally:
            if lock is not None:
                lock.release()

    def keep(self, table: pa.Table, place: Path) -> None:
        """Write a table where there is room."""
        try:
            if self.make_room(table.nbytes + OVERHEAD):
                with replacing(place, flushed=False) as draft:
                    write(table, draft)
            elif not self.full:
                log.warning("data.stream.local_copy is full: raise its max_gb")
                self.full = True
        except OSError as error:
            self.give_up(error)

    def make_room(self, size: int) -> bool:
        """Remove tables of other files until there is room; false where there is none even then."""
        assert self.root is not None
        folders = sorted(self.root.glob("*/*/"), key=lambda folder: folder.stat().st_mtime)
        others = [folder for folder in folders if folder not in self.folders.values()]
        while (full := used(self.root) + size > self.max_bytes) and others:
            shutil.rmtree(others.pop(0), ignore_errors=True)
        return not full

    def give_up(self, error: OSError) -> None:
        """Go on without keeping anything."""
        log.warning("data.stream.local_copy keeps nothing: %s", error)
        self.root = None


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
