"""What encoders with learnt weights share: a frozen network that embeds batch by batch."""

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
        """Images [N, 3, H, W] in [0, 1] as the network has learnt to see them."""

    def read(self, inputs: Tensor) -> Tensor:  # => [N, D]
        """What the network says about prepared images; of any length."""
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
        """Embed prepared images."""
        batches = inputs.split(self.batch_size)
        parts = [self.read(batch.to(self.device)).float().cpu() for batch in batches]
        return F.normalize(torch.cat(parts), dim=-1)


def no_weights(identity: str, error: Exception, local: str) -> OldBookError:
    """Say that an encoder's weights are not to be had, why, and what else there is.

    Args:
        identity: The encoder's name.
        error: What went wrong.
        local: What `render.encoder.init_args.model` may be set to instead.
    """
    reason = str(error).strip().split("\n")[0]
    return OldBookError(
        f"no weights for the style encoder {identity} ({reason}); set "
        f"render.encoder.init_args.model to {local}, or render.encoder to null "
        "to draw without scores"
    )
