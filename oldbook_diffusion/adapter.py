"""The adapter: small trainable updates to frozen attention layers, the only weights that learn."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from peft import LoraConfig, PeftConfig, get_peft_model_state_dict, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from oldbook_diffusion.errors import OldBookError

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")


class Adapter(ABC):
    """One method of adapting a frozen network."""

    @abstractmethod
    def config(self) -> PeftConfig:
        """Describe the method to peft."""

    def attach(self, network: nn.Module) -> None:
        """Add the trainable layers to a frozen network, in place; at first they change nothing.

        Raises:
            OldBookError: No layer of the network has one of the names.
        """
        try:
            inject_adapter_in_model(self.config(), network)
        except ValueError as error:
            raise OldBookError(f"the adapter fits no layer of this model: {error}") from error


@dataclass(frozen=True)
class LoRA(Adapter):
    """Low-rank updates `alpha / rank * B A` (Hu et al. 2021).

    Attributes:
        rank: Rank of each update matrix.
        alpha: Scale of the update, applied as `alpha / rank`; the rank when null.
        dropout: Dropout on the input of the update.
        target_modules: Suffixes of the layers to adapt.
    """

    rank: int = 4
    alpha: float | None = None
    dropout: float = 0.0
    target_modules: list[str] = field(default_factory=lambda: list(ATTENTION))

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise OldBookError(
                f"model.adapter: a LoRA of rank {self.rank} learns nothing, take 1 or more"
            )

    def config(self) -> PeftConfig:
        """Describe LoRA to peft."""
        return LoraConfig(
            r=self.rank,
            lora_alpha=self.rank if self.alpha is None else self.alpha,
            lora_dropout=self.dropout,
            target_modules=list(self.target_modules),
            init_lora_weights="gaussian",
        )


def trainable_names(module: nn.Module) -> set[str]:
    """Name the parameters that learn."""
    return {name for name, parameter in module.named_parameters() if parameter.requires_grad}


def keep_trainable(module: nn.Module, state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Keep the weights that learn."""
    names = trainable_names(module)
    return {name: value for name, value in state_dict.items() if name in names}


def restore_frozen(module: nn.Module, state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Complete trainable weights with the module's frozen ones, so that loading stays strict."""
    names = trainable_names(module)
    frozen = {name: value for name, value in module.state_dict().items() if name not in names}
    return {**frozen, **state_dict}


def explain_misfit(module: nn.Module, state_dict: Mapping[str, Tensor]) -> str | None:
    """Say why trainable weights do not fit a module, or nothing when they do."""
    ours = {name: tuple(module.state_dict()[name].shape) for name in trainable_names(module)}
    theirs = {name: tuple(value.shape) for name, value in state_dict.items()}
    if missing := sorted(ours.keys() - theirs.keys()):
        return f"{len(missing)} weights are missing, first {missing[0]}"
    if extra := sorted(theirs.keys() - ours.keys()):
        return f"{len(extra)} weights have no place, first {extra[0]}"
    resized = sorted(name for name in ours if ours[name] != theirs[name])
    if resized:
        name = resized[0]
        return f"{name} has shape {list(theirs[name])}, this model needs {list(ours[name])}"
    return None


@contextmanager
def without_adapter(network: nn.Module) -> Iterator[None]:
    """Use the network as it was before the adapter came.

    Raises:
        OldBookError: There is no adapter that can be disabled, so that the network as it is would
            be taken for the base model.
    """
    layers = [module for module in network.modules() if isinstance(module, BaseTunerLayer)]
    if not layers:
        raise OldBookError(
            "the base model cannot be restored: the denoiser has no adapter that can be disabled"
        )
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def export_adapter(unet: UNet2DConditionModel, folder: Path) -> None:
    """Write what `StableDiffusionPipeline.load_lora_weights` reads.

    The metadata carries rank and alpha: without them diffusers takes alpha = rank, and draws
    otherwise. It carries no dropout: diffusers would go on dropping while it draws. The names are
    peft's for every layer: diffusers' converter renames those of attention projections alone, and
    from a file with names of both kinds its loader takes none of them, in silence.

    Raises:
        OldBookError: Diffusers could not load it, or it would be of no use; nothing is written.
    """
    config, weights = unet.peft_config["default"], get_peft_model_state_dict(unet)
    check_exportable(config, weights)
    metadata = {**config.to_dict(), "lora_dropout": 0.0}
    StableDiffusionPipeline.save_lora_weights(
        folder,
        unet_lora_layers=weights,
        unet_lora_adapter_metadata=metadata,
    )


def check_exportable(config: PeftConfig, weights: Mapping[str, Tensor]) -> None:
    """Refuse an adapter that diffusers cannot load, or that nobody should.

    Raises:
        OldBookError: It is no LoRA, it has weights that are NaN or inf, or it has not learned.
    """
    if type(config) is not LoraConfig:
        raise OldBookError(
            f"diffusers loads LoRA files alone, and this adapter is a {type(config).__name__}"
        )
    bad = [name for name, value in weights.items() if not value.isfinite().all()]
    if bad:
        raise OldBookError(f"{len(bad)} of its tensors hold NaN or inf, first {bad[0]}")
    if not any(value.any() for name, value in weights.items() if "lora_B" in name):
        raise OldBookError("it has not learned anything, all its updates are zero")
