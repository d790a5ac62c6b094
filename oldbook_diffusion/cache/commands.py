"""What the cache holds, and how it is emptied: `oldbook cache info`, `oldbook cache clear`."""

import json
from pathlib import Path
from typing import Literal

from oldbook_diffusion.cache.settings import ABOUT, DEFAULT, Cache
from oldbook_diffusion.cache.shards import DRAFT, SUFFIX, DamagedShardError, Shard
from oldbook_diffusion.cache.store import size_of


def manage_cache(action: Literal["info", "clear"], folder: Path = DEFAULT) -> list[str]:
    """Say what the cache of latents and embeddings holds, network by network, or empty it.

    Args:
        action: Whether to look or to empty.
        folder: Folder of the cache, as in data.cache.folder.

    Returns:
        The lines to show.
    """
    place = Cache(folder).place
    networks = sorted(about.parent for about in place.glob(f"*/{ABOUT}"))
    lines = [describe(network) for network in networks]
    total = sum(size_of(file) for network in networks for file in network.glob(f"*{SUFFIX}"))
    if action == "clear":
        for network in networks:
            empty(network)
        return [f"freed {total / 1e6:.1f} MB in {place}"]
    return [*lines, f"{total / 1e6:.1f} MB in {place}"]


def describe(network: Path) -> str:
    """One line about what a network has computed."""
    about = json.loads((network / ABOUT).read_text())
    shards = list(network.glob(f"*{SUFFIX}"))
    num_entries = sum(count_entries(shard) for shard in shards)
    size = sum(size_of(shard) for shard in shards) / 1e6
    made = f"{about['precision']} on {about['device']}"
    return (
        f"{about['part']:>12}  {num_entries:6} entries  {size:8.1f} MB  {made}  {about['network']}"
    )


def count_entries(shard: Path) -> int:
    """The number of tensors in a shard, none where it is damaged or gone."""
    try:
        return len(Shard(shard).checksums)
    except (DamagedShardError, OSError):
        return 0


def empty(network: Path) -> None:
    """Remove what the cache has written into a network's folder, and the folder if that was all."""
    for pattern in (f"*{SUFFIX}", f".*{DRAFT}", ABOUT):
        for file in network.glob(pattern):
            file.unlink(missing_ok=True)
    if not any(network.iterdir()):
        network.rmdir()
