"""ImageEncoder: images in [0, 1], and for some also texts, to embeddings of length one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from hashlib import sha256
from typing import Self

import torch
from torch import Tensor, nn


class ImageEncoder(ABC):
    """Maps images to embeddings; never a part of the trained system.

    Attributes:
        name: A name that distinguishes encoders.
        weights: Hash of what it computes with.
        embedding_dim: Length of its embeddings.
    """

    name: str
    weights: str
    embedding_dim: int

    @property
    def metadata(self) -> dict[str, str]:
        """Name and hash, as written beside every embedding."""
        return {"encoder": self.name, "weights": self.weights}

    @abstractmethod
    def encode_images(self, images: Tensor) -> Tensor:
        """Embed images [N, 3, H, W] in [0, 1]: [N, embedding_dim] of length one, on the CPU."""

    @abstractmethod
    def to(self, device: torch.device) -> Self:
        """Move to a device."""


class ImageTextEncoder(ImageEncoder):
    """Maps texts to the same space too."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Embed texts: [N, embedding_dim] of length one, on the CPU."""


def hash_of(tensors: dict[str, Tensor]) -> str:
    """Sixteen digits that change with any weight."""
    digest = sha256()
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def freeze(network: nn.Module) -> str:
    """Stop a network from learning and from dropping; give the hash of its weights."""
    network.eval().requires_grad_(False)
    return hash_of(network.state_dict())
