"""The contents of the cache: `oldbook cache info`, `oldbook cache clear`."""

import json
from pathlib import Path
from typing import Literal

from safetensors import SafetensorError, safe_open

from oldbook_diffusion.cache.layout import ABOUT, SHARD, size_of
from oldbook_diffusion.cache.settings import DEFAULT, Cache
from oldbook_diffusion.durable import DRAFT


def manage_cache(action: Literal["info", "clear"], folder: Path = DEFAULT) -> list[str]:
    """Show what the cache of latents and embeddings holds, network by network, or empty it.

    Args:
        action: Whether to show or to empty.
        folder: Folder of the cache, as in data.cache.folder.

    Returns:
        The lines to print.
    """
    path = Cache(folder).path
    networks = sorted(about.parent for about in path.glob(f"*/{ABOUT}"))
    lines = [describe(network) for network in networks]
    total = sum(size_of(file) for network in networks for file in network.glob(f"*{SHARD}"))
    if action == "clear":
        for network in networks:
            empty(network)
        return [f"freed {total / 1e6:.1f} MB in {path}"]
    return [*lines, f"{total / 1e6:.1f} MB in {path}"]


def describe(network: Path) -> str:
    """One line about the folder of a network."""
    about = json.loads((network / ABOUT).read_text())
    shards = list(network.glob(f"*{SHARD}"))
    num_entries = sum(count_entries(shard) for shard in shards)
    size = sum(size_of(shard) for shard in shards) / 1e6
    made = f"{about['precision']} on {about['device']}"
    return (
        f"{about['part']:>12}  {num_entries:6} entries  {size:8.1f} MB  {made}  {about['network']}"
    )


def count_entries(shard: Path) -> int:
    """The number of tensors in a shard, 0 where it is damaged or gone."""
    try:
        with safe_open(shard, framework="numpy") as content:
            return len(content.keys())
    except (SafetensorError, OSError):
        return 0


def empty(network: Path) -> None:
    """Remove the cache's own files from a network's folder, and the folder if nothing is left."""
    for pattern in (f"*{SHARD}", f".*{DRAFT}", ABOUT):
        for file in network.glob(pattern):
            file.unlink(missing_ok=True)
    if not any(network.iterdir()):
        network.rmdir()
