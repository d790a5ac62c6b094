"""The cache as a config names it."""

import os
from dataclasses import dataclass
from pathlib import Path

from oldbook_diffusion.errors import OldBookError

DEFAULT = Path("~/.cache/oldbook_diffusion")


@dataclass(frozen=True)
class Cache:
    """Where the outputs of the frozen networks are kept between epochs and runs.

    Attributes:
        folder: Folder that several runs may share; `$OLDBOOK_CACHE` moves the default.
        max_gb: Maximum size of the folder, in gigabytes.
    """

    folder: Path = DEFAULT
    max_gb: float = 8.0

    def __post_init__(self) -> None:
        if self.max_gb <= 0:
            raise OldBookError(
                f"data.cache.max_gb is {self.max_gb}: set it above 0, or data.cache to null to "
                "train without a cache"
            )

    @property
    def path(self) -> Path:
        """The folder on this machine."""
        moved = os.environ.get("OLDBOOK_CACHE") if self.folder == DEFAULT else None
        return Path(moved or self.folder).expanduser()
