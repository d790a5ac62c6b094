"""Layout of the cache on disk: a folder for each network, with its shards and a description."""

from pathlib import Path

ABOUT = "about.json"  # what a network is, for `oldbook cache info`
SHARD = ".safetensors"


def size_of(file: Path) -> int:
    """The size of a file in bytes, 0 where another process has just removed it."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
