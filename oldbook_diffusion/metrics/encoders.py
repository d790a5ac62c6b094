"""Encoders: images in [0, 1] and words to embeddings of length one."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms.functional import to_pil_image

from oldbook_diffusion.errors import OldBookError

LOCAL = "local-dir:"


class ImageTextEncoder(ABC):
    """Maps images and words to one space; never a part of the system that learns."""

    identity: str
    embedding_dim: int

    @abstractmethod
    def encode_images(self, images: Tensor) -> Tensor:
        """Embed images [N, 3, H, W] in [0, 1]: [N, embedding_dim] of length one, on the CPU."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Embed words: [N, embedding_dim] of length one, on the CPU."""

    @abstractmethod
    def to(self, device: torch.device) -> "ImageTextEncoder":
        """Move to a device."""


class OpenCLIPEncoder(ImageTextEncoder):
    """A CLIP of open_clip (Radford et al. 2021; Cherti et al. 2023), with its own preprocessing.

    Args:
        model: Name of an architecture, or `local-dir:` and a folder with weights.
        pretrained: Tag of its weights; null for `local-dir:`.
        batch_size: Images embedded at once.

    Raises:
        OldBookError: The weights are not to be had. A random encoder never scores.
    """

    def __init__(
        self,
        model: str = "ViT-B-32",
        pretrained: str | None = "laion2b_s34b_b79k",
        batch_size: int = 64,
    ) -> None:
        check_local(model)
        self.identity = model if pretrained is None else f"{model}/{pretrained}"
        self.batch_size = batch_size
        try:
            # building draws random weights first: what is measured must not move what is learnt
            with torch.random.fork_rng(devices=[]):
                parts = open_clip.create_model_from_pretrained(model, pretrained)
            self.clip, self.preprocess = parts
            self.tokenize = open_clip.get_tokenizer(model)
        except Exception as error:  # open_clip and the hub raise nearly every kind
            reason = str(error).strip().split("\n")[0]
            raise OldBookError(
                f"no weights for the style encoder {self.identity} ({reason}); set "
                f"render.encoder.init_args.model to {LOCAL}FOLDER, or render.encoder to null "
                "to draw without scores"
            ) from error
        self.clip.eval().requires_grad_(False)
        self.device = torch.device("cpu")
        self.embedding_dim = len(self.encode_texts([""])[0])

    def to(self, device: torch.device) -> "OpenCLIPEncoder":
        """Move to a device."""
        self.clip.to(device)
        self.device = device
        return self

    @torch.no_grad()
    def encode_images(self, images: Tensor) -> Tensor:  # => [N, D]
        """Embed images through 8-bit pictures and open_clip's own resize and normalisation."""
        if not len(images):
            return torch.zeros(0, self.embedding_dim)
        inputs = torch.stack([self.preprocess(to_pil_image(image.cpu())) for image in images])
        batches = inputs.split(self.batch_size)
        parts = [self.clip.encode_image(batch.to(self.device)).float().cpu() for batch in batches]
        return F.normalize(torch.cat(parts), dim=-1)

    @torch.no_grad()
    def encode_texts(self, texts: Sequence[str]) -> Tensor:  # => [N, D]
        """Embed words."""
        if not texts:
            return torch.zeros(0, self.embedding_dim)
        tokens = self.tokenize(list(texts)).to(self.device)
        return F.normalize(self.clip.encode_text(tokens).float().cpu(), dim=-1)


def check_local(model: str) -> None:
    """Refuse a `local-dir:` that is not there, before open_clip guesses at it."""
    folder = Path(model.removeprefix(LOCAL))
    if model.startswith(LOCAL) and not (folder / "open_clip_config.json").is_file():
        raise OldBookError(
            f"no style encoder in {folder}: it has no open_clip_config.json; set "
            "render.encoder.init_args.model to a folder that open_clip has saved"
        )
