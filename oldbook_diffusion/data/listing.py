"""Listing of a local dataset: which files of a folder are images, captions or containers.

The files are listed here and not by `datasets`, which chooses splits by the names of images.
"""

import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from oldbook_diffusion.errors import OldBookError

IMAGES = frozenset((
    *(".apng", ".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".jpx", ".mpo"),
    *(".pbm", ".pcx", ".pgm", ".png", ".pnm", ".ppm", ".qoi", ".tga", ".tif", ".tiff", ".webp"),
))  # fmt: skip
METADATA = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
SIDECARS = (".txt", ".caption")
SPLITS = {  # words for a split, as the hub reads them
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
WORD = re.compile(r"[-._ ]|\d+")
ARCHIVE = "zip://{member}::{archive}"  # as fsspec opens it


@dataclass(frozen=True)
class File:
    """A file of the dataset.

    Attributes:
        name: Its path below the dataset's folder, or below that and its archive.
        path: Where it is opened.
        size: Its bytes.
    """

    name: str
    path: str
    size: int

    @property
    def suffix(self) -> str:
        """Its ending, in lower case."""
        return Path(self.name).suffix.lower()

    @property
    def stem(self) -> str:
        """Its name without the ending."""
        return str(Path(self.name).with_suffix(""))

    @property
    def is_metadata(self) -> bool:
        """Whether it is a table about images beside it."""
        return Path(self.name).name.lower() in METADATA


@dataclass(frozen=True)
class Listing:
    """All files of a local dataset, sorted by name; hidden ones are left out.

    Attributes:
        root: Its folder, or its one file.
        files: The files outside of archives.
    """

    root: Path
    files: tuple[File, ...]

    def ending(self, *suffixes: str) -> list[File]:
        """The files with one of these endings, but for the tables about images."""
        return [file for file in self.files if file.suffix in suffixes and not file.is_metadata]

    @cached_property
    def loose_images(self) -> list[File]:
        """The images that lie in no archive."""
        return self.ending(*IMAGES)

    @cached_property
    def archived(self) -> list[File]:
        """The files in zip archives, which count as folders.

        Raises:
            OldBookError: One is damaged.
        """
        return [file for archive in self.ending(".zip") for file in members(archive)]

    @cached_property
    def tables(self) -> list[File]:
        """The tables about images."""
        return [file for file in self.files if file.is_metadata]

    @cached_property
    def captioned(self) -> bool:
        """Whether a table, or a text file of an image's name, lies beside the loose images."""
        texts = {file.stem for file in self.ending(*SIDECARS)}
        return bool(self.tables) or any(image.stem in texts for image in self.loose_images)


def list_files(path: str) -> Listing:
    """List a local folder, or one file."""
    root = Path(path)
    found = [root] if root.is_file() else sorted(visible(root))
    above = root.parent if root.is_file() else root
    return Listing(
        root,
        tuple(File(str(f.relative_to(above).as_posix()), str(f), f.stat().st_size) for f in found),
    )


def visible(folder: Path) -> Iterator[Path]:
    """The files below a folder, but for those that systems and caches keep to themselves."""
    for file in folder.rglob("*"):
        if not hidden(file.relative_to(folder).parts) and file.is_file():
            yield file


def hidden(parts: Iterable[str]) -> bool:
    """Whether a path has a part that starts with a dot or two underscores."""
    return any(part.startswith((".", "__")) for part in parts)


def members(archive: File) -> list[File]:
    """The files in a zip archive, sorted, named below it.

    Raises:
        OldBookError: It is damaged.
    """
    try:
        with zipfile.ZipFile(archive.path) as content:
            inside = [info for info in content.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise OldBookError(f"{archive.path} is damaged ({error}): fix or remove it") from error
    files = [
        File(
            f"{archive.name}/{info.filename}",
            ARCHIVE.format(member=info.filename, archive=Path(archive.path).absolute()),
            info.file_size,
        )
        for info in inside
        if not hidden(Path(info.filename).parts)
    ]
    return sorted(files, key=lambda file: file.name)


def name_below(root: Path, path: str) -> str:
    """The name of a file below the dataset's folder, in an archive too, wherever that lies."""
    member, _, archive = path.removeprefix("zip://").partition("::")
    below = os.path.relpath(root / (archive or member), root)
    return f"{below}/{member}" if archive else Path(below).as_posix()


def files_of_split(path: str, files: list[File], split: str) -> list[File]:
    """The files of a split, by their names as on the hub; all where no name tells.

    Args:
        path: The dataset's path, for messages.
        files: Files that hold many images.
        split: Such as `train`.

    Raises:
        OldBookError: There are none.
    """
    told = {file: split_of(file.name) for file in files}
    splits = sorted(set(filter(None, told.values()))) or ["train"]
    if split not in splits:
        raise OldBookError(
            f"{path} has no split {split!r}; it has {', '.join(splits)}: name one with "
            "data.stream.split"
        )
    return [file for file in files if told[file] == split] or files


def split_of(name: str) -> str | None:
    """The split that the name of a file of many images tells, its own name before its folders'."""
    for part in reversed(name.split("/")):
        for word in WORD.split(part.lower()):
            if word in SPLITS:
                return SPLITS[word]
    return None
