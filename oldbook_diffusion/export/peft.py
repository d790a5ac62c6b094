"""Adapter folders of peft: `PeftModel.from_pretrained`."""

from pathlib import Path
from typing import Any

from peft import (
    PeftConfig,
    get_peft_model_state_dict,
    set_peft_model_state_dict,
)
from safetensors.torch import load_file, save_file

from oldbook_diffusion.export.base import Exporter, base_name
from oldbook_diffusion.export.lora_layers import Layers, scaled_layers
from oldbook_diffusion.methods import Method, PeftMethod
from oldbook_diffusion.methods.peft import inject
from oldbook_diffusion.models import BaseModel

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."  # where a PeftModel keeps the network


class PeftFolder(Exporter):
    """Weights of any method of peft with their config, for the denoiser."""

    word = "peft"

    def supports(self, method: Method, model: BaseModel) -> bool:
        """Whether the method is one of peft's."""
        return isinstance(method, PeftMethod)

    def write(self, method: Method, model: BaseModel, folder: Path) -> None:
        """Write the config and the weights."""
        assert isinstance(method, PeftMethod)
        config: Any = method.config()
        config.inference_mode = True
        config.base_model_name_or_path = base_name(model)
        for name, value in vars(config).items():
            if isinstance(value, set):  # its order would differ from process to process
                setattr(config, name, sorted(value))
        config.save_pretrained(str(folder))
        weights = get_peft_model_state_dict(method.wrapper or model.denoiser)
        prefix = "" if method.wrapper else PREFIX
        tensors = {prefix + name: value.cpu().contiguous() for name, value in weights.items()}
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})

    def recognizes(self, path: Path) -> bool:
        """Whether it is such a folder."""
        return (path / CONFIG).is_file()

    def read(self, model: BaseModel, path: Path) -> None:
        """Inject the layers and load their weights, all of them."""
        wrapper = inject(PeftConfig.from_pretrained(str(path)), model.denoiser)
        tensors = load_file(path / WEIGHTS)
        prefix = "" if wrapper else PREFIX
        weights = {name.removeprefix(prefix): value for name, value in tensors.items()}
        loaded = set_peft_model_state_dict(wrapper or model.denoiser, weights)
        if loaded.unexpected_keys:
            raise ValueError(f"{len(loaded.unexpected_keys)} of its weights have no place")

    def layers(self, model: BaseModel, path: Path) -> Layers:
        """The factors of each layer, with the scale of the config."""
        config: Any = PeftConfig.from_pretrained(str(path))
        tensors = load_file(path / WEIGHTS)
        return scaled_layers({n.removeprefix(PREFIX): x for n, x in tensors.items()}, vars(config))
