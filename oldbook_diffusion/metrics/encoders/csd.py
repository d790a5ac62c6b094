"""CSDEncoder: a style descriptor that was fine-tuned from a CLIP."""

from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.transforms.functional import to_pil_image

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.encoders.base import freeze
from oldbook_diffusion.metrics.encoders.network import NetworkEncoder


class CSDEncoder(NetworkEncoder):
    """The style half of CSD (Somepalli et al. 2024): a CLIP image tower and one linear head.

    Some users report that the public weights score below the paper's, and below plain CLIP; check
    them on your plates with `oldbook validate-encoder`.

    Args:
        weights: File of the released weights, `.pth`, `.bin` or `.safetensors`.
        model: Architecture of the tower, by open_clip's name.
        batch_size: Images embedded at once.

    Raises:
        OldBookError: The file is not there, or holds another network.
    """

    def __init__(
        self, weights: Path, model: str = "ViT-L-14-quickgelu", batch_size: int = 64
    ) -> None:
        self.name, self.batch_size = f"CSD/{weights.name}", batch_size
        with torch.random.fork_rng(devices=[]):
            clip, _, self.preprocess = open_clip.create_model_and_transforms(model)
        tower, head = split_descriptor(read_weights(weights))
        self.tower = clip.visual
        self.tower.proj = None  # the head takes its place
        try:
            self.tower.load_state_dict(tower)
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise OldBookError(f"{weights} does not fit the tower of {model}: {reason}") from error
        self.head = nn.Linear(head.shape[0], head.shape[1], bias=False)
        self.head.weight.data = head.T.contiguous().float()
        self.network = nn.Sequential(self.tower, self.head)
        self.weights = freeze(self.network)
        self.embedding_dim = head.shape[1]

    def prepare(self, images: Tensor) -> Tensor:  # => [N, 3, S, S]
        """Convert to 8 bits, then CLIP's own resize and normalization."""
        return torch.stack([self.preprocess(to_pil_image(image.cpu())) for image in images])


def read_weights(file: Path) -> dict[str, Tensor]:
    """The tensors of a weight file, tensors only.

    Raises:
        OldBookError: There is none that can be read.
    """
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        content: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises nearly every kind
        raise OldBookError(f"cannot read the weights {file} ({type(error).__name__})") from error
    return dict(content.get("model_state_dict", content))


def split_descriptor(weights: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    """CSD's image tower and its style head [W, D].

    Raises:
        OldBookError: The weights are another network's.
    """
    plain = {name.removeprefix("module."): value for name, value in weights.items()}
    tower = {
        name.removeprefix("backbone."): value.float()
        for name, value in plain.items()
        if name.startswith("backbone.") and name != "backbone.proj"
    }
    if not tower or "last_layer_style" not in plain:
        raise OldBookError(
            "these are no weights of CSD: they have no backbone.… and last_layer_style"
        )
    return tower, plain["last_layer_style"]
