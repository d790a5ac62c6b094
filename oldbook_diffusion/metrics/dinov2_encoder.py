"""DINOv2: an encoder that has learnt from pictures alone, for a second opinion."""

import torch
from torch import Tensor
from torchvision.transforms.functional import to_pil_image
from transformers import AutoImageProcessor, AutoModel

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.encoders import ImageEncoder, freeze
from oldbook_diffusion.metrics.open_clip_encoders import embed


class DINOv2Encoder(ImageEncoder):
    """The class token of DINOv2 (Oquab et al. 2023), with its own preprocessing.

    Args:
        model: Hub name, or local folder with weights and `preprocessor_config.json`.
        batch_size: Images embedded at once.

    Raises:
        OldBookError: The weights are not to be had.
    """

    def __init__(self, model: str = "facebook/dinov2-base", batch_size: int = 64) -> None:
        self.identity, self.batch_size = model, batch_size
        try:
            self.processor = AutoImageProcessor.from_pretrained(model)
            self.network = AutoModel.from_pretrained(model, torch_dtype=torch.float32)
        except (OSError, ValueError) as error:
            reason = str(error).strip().split("\n")[0]
            raise OldBookError(
                f"no weights for the style encoder {model} ({reason}); set "
                "render.encoder.init_args.model to a local folder, or render.encoder to null "
                "to draw without scores"
            ) from error
        self.weights = freeze(self.network)
        self.device = torch.device("cpu")
        self.embedding_dim = int(self.network.config.hidden_size)

    def to(self, device: torch.device) -> "DINOv2Encoder":
        """Move to a device."""
        self.network.to(device)
        self.device = device
        return self

    def encode_images(self, images: Tensor) -> Tensor:  # => [N, D]
        """Embed images through 8-bit pictures and the processor's resize and normalisation."""
        if not len(images):
            return torch.zeros(0, self.embedding_dim)
        pages = [to_pil_image(image.cpu()) for image in images]
        inputs = self.processor(pages, return_tensors="pt")["pixel_values"]
        return embed(self.class_token, inputs, self.batch_size, self.device)

    def class_token(self, inputs: Tensor) -> Tensor:  # => [N, D]
        """The last layer's first token."""
        return self.network(inputs).last_hidden_state[:, 0]
