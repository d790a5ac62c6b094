"""LoRA files of diffusers: `StableDiffusionPipeline.load_lora_weights`."""

import json
from pathlib import Path
from typing import Any

from diffusers import StableDiffusionPipeline
from diffusers.utils import convert_unet_state_dict_to_peft
from peft import LoraConfig, get_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from oldbook_diffusion.export.base import Exporter, tensor_names
from oldbook_diffusion.export.lora_layers import (
    TEXT_ENCODER,
    Layers,
    check_names,
    scaled_layers,
)
from oldbook_diffusion.methods import Method, PeftMethod
from oldbook_diffusion.models import BaseModel, StableDiffusion

B, UNET = ".lora_B.", "unet."
FILE = "pytorch_lora_weights.safetensors"
# what decides what the weights do; an unknown field is an error in another version of peft, and
# with dropout diffusers would drop while it samples
FIELDS = ("r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora", "use_dora", "lora_bias")
OTHERS = ("lora_", "model.diffusion_model.")  # names in files of kohya's scripts, and of all of SD
PLAIN = (True, "gaussian", "orthogonal")  # initializations that leave the base weights alone


class DiffusersLoRA(Exporter):
    """LoRA weights with their metadata, in one file.

    The scale of the update, alpha / rank, is multiplied into B, and the metadata say alpha = rank:
    a reader of the metadata and one that takes alpha = rank without it apply the same. All names
    are peft's: diffusers' converter renames those of attention projections alone, and from a file
    with names of both kinds its loader silently loads none of them.
    """

    word = "diffusers"

    def supports(self, method: Method, model: BaseModel) -> bool:
        """Whether the method is LoRA, with the base weights as they were."""
        if not isinstance(method, PeftMethod) or not isinstance(model, StableDiffusion):
            return False
        config: Any = method.config()
        return type(config) is LoraConfig and config.init_lora_weights in PLAIN

    def why_not(self, method: Method, model: BaseModel) -> str:
        """What diffusers loads instead."""
        if isinstance(method, PeftMethod):
            return "diffusers loads plain LoRA alone; peft and merged hold it"
        return "it has no place for whole weights; merged holds them"

    def write(self, method: Method, model: BaseModel, folder: Path) -> None:
        """Write one file."""
        denoiser: Any = model.denoiser
        config = denoiser.peft_config["default"]
        StableDiffusionPipeline.save_lora_weights(
            folder,
            unet_lora_layers=folded(model.denoiser),
            unet_lora_adapter_metadata={
                **{name: getattr(config, name) for name in FIELDS},
                "lora_alpha": config.r,
                "alpha_pattern": dict(config.rank_pattern),
                "use_rslora": False,
                "target_modules": sorted(config.target_modules),
            },
        )

    def recognizes(self, path: Path) -> bool:
        """Whether it is a folder with such a file, or a file of no other format."""
        if path.is_dir():
            return (path / FILE).is_file()
        others = any(name.startswith(OTHERS) for name in tensor_names(path))
        return path.suffix == ".safetensors" and not others

    def read(self, model: BaseModel, path: Path) -> None:
        """Load it as any user of diffusers does."""
        file = path / FILE if path.is_dir() else path
        if not isinstance(model, StableDiffusion):
            raise ValueError(f"diffusers has no LoRA of a {type(model).__name__}")
        check_file(file, model.denoiser)
        pipeline = model.pipeline("DDIMScheduler")
        pipeline.load_lora_weights(file.parent, weight_name=file.name)
        networks = (model.denoiser, model.text_encoder)
        if not any(isinstance(x, LoraLayer) for network in networks for x in network.modules()):
            raise ValueError("diffusers finds none of its layers")

    def layers(self, model: BaseModel, path: Path) -> Layers:
        """The factors of each layer, with the scale of the metadata; 1 where there are none."""
        file = path / FILE if path.is_dir() else path
        weights = load_file(file)
        check_names(list(weights))
        if any(name.startswith(TEXT_ENCODER) for name in weights):
            raise ValueError("it trains the text encoder too, which is not trained here")
        mine = {name.removeprefix(UNET): value for name, value in weights.items()}
        return scaled_layers(convert_unet_state_dict_to_peft(mine), read_config(file))


def check_file(file: Path, denoiser: nn.Module) -> None:
    """Refuse what diffusers would leave out with a warning at most.

    Raises:
        ValueError: A layer has no place in the denoiser, or layers have no names.
    """
    weights = load_file(file)
    check_names(list(weights))
    mine = {n.removeprefix(UNET): value for n, value in weights.items() if n.startswith(UNET)}
    paths = {name.split(".lora_")[0] for name in convert_unet_state_dict_to_peft(mine)}
    lost = sorted(paths - {path for path, _ in denoiser.named_modules()})
    if lost:
        raise ValueError(
            f"{len(lost)} of its {len(paths)} layers have no place in this model, first {lost[0]}"
        )
    if not all(value.isfinite().all() for value in weights.values()):
        raise ValueError("it holds NaN or inf")


def read_config(file: Path) -> dict[str, Any]:
    """The config of peft in a file's metadata; empty where there is none."""
    with safe_open(file, "pt") as content:
        text = (content.metadata() or {}).get("lora_adapter_metadata", "{}")
    return {name.removeprefix(UNET): value for name, value in json.loads(text).items()}


def folded(denoiser: nn.Module) -> dict[str, Tensor]:
    """The weights of a LoRA by peft's names, each layer's scale multiplied into its B."""
    weights: dict[str, Tensor] = get_peft_model_state_dict(denoiser)
    for name, value in weights.items():
        layer, is_b, _ = name.partition(B)
        scale = denoiser.get_submodule(layer).scaling["default"] if is_b else 1  # type: ignore
        if scale != 1:
            weights[name] = value * scale
    return weights
