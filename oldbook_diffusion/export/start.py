"""Training that starts from an adapter, of this program or of another."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError
from torch import nn

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.export.base import Exporter
from oldbook_diffusion.export.lora_layers import Layers, check_places
from oldbook_diffusion.methods import Method, Peft
from oldbook_diffusion.methods.checks import distance, predict
from oldbook_diffusion.models import BaseModel

PICKLES = {".bin", ".ckpt", ".pt", ".pth"}
READING = (OSError, RuntimeError, ValueError, KeyError, SafetensorError)


def read_layers(model: BaseModel, path: Path, formats: Sequence[Exporter]) -> Layers:
    """The layers of a LoRA in a file, an adapter's folder, or a run's folder.

    Args:
        model: Base model, without an adapter.
        path: Where it is; of a run's folder the selected adapter, or else the last.
        formats: Formats that may recognize it.

    Raises:
        OldBookError: There is none, or it does not fit this base model.
    """
    if path.suffix in PICKLES:
        raise OldBookError(f"{path} is a pickle, which may run code: take a file of safetensors")
    found = find_adapter(path, formats)
    try:
        layers = next(one for one in formats if one.recognizes(found)).layers(model, found)
        check_places(layers, model.denoiser)
    except READING as error:
        reason = str(error).strip().split("\n")[0]
        raise OldBookError(f"the adapter {found} does not fit this base model: {reason}") from error
    return layers


def find_adapter(path: Path, formats: Sequence[Exporter]) -> Path:
    """A file or folder that is an adapter, or the selected or last one within a run's folder.

    Raises:
        OldBookError: There is none.
    """
    inside = sorted(path.rglob("*")) if path.is_dir() else []
    found = [one for one in (path, *inside) if any(x.recognizes(one) for x in formats)]
    folders = [one for one in found if one.is_dir()] or found
    if not folders or not path.exists():
        raise OldBookError(f"there is no adapter in {path}: give a file of safetensors, or a run")
    if path in folders:
        return path
    return next((one for one in folders if one.name == "best"), folders[-1])


def start_from(method: Method, model: BaseModel, layers: Layers, where: str) -> None:
    """Put the layers of a LoRA in the place of an attached method's own.

    Raises:
        OldBookError: They are of other layers or ranks, or the model does as before.
    """
    before = predict(model)
    check_same(method, adapted(model.denoiser), layers, where)
    fill(model.denoiser, layers)
    if distance(predict(model), before) == 0:
        raise OldBookError(f"model.method.init_from: {where} changes nothing in this model")
    method.remember(model)


def check_same(method: Any, own: dict[str, Any], layers: Layers, where: str) -> None:
    """Refuse layers and ranks that are not the method's."""
    said = f"model.method.init_from: {where}"
    other = sorted(own.keys() ^ layers.keys())
    if other:
        has = "has" if other[0] in layers else "lacks"
        raise OldBookError(
            f"{said} {has} {other[0]}, one of {len(other)} layers that only one of both adapts: "
            f"set model.method.target_modules to [{', '.join(ends(layers))}]"
        )
    ranks = {down.shape[0] for down, _ in layers.values()}
    rank = own[next(iter(own))].r["default"]
    if ranks != {rank}:
        raise OldBookError(
            f"{said} has rank {', '.join(map(str, sorted(ranks)))} and model.method.rank is "
            f"{rank}: set it to the same, and where there are several export it to kohya first"
        )


def ends(layers: Layers) -> list[str]:
    """The last names of layers, as `target_modules` takes them."""
    return sorted({re.sub(r"^.*?([^.]*[^.\d][^.]*(\.\d+)*)$", r"\1", path) for path in layers})


def adapted(denoiser: nn.Module) -> dict[str, Any]:
    """The layers of LoRA by their paths."""
    return {path: x for path, x in denoiser.named_modules() if isinstance(x, LoraLayer)}


@torch.no_grad()
def fill(denoiser: nn.Module, layers: Layers) -> None:
    """Copy the factors into the layers, so that each scales to the same update."""
    for path, layer in adapted(denoiser).items():
        down, up = layers[path]
        a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
        a.copy_(down.reshape(a.shape))
        b.copy_((up / layer.scaling["default"]).reshape(b.shape))


def attach_layers(model: BaseModel, layers: Layers) -> Method:
    """Attach a LoRA with exactly these layers to a base model."""
    ranks = {path: down.shape[0] for path, (down, _) in layers.items()}
    rank = max(ranks.values())
    patterns = {path: one for path, one in ranks.items() if one != rank}
    arguments = {"r": rank, "lora_alpha": rank, "rank_pattern": patterns, "alpha_pattern": patterns}
    method = Peft("LoraConfig", arguments, list(layers))
    method.attach(model)
    fill(model.denoiser, layers)
    return method
