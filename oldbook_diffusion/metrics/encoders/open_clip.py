"""OpenCLIPEncoder: a CLIP of open_clip."""

import json
from collections.abc import Sequence
from pathlib import Path

import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.transforms.functional import to_pil_image

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.encoders.base import ImageTextEncoder, freeze
from oldbook_diffusion.metrics.encoders.network import NetworkEncoder, no_weights

LOCAL = "local-dir:"


class OpenCLIPEncoder(NetworkEncoder, ImageTextEncoder):
    """A CLIP of open_clip (Radford et al. 2021; Cherti et al. 2023), with its own preprocessing.

    The last embedding of a CLIP describes what an image shows, and little of its lines; means and
    deviations of the channels of earlier layers describe them better (Gatys et al. 2015; Huang
    and Belongie 2017). With both, the product of an image's embedding with a text's is still
    their cosine in CLIP's own space.

    Args:
        model: Name of an architecture, or `local-dir:` and a folder with weights.
        pretrained: Tag of its weights; null for `local-dir:`.
        layers: Modules of the image tower to read beside its last embedding, such as
            `transformer.resblocks.5` of a ViT or `layer3` of a ResNet.
        batch_size: Images embedded at once.

    Raises:
        OldBookError: The weights are not available, or their preprocessing is unknown. A random
            encoder, or one with another preprocessing than it was trained with, never scores.
    """

    def __init__(
        self,
        model: str = "ViT-B-32",
        pretrained: str | None = "laion2b_s34b_b79k",
        layers: Sequence[str] = (),
        batch_size: int = 64,
    ) -> None:
        check_local(model)
        check_tag(model, pretrained)
        name = model if pretrained is None else f"{model}/{pretrained}"
        self.name = "+".join([name, *layers])
        self.batch_size = batch_size
        try:
            # building initializes random weights first: scoring must not change the training's RNG
            with torch.random.fork_rng(devices=[]):
                parts = open_clip.create_model_from_pretrained(model, pretrained)
            self.network, self.preprocess = parts
            self.tokenize = open_clip.get_tokenizer(model)
        except Exception as error:  # open_clip and the hub raise nearly every kind
            raise no_weights(self.name, error, f"{LOCAL}FOLDER") from error
        self.weights = freeze(self.network)
        self.layers = [tower_layer(self.network.visual, layer) for layer in layers]
        side = self.network.visual.image_size
        blank = torch.zeros(1, 3, *((side, side) if isinstance(side, int) else side))
        self.embedding_dim = self.embed(blank).shape[1]

    def prepare(self, images: Tensor) -> Tensor:  # => [N, 3, S, S]
        """Convert to 8 bits, then open_clip's own resize and normalization."""
        return torch.stack([self.preprocess(to_pil_image(image.cpu())) for image in images])

    def read(self, inputs: Tensor) -> Tensor:  # => [N, D]
        """The last embedding, and the channels of the layers, each of length one."""
        seen: list[Tensor] = []
        hooks = [
            layer.register_forward_hook(lambda module, given, output: seen.append(output))
            for layer in self.layers
        ]
        last = self.network.encode_image(inputs)
        for hook in hooks:
            hook.remove()
        parts = [F.normalize(part.float(), dim=-1) for part in (last, *map(channel_moments, seen))]
        return torch.cat(parts, dim=-1)

    @torch.no_grad()
    def encode_texts(self, texts: Sequence[str]) -> Tensor:  # => [N, D]
        """Embed texts; as long as it takes for products with images to be CLIP's cosines."""
        if not texts:
            return torch.zeros(0, self.embedding_dim)
        tokens = self.tokenize(list(texts)).to(self.device)
        words = F.normalize(self.network.encode_text(tokens).float().cpu(), dim=-1)
        stretch = (1 + len(self.layers)) ** 0.5
        return F.pad(words * stretch, (0, self.embedding_dim - words.shape[1]))


def tower_layer(tower: nn.Module, name: str) -> nn.Module:
    """A module of the image tower.

    Raises:
        OldBookError: There is none of this name.
    """
    try:
        return tower.get_submodule(name)
    except AttributeError as error:
        names = ", ".join(name for name, _ in tower.named_children())
        raise OldBookError(
            f"the image tower of the style encoder has no layer {name!r}; it has {names}: "
            "set render.encoder.init_args.layers"
        ) from error


def channel_moments(output: Tensor) -> Tensor:  # => [N, 2 C]
    """Mean and deviation of every channel of a map [N, C, h, w] or of tokens [N, T, C]."""
    channels = output.flatten(2) if output.dim() == 4 else output.transpose(1, 2)
    return torch.cat([channels.mean(dim=2), channels.std(dim=2)], dim=1)


def check_local(model: str) -> None:
    """Refuse a `local-dir:` that is not there, or lacks its preprocessing."""
    folder = Path(model.removeprefix(LOCAL))
    if not model.startswith(LOCAL):
        return
    if not (folder / "open_clip_config.json").is_file():
        raise OldBookError(
            f"no style encoder in {folder}: it has no open_clip_config.json; set "
            "render.encoder.init_args.model to a folder that open_clip has saved"
        )
    config = json.loads((folder / "open_clip_config.json").read_text())
    preprocess, vision = config.get("preprocess_cfg", {}), config["model_cfg"]["vision_cfg"]
    if missing := {"mean", "std"} - preprocess.keys():
        raise OldBookError(
            f"{folder}/open_clip_config.json does not say how images are preprocessed for these "
            f"weights ({' and '.join(sorted(missing))} missing in preprocess_cfg): add what they "
            "were trained with, or every score is of other images"
        )
    size, side = preprocess.get("size", vision.get("image_size")), vision.get("image_size")
    if side is not None and size not in (side, [side, side]):
        raise OldBookError(
            f"the style encoder in {folder} takes images of {side} pixels, and its "
            f"preprocess_cfg makes them {size}: make the two agree in open_clip_config.json"
        )


def check_tag(model: str, pretrained: str | None) -> None:
    """Refuse weights whose preprocessing or activation open_clip would only guess at."""
    if pretrained and Path(pretrained).is_file():
        raise OldBookError(
            f"the weights {pretrained} do not say how images are preprocessed for them: put them "
            f"beside an open_clip_config.json and set render.encoder.init_args.model to {LOCAL}"
            "FOLDER, pretrained to null"
        )
    tag = open_clip.get_pretrained_cfg(model, pretrained or "")
    quick = (open_clip.get_model_config(model) or {}).get("quick_gelu", False)
    if tag and tag.get("quick_gelu", False) != quick:
        other = model.removesuffix("-quickgelu") if quick else f"{model}-quickgelu"
        raise OldBookError(
            f"the weights {pretrained} were trained with another activation than {model} has: "
            f"set render.encoder.init_args.model to {other}"
        )
