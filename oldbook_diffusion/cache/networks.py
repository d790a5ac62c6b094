"""The store of each frozen network, named by all that its outputs depend on."""

import json
import logging
import time
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from torch import nn

from oldbook_diffusion.cache.layout import ABOUT
from oldbook_diffusion.cache.settings import Cache
from oldbook_diffusion.cache.store import Store
from oldbook_diffusion.durable import DRAFT, write_shared

log = logging.getLogger(__name__)

ABANDONED = 3600.0  # seconds after which a draft has lost its writer


def open_store(cache: Cache, part: str, network: nn.Module, precision: str) -> Store | None:
    """Open the store of a frozen network's outputs; null where the folder cannot be written to.

    Args:
        cache: Where it lies.
        part: What the network is in a pipeline, such as `vae`.
        network: The network, on the device and in the dtype that it is used in.
        precision: The trainer's precision: autocast changes what the same weights compute.
    """
    device = next(network.parameters()).device.type
    folder = cache.path / f"{part}-{network_hash(network, device, precision)}"
    # private, but the key of it in the config.json of diffusers and of transformers
    name = str(getattr(network.config, "_name_or_path", ""))
    about = {"part": part, "precision": precision, "device": device, "network": name}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_shared(folder / ABOUT, json.dumps(about).encode())
        remove_drafts(folder)
    except OSError as error:
        log.warning("there is no cache: %s cannot be written to (%s)", cache.path, error)
        return None
    return Store(folder, cache.max_gb * 1e9)


def network_hash(network: nn.Module, *context: str) -> str:
    """Hash all that a network's outputs depend on, except its input.

    Every weight counts, its dtype, the network's architecture, the version of torch (another one
    may round differently), and the context: the kind of device and the precision of the run.
    """
    digest = blake2b(digest_size=8)
    # diffusers' configs are mappings, those of transformers make one; names with _ are metadata
    config: Any = network.config
    config = config.to_dict() if hasattr(config, "to_dict") else config
    shape = sorted((name, str(value)) for name, value in config.items() if name[0] != "_")
    digest.update(repr((shape, torch.__version__, context)).encode())
    for name, value in network.state_dict().items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def remove_drafts(folder: Path) -> None:
    """Remove the drafts of processes that were killed while they wrote."""
    for draft in folder.glob(f".*{DRAFT}"):
        if time.time() - draft.stat().st_mtime > ABANDONED:
            draft.unlink(missing_ok=True)
