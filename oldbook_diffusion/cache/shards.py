"""A shard: some tensors in one safetensors file, each with its checksum."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from oldbook_diffusion.cache.layout import SHARD
from oldbook_diffusion.durable import write_shared


class DamagedShardError(Exception):
    """A shard that is not what was written."""


class Shard:
    """A shard on disk, read through a memory map.

    Args:
        file: The file.

    Raises:
        DamagedShardError: It is truncated, or its header is not what was written.
        FileNotFoundError: Somebody has removed it.
    """

    def __init__(self, file: Path) -> None:
        try:
            self.content = safe_open(file, framework="pt")
        except SafetensorError as error:
            raise DamagedShardError(str(error)) from error
        self.checksums: dict[str, str] = self.content.metadata() or {}
        if set(self.checksums) != set(self.content.keys()):
            raise DamagedShardError("its names are not those that were written")

    def read(self, name: str) -> Tensor:
        """A copy of a tensor, so that nothing keeps the map alive.

        Raises:
            DamagedShardError: It is not what was written.
        """
        value = self.content.get_tensor(name)
        if checksum(name, value) != self.checksums[name]:
            raise DamagedShardError(f"the checksum of {name} is wrong")
        return value.clone()


def write_shard(folder: Path, tensors: Mapping[str, Tensor]) -> Path:
    """Write a shard atomically, under a name that no other process uses."""
    checksums = {name: checksum(name, value) for name, value in tensors.items()}
    path = folder / f"{uuid4().hex}{SHARD}"
    write_shared(path, save(dict(tensors), checksums))
    return path


def checksum(name: str, value: Tensor) -> str:
    """Sum up a tensor's name, kind and bytes: any one flipped bit gives another sum."""
    head = zlib.crc32(f"{name} {value.dtype} {tuple(value.shape)}".encode())
    return f"{zlib.crc32(value.flatten().view(torch.uint8).numpy().data, head):08x}"
