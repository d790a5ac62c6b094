"""Where the cache is, how large it may be, and which network a part of it belongs to."""

import json
import logging
import os
import time
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from torch import nn

from oldbook_diffusion.cache.shards import DRAFT, write_durably
from oldbook_diffusion.cache.store import Store
from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)

DEFAULT = Path("~/.cache/oldbook_diffusion")
ABOUT = "about.json"
ABANDONED = 3600.0  # seconds after which a draft has lost its writer


@dataclass(frozen=True)
class Cache:
    """Where the work of the frozen parts is kept between visits and runs.

    Attributes:
        folder: Folder that several runs may share; `$OLDBOOK_CACHE` moves the default.
        max_gb: Most that it may hold, in gigabytes.
    """

    folder: Path = DEFAULT
    max_gb: float = 8.0

    def __post_init__(self) -> None:
        if self.max_gb <= 0:
            raise OldBookError(
                f"data.cache.max_gb {self.max_gb} leaves no room: set data.cache to null to go "
                "without a cache"
            )

    @property
    def place(self) -> Path:
        """The folder on this machine."""
        moved = os.environ.get("OLDBOOK_CACHE") if self.folder == DEFAULT else None
        return Path(moved or self.folder).expanduser()

    def open(self, part: str, network: nn.Module, precision: str) -> Store | None:
        """The store of what a frozen network computes; none where the folder takes no files."""
        device = next(network.parameters()).device.type
        folder = self.place / f"{part}-{identity(network, device, precision)}"
        about = {"part": part, "precision": precision, "device": device, **origin(network)}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_durably(folder / ABOUT, json.dumps(about).encode())
            sweep(folder)
        except OSError as error:
            log.warning("there is no cache: %s cannot be written to (%s)", self.place, error)
            return None
        return Store(folder, self.max_gb * 1e9)


def origin(network: nn.Module) -> dict[str, str]:
    """What a network is called where it comes from."""
    return {"network": str(getattr(network.config, "_name_or_path", ""))}


def identity(network: nn.Module, *context: str) -> str:
    """Name all that the numbers of a network depend on, but for its input.

    Every weight counts, its precision, the network's shape, the version of torch (another one
    may round differently), and the context: the kind of device and the precision of the run.
    """
    digest = blake2b(digest_size=8)
    # diffusers' configs are mappings, those of transformers make one; names with _ are of origin
    config: Any = network.config
    config = config.to_dict() if hasattr(config, "to_dict") else config
    shape = sorted((name, str(value)) for name, value in config.items() if name[0] != "_")
    digest.update(repr((shape, torch.__version__, context)).encode())
    for name, value in network.state_dict().items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def sweep(folder: Path) -> None:
    """Remove the drafts of processes that were killed while they wrote."""
    for draft in folder.glob(f".*{DRAFT}"):
        if time.time() - draft.stat().st_mtime > ABANDONED:
            draft.unlink(missing_ok=True)
