"""Layers of adapter files of kohya's scripts: their names, and the update that each one holds."""

from collections.abc import Mapping

import torch
from torch import Tensor

PREFIX = {"unet": "lora_unet_", "te": "lora_te_text_model_"}
OLD_TEXT_MODEL = "text_model."  # below which transformers before 5 kept the layers of CLIP
KINDS = {"lora_up.weight": "LoRA", "hada_w1_a": "LoHa", "lokr_w1": "LoKr", "lokr_w1_a": "LoKr"}
UNCLEAR = {
    "dora_scale": "DoRA, from which programs compute different things",
    "oft_blocks": "OFT",
    "lora_mid.weight": "LoCon in Tucker form",
    "diff": "whole weights",
}


def layer_name(path: str, prefix: str = PREFIX["unet"]) -> str:
    """The name of a layer, from its path in the network."""
    return prefix + path.removeprefix(OLD_TEXT_MODEL).replace(".", "_")


def delta(name: str, parts: Mapping[str, Tensor]) -> Tensor:
    """The update of a layer's weight, in float32 and maybe of another shape with its numbers.

    As kohya's scripts (LoRA) and LyCORIS 4 (LoHa, LoKr) compute it: scaled by alpha / rank, by 1
    where there is no alpha.

    Raises:
        ValueError: It is of a kind that is not read, or lacks a tensor.
    """
    kind = next((kind for part, kind in KINDS.items() if part in parts), None)
    unclear = next((what for part, what in UNCLEAR.items() if part in parts), None)
    if kind is None or unclear:
        raise ValueError(f"{name} holds {unclear or 'tensors ' + ', '.join(sorted(parts))}")
    numbers = {part: value.float() for part, value in parts.items()}
    try:
        update, rank = UPDATES[kind](numbers)
    except KeyError as error:
        raise ValueError(f"{name} lacks the tensor {error}") from error
    scale = 1.0 if rank is None or "alpha" not in numbers else float(numbers["alpha"]) / rank
    return update * scale


def lora(parts: Mapping[str, Tensor]) -> tuple[Tensor, int | None]:
    """Up times down (Hu et al. 2021), and the rank."""
    up, down = parts["lora_up.weight"], parts["lora_down.weight"]
    return up.flatten(1) @ down.flatten(1), down.shape[0]


def loha(parts: Mapping[str, Tensor]) -> tuple[Tensor, int | None]:
    """The elementwise product of two products (Hyeon-Woo et al. 2021), and the rank."""
    factors = [
        tucker(parts[f"hada_t{n}"], parts[f"hada_w{n}_a"], parts[f"hada_w{n}_b"])
        if f"hada_t{n}" in parts
        else parts[f"hada_w{n}_a"] @ parts[f"hada_w{n}_b"]
        for n in (1, 2)
    ]
    return factors[0] * factors[1], parts["hada_w1_b"].shape[0]


def lokr(parts: Mapping[str, Tensor]) -> tuple[Tensor, int | None]:
    """The Kronecker product of two factors, and the rank; null where neither is decomposed."""
    factors, rank = [], None
    for n in (1, 2):
        factor = parts.get(f"lokr_w{n}")
        if factor is None:
            a, b = parts[f"lokr_w{n}_a"], parts[f"lokr_w{n}_b"]
            rank = b.shape[0]
            factor = tucker(parts["lokr_t2"], a, b) if n == 2 and "lokr_t2" in parts else a @ b
        factors.append(factor)
    first, second = factors
    return torch.kron(first.reshape(*first.shape, *[1] * (second.dim() - 2)), second), rank


def tucker(core: Tensor, a: Tensor, b: Tensor) -> Tensor:  # => [out, in, kh, kw]
    """A convolution's weight from its core [r, r, kh, kw] and factors [r, out] and [r, in]."""
    return torch.einsum("i j k l, j r, i p -> p r k l", core, b, a).contiguous()


UPDATES = {"LoRA": lora, "LoHa": loha, "LoKr": lokr}
