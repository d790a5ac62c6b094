"""DINOv2Encoder: a self-supervised image encoder, for a second opinion."""

import torch
from torch import Tensor
from torchvision.transforms.functional import to_pil_image
from transformers import AutoImageProcessor, AutoModel

from oldbook_diffusion.metrics.encoders.base import freeze
from oldbook_diffusion.metrics.encoders.network import NetworkEncoder, no_weights


class DINOv2Encoder(NetworkEncoder):
    """The class token of DINOv2 (Oquab et al. 2023), with its own preprocessing.

    Args:
        model: Hub name, or local folder with weights and `preprocessor_config.json`.
        batch_size: Images embedded at once.

    Raises:
        OldBookError: The weights are not available.
    """

    def __init__(self, model: str = "facebook/dinov2-base", batch_size: int = 64) -> None:
        self.name, self.batch_size = model, batch_size
        try:
            # null asks on a terminal whether to run code of the folder
            self.processor = AutoImageProcessor.from_pretrained(model, trust_remote_code=False)
            self.network = AutoModel.from_pretrained(
                model, torch_dtype=torch.float32, trust_remote_code=False
            )
        except (OSError, ValueError) as error:
            raise no_weights(model, error, "a local folder") from error
        self.weights = freeze(self.network)
        self.embedding_dim = int(self.network.config.hidden_size)

    def prepare(self, images: Tensor) -> Tensor:  # => [N, 3, S, S]
        """Convert to 8 bits, then the processor's resize and normalization."""
        pages = [to_pil_image(image.cpu()) for image in images]
        return self.processor(pages, return_tensors="pt")["pixel_values"]

    def read(self, inputs: Tensor) -> Tensor:  # => [N, D]
        """The last layer's first token."""
        return self.network(inputs).last_hidden_state[:, 0]
