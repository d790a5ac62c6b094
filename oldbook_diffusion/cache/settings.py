"""The cache as a config names it."""

import os
from dataclasses import dataclass
from pathlib import Path

from jsonargparse.typing import PositiveFloat

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
    max_gb: PositiveFloat = 8.0

    def __post_init__(self) -> None:
        if str(self.folder) in ("None", ""):  # the parser takes null for any value
            raise OldBookError(
                "data.cache.folder is null: give a folder, or set data.cache to null to have no "
                "cache"
            )

    @property
    def path(self) -> Path:
        """The folder on this machine."""
        moved = os.environ.get("OLDBOOK_CACHE") if self.folder == DEFAULT else None
        return Path(moved or self.folder).expanduser()
