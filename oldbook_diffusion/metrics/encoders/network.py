"""NetworkEncoder: an encoder with one frozen network, which embeds batch by batch."""

from abc import abstractmethod
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.encoders.base import ImageEncoder


class NetworkEncoder(ImageEncoder):
    """Embeds with one frozen network, on the device that it is moved to.

    Attributes:
        network: The network.
        batch_size: Images embedded at once.
        device: Where the network is.
    """

    network: Any  # a module; its own parts are known to who has made it
    batch_size: int
    device = torch.device("cpu")

    @abstractmethod
    def prepare(self, images: Tensor) -> Tensor:
        """Images [N, 3, H, W] in [0, 1] preprocessed for the network."""

    def read(self, inputs: Tensor) -> Tensor:  # => [N, D]
        """The network's output for preprocessed images; of any length."""
        return self.network(inputs)

    def to(self, device: torch.device) -> Self:
        """Move to a device."""
        self.network.to(device)
        self.device = device
        return self

    def encode_images(self, images: Tensor) -> Tensor:  # => [N, D] of length one, on the CPU
        """Embed images [N, 3, H, W] in [0, 1]."""
        if not len(images):
            return torch.zeros(0, self.embedding_dim)
        return self.embed(self.prepare(images))

    @torch.no_grad()
    def embed(self, inputs: Tensor) -> Tensor:  # => [N, D] of length one, on the CPU
        """Embed preprocessed images."""
        batches = inputs.split(self.batch_size)
        parts = [self.read(batch.to(self.device)).float().cpu() for batch in batches]
        return F.normalize(torch.cat(parts), dim=-1)


def no_weights(name: str, error: Exception, local: str) -> OldBookError:
    """The error of an encoder whose weights cannot be loaded, with what to use instead.

    Args:
        name: The encoder's name.
        error: What went wrong.
        local: What `render.encoder.init_args.model` may be set to instead.
    """
    reason = str(error).strip().split("\n")[0]
    return OldBookError(
        f"no weights for the style encoder {name} ({reason}); set "
        f"render.encoder.init_args.model to {local}, or render.encoder to null "
        "to sample without scores"
    )
