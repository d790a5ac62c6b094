"""Methods of low-rank updates: LoRA, DoRA, LoRA+ and LoRA-FA."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from peft import LoraConfig, PeftConfig
from peft.tuners.lora import LoraLayer
from torch import nn

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.methods.peft import PeftMethod
from oldbook_diffusion.models import BaseModel
from oldbook_diffusion.randomness import key, normal

Initialization = Literal["gaussian", "kaiming", "orthogonal"]


@dataclass
class LoRA(PeftMethod):
    """Low-rank updates `alpha / rank * B A` (Hu et al. 2021).

    Attributes:
        rank: Rank of each update matrix.
        alpha: Scale of the update, applied as `alpha / rank`; the rank when null.
        dropout: Dropout on the input of the update.
        target_modules: Sets of layers (attention, feed_forward, projections, convolutions), or
            ends of their names.
        init_from: LoRA to start from: a file of diffusers or of kohya's scripts, a folder of peft,
            or a run; from the base model when null.
        rank_stabilized: Scale by `alpha / sqrt(rank)` (rsLoRA, Kalajdzievski 2023).
        initialization: How A is drawn; B is zero, but for orthogonal, where B A is zero.
        rank_pattern: Ranks of single layers, by the ends of their names.
        alpha_pattern: Alphas of single layers, likewise.
    """

    rank: int = 4
    alpha: float | None = None
    dropout: float = 0.0
    target_modules: list[str] = field(default_factory=lambda: ["attention"])
    init_from: str | None = None
    rank_stabilized: bool = False
    initialization: Initialization = "gaussian"
    rank_pattern: dict[str, int] = field(default_factory=dict)
    alpha_pattern: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rank in (self.rank, *self.rank_pattern.values()):
            if rank < 1:
                raise OldBookError(
                    f"model.method: a LoRA of rank {rank} learns nothing, take 1 or more"
                )

    def config(self) -> PeftConfig:
        """LoRA as a config of peft."""
        return low_rank(
            self,
            init_lora_weights=True if self.initialization == "kaiming" else self.initialization,
            use_rslora=self.rank_stabilized,
            rank_pattern=dict(self.rank_pattern),
            alpha_pattern=dict(self.alpha_pattern),
        )

    def prepare(self, model: BaseModel) -> None:
        """Refuse a pattern that no adapted layer fits; peft would ignore it."""
        paths = [path for path, _ in adapted(model)]
        for name, pattern in (("rank", self.rank_pattern), ("alpha", self.alpha_pattern)):
            for end in pattern:
                if not any(path == end or path.endswith(f".{end}") for path in paths):
                    raise OldBookError(
                        f"model.method.{name}_pattern: no adapted layer is called {end!r}, take "
                        f"the end of a name such as {paths[0]}"
                    )


@dataclass
class DoRA(PeftMethod):
    """LoRA of the direction of each weight, beside a trained magnitude (Liu et al. 2024).

    Attributes:
        rank: Rank of each update matrix.
        alpha: Scale of the update, applied as `alpha / rank`; the rank when null.
        dropout: Dropout on the input of the update.
        target_modules: Sets of layers, or ends of their names.
    """

    rank: int = 4
    alpha: float | None = None
    dropout: float = 0.0
    target_modules: list[str] = field(default_factory=lambda: ["attention"])

    def config(self) -> PeftConfig:
        """DoRA as a config of peft."""
        return low_rank(self, init_lora_weights="gaussian", use_dora=True)


@dataclass
class LoRAPlus(LoRA):
    """LoRA whose B learns faster than its A (LoRA+, Hayou et al. 2024).

    Attributes:
        rate_ratio: Learning rate of B over that of A, which is the optimizer's.
    """

    rate_ratio: float = 16.0

    def parameter_groups(self, model: BaseModel) -> list[dict[str, Any]]:
        """A at the optimizer's learning rate, and B at a multiple of it."""
        layers = [layer for _, layer in adapted(model)]
        return [
            {"params": [factor(layer.lora_A) for layer in layers]},
            {"params": [factor(layer.lora_B) for layer in layers], "rate_ratio": self.rate_ratio},
        ]


@dataclass
class LoRAFA(LoRA):
    """LoRA whose A is frozen (LoRA-FA, Zhang et al. 2023): B learns on fixed random features.

    Attributes:
        seed: Seed of A, which is a function of it and of the layer's name.
    """

    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.init_from is not None:
            raise OldBookError(
                "model.method.init_from does not go with LoRAFA, whose A is a function of its "
                "seed: take LoRA"
            )

    def prepare(self, model: BaseModel) -> None:
        """Draw A and freeze it."""
        super().prepare(model)
        for path, layer in adapted(model):
            a = factor(layer.lora_A)
            drawn = normal([key(self.seed, "lora_A", path)], a.shape)[0] / a.shape[0]
            with torch.no_grad():
                a.copy_(drawn.bfloat16())  # the same in every precision of the frozen weights
            a.requires_grad_(False)


def low_rank(method: LoRA | DoRA, **options: Any) -> PeftConfig:
    """The config of peft for what LoRA and DoRA share, with other options."""
    return LoraConfig(
        r=method.rank,
        lora_alpha=method.rank if method.alpha is None else method.alpha,
        lora_dropout=method.dropout,
        target_modules=method.targets(),
        **options,
    )


def adapted(model: BaseModel) -> Iterator[tuple[str, Any]]:
    """The layers of LoRA by their paths."""
    for path, layer in model.denoiser.named_modules():
        if isinstance(layer, LoraLayer):
            yield path, layer


def factor(factors: Any) -> nn.Parameter:
    """The weight of A or B of a layer."""
    return factors["default"].weight
