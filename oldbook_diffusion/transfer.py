"""Copies of tensors to a device, for which the processor does not wait."""

from typing import Any

import torch
from torch import Tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor to a device; a GPU fetches it by itself, from pinned memory."""
    return pinned(tensor, device).to(device, non_blocking=device.type == "cuda")


def pinned(data: Any, device: torch.device) -> Any:
    """Tensors, in lists and mappings too, in memory that a GPU can fetch by itself."""
    if device.type != "cuda":
        return data
    if isinstance(data, dict):
        return {name: pinned(value, device) for name, value in data.items()}
    if isinstance(data, list):
        return [pinned(value, device) for value in data]
    return data.pin_memory() if isinstance(data, Tensor) and not data.is_cuda else data
