"""Adapters as ComfyUI and AUTOMATIC1111 apply them, written anew from what their code computes.

A layer is found by its path with underscores. Strength 1, float32. LoRA: up times down, reshaped;
LoHa: two products multiplied, or their Tucker forms; LoKr: the Kronecker product. Scaled by
alpha / rank, where the rank of LoHa is the number of rows of `hada_w1_b`, and that of LoKr the
number of rows of whatever factor is decomposed: alpha is ignored where none is.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def apply(unet: nn.Module, file: Mapping[str, Tensor]) -> None:
    """Add a file's updates to the weights of a UNet."""
    named = {"lora_unet_" + path.replace(".", "_"): m for path, m in unet.named_modules()}
    used: set[str] = set()
    for key in {name.split(".")[0] for name in file}:
        mine = {n.split(".", 1)[1]: v for n, v in file.items() if n.split(".")[0] == key}
        used |= {f"{key}.{part}" for part in mine}
        weight = named[key].weight
        weight.data += update(mine, weight).reshape(weight.shape)
    assert used == set(file)


def update(mine: Mapping[str, Tensor], weight: Tensor) -> Tensor:
    """The update of one layer."""
    alpha = mine["alpha"].item()
    if "lora_up.weight" in mine:
        up, down = mine["lora_up.weight"], mine["lora_down.weight"]
        return torch.mm(up.flatten(start_dim=1), down.flatten(start_dim=1)) * alpha / down.size(0)
    if "hada_w1_a" in mine:
        left, right = (rebuilt(mine, f"hada_w{n}", f"hada_t{n}") for n in (1, 2))
        return left * right * alpha / mine["hada_w1_b"].size(0)
    left, right = (rebuilt(mine, f"lokr_w{n}", f"lokr_t{n}") for n in (1, 2))
    if right.dim() == 4:
        left = left[:, :, None, None]
    ranks = [v.size(0) for n, v in mine.items() if n in ("lokr_w1_b", "lokr_w2_b")]
    return torch.kron(left, right.contiguous()) * (alpha / ranks[-1] if ranks else 1.0)


def rebuilt(mine: Mapping[str, Tensor], name: str, core: str) -> Tensor:
    """A factor: whole, or from its parts."""
    if name in mine:
        return mine[name]
    a, b = mine[f"{name}_a"], mine[f"{name}_b"]
    return torch.einsum("ijkl,jr,ip->prkl", mine[core], b, a) if core in mine else a @ b
