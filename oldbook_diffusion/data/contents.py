"""What a dataset holds, in a word, so that other data under the same name is noticed."""

import re
from hashlib import blake2b
from pathlib import Path

from datasets import IterableDataset

from oldbook_diffusion.data.entry import parquet_files
from oldbook_diffusion.data.source import suffix_of

COMMIT = re.compile(r"hf://datasets/[^@]+@([0-9a-f]{40})/")


def contents_of(path: str, stream: IterableDataset) -> str | None:
    """Name the files of a dataset without reading them; null where that cannot be had.

    Those of a folder by their names and sizes, those of the hub by their commit.
    """
    if Path(path).exists():
        return local_contents(Path(path))
    found = {match[1] for file in parquet_files(stream) if (match := COMMIT.match(file))}
    return f"commit {found.pop()}" if len(found) == 1 else None


def local_contents(path: Path) -> str:
    """Name the files of a folder, or one file, wherever they lie."""
    root = path.parent if path.is_file() else path
    files = [path] if path.is_file() else path.glob(f"**/*{suffix_of(path)}")
    sizes = {str(file.relative_to(root)): file.stat().st_size for file in files if file.is_file()}
    seen = sorted((name, size) for name, size in sizes.items() if "/." not in f"/{name}")
    digest = blake2b(repr(seen).encode(), digest_size=8).hexdigest()
    return f"{len(seen)} files of {sum(size for _, size in seen)} bytes, {digest}"
