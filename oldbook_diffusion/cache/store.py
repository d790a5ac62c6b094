"""A store of tensors: an index over shards that only ever grow in number."""

import contextlib
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from oldbook_diffusion.cache.layout import SHARD, size_of
from oldbook_diffusion.cache.shards import DamagedShardError, Shard, write_shard

log = logging.getLogger(__name__)

SHARD_BYTES = 8 * 2**20  # at most this much is recomputed after a kill
OPEN_SHARDS = 8


class Store:
    """Cached outputs of one frozen network, in a folder that several processes share.

    A shard is never changed once it has its name, so that readers need no lock; a process sees
    what others have written as soon as it misses something. Memory holds the names, a few mapped
    shards, and one shard that is being filled.

    Args:
        folder: The folder of the network's shards; its siblings count towards the budget.
        max_bytes: Most that all networks' shards may take on disk.
    """

    def __init__(self, folder: Path, max_bytes: float) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.index: dict[str, str] = {}  # the shard of each name
        self.shards: set[str] = set()
        self.pending: dict[str, Tensor] = {}
        self.pending_bytes = 0
        self.writable = True
        self.last_change = 0
        self.open_shard = lru_cache(OPEN_SHARDS)(Shard)

    def __reduce__(self) -> tuple[Any, ...]:
        """Open the folder again in a worker: maps do not travel."""
        return Store, (self.folder, self.max_bytes)

    def __len__(self) -> int:
        return len(self.index) + len(self.pending)

    def get(self, name: str) -> Tensor | None:
        """The tensor of a name, where it is cached and intact."""
        if name in self.pending:
            return self.pending[name]
        if name not in self.index:
            self.look_again()
        shard = self.index.get(name)
        return None if shard is None else self.read(shard, name)

    def put(self, name: str, value: Tensor) -> None:
        """Keep a tensor; it reaches the disk with the others of its shard.

        Until then it stays on its device: each copy would wait for all that a GPU has to do.
        """
        if not self.writable or name in self.pending:
            return
        self.pending[name] = value.detach()
        self.pending_bytes += value.nbytes
        if self.pending_bytes >= SHARD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits, but for what another process has written meanwhile."""
        self.look_again()
        new = {name: value for name, value in self.pending.items() if name not in self.index}
        self.pending, self.pending_bytes = {}, 0
        waiting = only_finite({name: value.cpu().contiguous() for name, value in new.items()})
        if waiting and self.has_room(sum(value.nbytes for value in waiting.values())):
            self.write(waiting)

    def write(self, tensors: dict[str, Tensor]) -> None:
        """Write a shard; a full disk stops the caching, not the run."""
        try:
            shard = write_shard(self.folder, tensors).name
        except OSError as error:
            self.stop(f"the disk takes no more ({error})")
            return
        self.shards.add(shard)
        self.index.update(dict.fromkeys(tensors, shard))

    def has_room(self, num_bytes: int) -> bool:
        """Whether the budget allows that many bytes more; warn once where it does not."""
        used = sum(size_of(file) for file in self.folder.parent.glob(f"*/*{SHARD}"))
        if used + num_bytes > self.max_bytes:
            self.stop(
                f"it holds {used / 1e9:.2f} GB of {self.max_bytes / 1e9:g}; raise "
                "data.cache.max_gb or run `oldbook cache clear`"
            )
        return self.writable

    def stop(self, reason: str) -> None:
        """Stop caching."""
        self.writable = False
        log.warning("the cache %s grows no further: %s", self.folder.parent, reason)

    def look_again(self) -> None:
        """Index what any process has written since."""
        try:
            change = self.folder.stat().st_mtime_ns
        except FileNotFoundError:  # cleared by somebody
            return
        if change == self.last_change:
            return
        self.last_change = change
        for file in self.folder.glob(f"*{SHARD}"):
            if file.name not in self.shards:
                self.learn(file.name)

    def learn(self, shard: str) -> None:
        """Add the names of a shard to the index."""
        try:
            names = self.open_shard(self.folder / shard).checksums
        except DamagedShardError:
            self.discard(shard)
        except OSError:  # removed by somebody
            return
        else:
            self.shards.add(shard)
            self.index.update(dict.fromkeys(names, shard))

    def read(self, shard: str, name: str) -> Tensor | None:
        """Read a tensor of a shard; None where the shard is damaged or gone."""
        try:
            return self.open_shard(self.folder / shard).read(name)
        except DamagedShardError:
            self.discard(shard)
        except OSError:  # removed by somebody
            self.forget(shard)
        return None

    def discard(self, shard: str) -> None:
        """Remove a damaged shard, and rewrite what is intact in it; the remover warns."""
        whole = salvage(self.folder / shard)
        self.forget(shard)
        try:
            (self.folder / shard).unlink()
        except OSError:
            return
        log.warning(
            "a damaged shard of the cache is thrown away, what it has lost is computed again: %s",
            self.folder / shard,
        )
        for name, value in whole.items():
            self.put(name, value)
        self.flush()  # a worker that finds the damage has no other occasion

    def forget(self, shard: str) -> None:
        """Take the names of a shard out of the index."""
        self.open_shard.cache_clear()
        self.index = {name: file for name, file in self.index.items() if file != shard}


def only_finite(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Leave out what holds NaN or inf: every later run would get it."""
    good = {name: value for name, value in tensors.items() if value.isfinite().all()}
    for name in tensors.keys() - good.keys():
        log.warning("the cache does not keep %s, which holds NaN or inf", name)
    return good


def salvage(file: Path) -> dict[str, Tensor]:
    """The tensors of a damaged shard that are what was written."""
    whole = {}
    with contextlib.suppress(DamagedShardError, OSError):
        shard = Shard(file)
        for name in shard.checksums:
            with contextlib.suppress(DamagedShardError):
                whole[name] = shard.read(name)
    return whole
