"""LoRA files of diffusers: `StableDiffusionPipeline.load_lora_weights`."""

from pathlib import Path
from typing import Any

from diffusers import StableDiffusionPipeline
from peft import LoraConfig, get_peft_model_state_dict
from torch import Tensor, nn

from oldbook_diffusion.export.base import Exporter, tensor_names
from oldbook_diffusion.methods import Method, PeftMethod
from oldbook_diffusion.models import BaseModel, StableDiffusion

B = ".lora_B."
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
        pipeline = model.pipeline("DDIMScheduler")
        pipeline.load_lora_weights(file.parent, weight_name=file.name)


def folded(denoiser: nn.Module) -> dict[str, Tensor]:
    """The weights of a LoRA by peft's names, each layer's scale multiplied into its B."""
    weights: dict[str, Tensor] = get_peft_model_state_dict(denoiser)
    for name, value in weights.items():
        layer, is_b, _ = name.partition(B)
        scale = denoiser.get_submodule(layer).scaling["default"] if is_b else 1  # type: ignore
        if scale != 1:
            weights[name] = value * scale
    return weights
