"""The layers of a LoRA, read from a file of any layout: what training can start from."""

import math
import re
from collections.abc import Mapping
from typing import Any

from peft.utils.other import get_pattern_key
from torch import Tensor, nn

Layer = tuple[Tensor, Tensor]  # down [r, in, ...] and up [out, r, ...], the scale in up
Layers = dict[str, Layer]  # by the path of the layer in the denoiser
DOWN, UP = ".lora_A.weight", ".lora_B.weight"
NUMBERED = re.compile(r"(unet|text_encoder):\d+:(up|down)$")
TEXT_ENCODER = ("text_encoder", "lora_te")


def check_names(names: list[str]) -> None:
    """Refuse a file whose tensors have no names of layers.

    Raises:
        ValueError: It says which file that is.
    """
    if any(NUMBERED.match(name) for name in names):
        raise ValueError(
            "it numbers its layers and does not name them, as the lora package of cloneofsimo "
            "does: convert it to safetensors of kohya's layout with the program that wrote it"
        )


def scaled_layers(weights: Mapping[str, Tensor], config: Mapping[str, Any]) -> Layers:
    """The layers of a LoRA with peft's names, each scaled as the config of peft says.

    Args:
        weights: The tensors by their names in the denoiser.
        config: r, lora_alpha, alpha_pattern and use_rslora; alpha is the rank where there is none.

    Raises:
        ValueError: There are other tensors than those of a LoRA, or one is missing.
    """
    others = [name for name in weights if not name.endswith((DOWN, UP))]
    if others:
        what = "DoRA" if "magnitude" in others[0] else "no plain LoRA"
        raise ValueError(f"it is {what}: it holds {others[0]}")
    layers: Layers = {}
    for path in dict.fromkeys(name.removesuffix(DOWN).removesuffix(UP) for name in weights):
        down, up = (weights.get(path + end) for end in (DOWN, UP))
        if down is None or up is None:
            raise ValueError(f"it lacks the tensor {path}{UP if up is None else DOWN}")
        layers[path] = down.float(), up.float() * scale(path, down.shape[0], config)
    return layers


def scale(path: str, rank: int, config: Mapping[str, Any]) -> float:
    """The scale of a layer's update (Hu et al. 2021; rsLoRA: Kalajdzievski 2023)."""
    patterns = config.get("alpha_pattern") or {}
    default = config.get("lora_alpha", rank)
    alpha = patterns.get(get_pattern_key(list(patterns), path), default)
    return float(alpha / (math.sqrt(rank) if config.get("use_rslora") else rank))


def check_places(layers: Layers, denoiser: nn.Module) -> None:
    """Refuse layers that the denoiser does not have, has in other shapes, or that are not finite.

    Raises:
        ValueError: It names the first.
    """
    modules: dict[str, Any] = dict(denoiser.named_modules())
    lost = [path for path in layers if not hasattr(modules.get(path), "weight")]
    if lost or not layers:
        first = f", first {lost[0]}" if lost else ""
        raise ValueError(
            f"{len(lost)} of its {len(layers)} layers have no place in this model{first}"
        )
    for path, (down, up) in layers.items():
        weight = modules[path].weight
        if (up.shape[0], down[0].numel()) != (weight.shape[0], weight[0].numel()):
            raise ValueError(f"its layer {path} is for a weight of another shape than this model's")
        if not (down.isfinite().all() and up.isfinite().all()):
            raise ValueError(f"its layer {path} holds NaN or inf")
    if not any(up.any() and down.any() for down, up in layers.values()):
        raise ValueError("it holds no update: all of them are zero")
