"""Adapter files of kohya's scripts, which AUTOMATIC1111, Forge and ComfyUI read."""

import json
from pathlib import Path
from typing import Any

import torch
from peft import LoHaConfig, LoKrConfig, LoraConfig, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from oldbook_diffusion.export.base import Exporter, base_name, tensor_names
from oldbook_diffusion.export.diffusers import DiffusersLoRA
from oldbook_diffusion.export.kohya_layers import PREFIX, delta, layer_name
from oldbook_diffusion.export.lora_layers import Layers
from oldbook_diffusion.methods import Method, PeftMethod
from oldbook_diffusion.models import BaseModel, StableDiffusion

FILE = "kohya_adapter.safetensors"
LORA = {"lora_A.weight": "lora_down.weight", "lora_B.weight": "lora_up.weight"}
FULL = ("lokr_w1", "lokr_w2")  # factors that are not decomposed: no reader scales them
ALGORITHMS = {LoHaConfig: "loha", LoKrConfig: "lokr"}
SD2_WIDTH = 1024  # of a token


class Kohya(Exporter):
    """LoRA, LoHa and LoKr weights with the names that kohya's scripts and LyCORIS give them.

    Each layer has an alpha, and readers scale its update by alpha / rank. For a LoRA the scale is
    multiplied into the up weights and alpha is the rank, so that readers that take alpha = rank
    are right too. DoRA is not written: three families of readers compute three different things
    from it. OFT neither: peft rotates a layer's input and the readers its output.
    """

    word = "kohya"

    def supports(self, method: Method, model: BaseModel) -> bool:
        """Whether the method is LoRA, LoHa or LoKr, in the form that all readers agree about."""
        if not isinstance(method, PeftMethod) or not isinstance(model, StableDiffusion):
            return False
        config: Any = method.config()
        if type(config) is LoraConfig:
            plain = not config.use_dora and not config.lora_bias
            return plain and DiffusersLoRA().supports(method, model)
        return type(config) in ALGORITHMS

    def why_not(self, method: Method, model: BaseModel) -> str:
        """What the programs make of it."""
        if not isinstance(method, PeftMethod):
            return "it has no place for whole weights; merged and single-file hold them"
        config: Any = method.config()
        if getattr(config, "use_dora", False):
            return "programs compute different things from DoRA; merged and single-file hold it"
        kind = type(config).__name__.removesuffix("Config")
        return f"the programs know no such {kind}; merged and single-file hold it"

    def write(self, method: Method, model: BaseModel, folder: Path) -> None:
        """Write one file."""
        assert isinstance(method, PeftMethod)
        assert isinstance(model, StableDiffusion)
        save_file(tensors(model.denoiser), folder / FILE, metadata=metadata(method, model))

    def recognizes(self, path: Path) -> bool:
        """Whether it is such a file by its names, or a folder with one and no other adapter."""
        if path.is_dir():
            return (path / FILE).is_file()
        return any(name.startswith("lora_") for name in tensor_names(path))

    def read(self, model: BaseModel, path: Path) -> None:
        """Add the update of each layer to its weight, in the precision of the weight."""
        if not isinstance(model, StableDiffusion):
            raise ValueError(f"files of kohya's scripts have no names for a {type(model).__name__}")
        merge(model, load_file(path / FILE if path.is_dir() else path))

    def layers(self, model: BaseModel, path: Path) -> Layers:
        """The factors of each layer; alpha is the rank where there is none."""
        paths = {layer_name(one): one for one, _ in model.denoiser.named_modules()}
        found: Layers = {}
        for name, parts in by_layer(load_file(path / FILE if path.is_dir() else path)).items():
            if name.startswith(PREFIX["te"]):
                raise ValueError("it trains the text encoder too, which is not trained here")
            if not parts.keys() <= {*LORA.values(), "alpha"}:
                raise ValueError(f"it is no plain LoRA: {name} holds {', '.join(sorted(parts))}")
            down, up = (parts[part].float() for part in LORA.values())
            alpha = float(parts["alpha"]) if "alpha" in parts else down.shape[0]
            found[paths.get(name, name)] = down, up * (alpha / down.shape[0])
        return found


def tensors(denoiser: nn.Module) -> dict[str, Tensor]:
    """The adapter of a denoiser, by kohya's names; each layer of a LoRA has the largest rank.

    diffusers takes one alpha for all layers of such a file.
    """
    found: dict[str, Tensor] = {}
    weights = get_peft_model_state_dict(denoiser)
    rank = max([x.shape[0] for name, x in weights.items() if name.endswith("lora_A.weight")] or [0])
    for name, value in weights.items():
        path, part = split_name(name)
        scale = denoiser.get_submodule(path).scaling["default"]  # type: ignore
        layer, value = layer_name(path), value.detach().cpu()
        if part in LORA:
            up = part == "lora_B.weight"
            alpha, value = rank, widened(value * scale if up else value, rank, int(up))
        else:
            alpha = scale * rank_of(denoiser.get_submodule(path))
            value = value * scale if part == FULL[0] and is_full(denoiser, path) else value
        found[f"{layer}.{LORA.get(part, part)}"] = value.contiguous().clone()
        found[f"{layer}.alpha"] = torch.tensor(float(alpha))
    return found


def widened(value: Tensor, rank: int, dim: int) -> Tensor:
    """A factor of a LoRA with zeros added along one dimension, up to a rank."""
    shape = list(value.shape)
    shape[dim] = rank - value.shape[dim]
    return torch.cat([value, value.new_zeros(shape)], dim) if shape[dim] else value


def split_name(name: str) -> tuple[str, str]:
    """The path of a layer, and the name of one of its tensors."""
    for part in LORA:
        if name.endswith(part):
            return name[: -len(part) - 1], part
    path, _, part = name.rpartition(".")
    return path, part


def rank_of(layer: Any) -> int:
    """The rank of a layer of LoHa or LoKr."""
    return int(layer.r["default"])


def is_full(denoiser: nn.Module, path: str) -> bool:
    """Whether no factor of a LoKr layer is decomposed."""
    layer: Any = denoiser.get_submodule(path)
    return all("default" in getattr(layer, factor) for factor in FULL)


def metadata(method: PeftMethod, model: StableDiffusion) -> dict[str, str]:
    """What the programs show of a file; none of them computes from it."""
    config: Any = method.config()
    rank = max([config.r, *config.rank_pattern.values()])
    algorithm = ALGORITHMS.get(type(config))
    second = model.text_encoder.config.hidden_size == SD2_WIDTH
    family = "sd_v2" if second else "sd_v1"
    return {
        "format": "pt",
        "ss_network_module": "lycoris.kohya" if algorithm else "networks.lora",
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(rank if algorithm is None else config.alpha),
        "ss_network_args": json.dumps({"algo": algorithm} if algorithm else {}),
        "ss_base_model_version": family,
        "ss_v2": str(second),
        "ss_sd_model_name": base_name(model),
        "modelspec.resolution": "x".join([str(model.default_resolution)] * 2),
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": f"stable-diffusion-{family[3:]}/lora",
        "modelspec.implementation": "diffusers",
        "modelspec.prediction_type": str(model.scheduler.config.prediction_type),
        "oldbook.base_hash": model.fingerprint,
    }


@torch.no_grad()
def merge(model: StableDiffusion, weights: dict[str, Tensor]) -> None:
    """Add the updates of a file to the weights of a model.

    Raises:
        ValueError: Some have no place in it, are of another shape, or nothing is moved.
    """
    layers = by_layer(weights)
    places = find_layers(model)
    lost = sorted(layers.keys() - places.keys())
    if lost:
        raise ValueError(
            f"{len(lost)} of its {len(layers)} layers have no place in this model, first {lost[0]}"
        )
    updates = {name: delta(name, parts) for name, parts in layers.items()}
    for name, update in updates.items():
        weight = places[name]
        if update.numel() != weight.numel() or not update.isfinite().all():
            what = f"of shape {tuple(update.shape)} for a weight of {tuple(weight.shape)}"
            raise ValueError(f"the update of {name} is {what}, or holds NaN or inf")
        weight += update.reshape(weight.shape).to(weight)
    if not any(update.count_nonzero() for update in updates.values()):
        raise ValueError("it holds no update: all of them are zero")


def by_layer(weights: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The tensors of each layer, by the names of the layers."""
    layers: dict[str, dict[str, Tensor]] = {}
    for name, value in weights.items():
        layer, _, part = name.partition(".")
        layers.setdefault(layer, {})[part] = value
    return layers


def find_layers(model: StableDiffusion) -> dict[str, Tensor]:
    """The weights of denoiser and text encoder by the names of their layers."""
    networks = {"unet": model.denoiser, "te": model.text_encoder}
    return {
        layer_name(path, PREFIX[network]): layer.weight
        for network, module in networks.items()
        for path, layer in module.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
    }
