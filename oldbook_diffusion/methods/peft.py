"""Methods of peft: trainable layers beside frozen ones."""

import difflib
import inspect
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import peft
import torch
from peft import LoraConfig, PeftConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.methods.base import Method
from oldbook_diffusion.methods.checks import check_properties, predict
from oldbook_diffusion.models import BaseModel

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
# these attach and train, but not as their names say
INCOMPLETE = {
    "AdaLoraConfig": "it would never reallocate its ranks",
    "eva": "its initialization from data is not run, so that it would be plain LoRA",
    "lora_ga": "its initialization from gradients is not run, so that it would be plain LoRA",
}


class PeftMethod(Method):
    """A method of peft, injected into the denoiser."""

    @abstractmethod
    def config(self) -> PeftConfig:
        """The method as a config of peft."""

    def attach(self, model: BaseModel) -> None:
        """Inject the trainable layers; predictions do not change.

        Raises:
            OldBookError: No layer has one of the names, peft refuses, or the base model could not
                be restored.
        """
        base = predict(model)
        try:
            inject_adapter_in_model(self.config(), model.denoiser)
        except (ValueError, TypeError, KeyError, NotImplementedError) as error:
            reason = str(error).strip().split("\n")[0]
            raise OldBookError(f"model.method fits no layer of this model: {reason}") from error
        with torch.random.fork_rng():
            check_properties(self, model, base)
        self.remember(model)

    @contextmanager
    def disabled(self, model: BaseModel) -> Iterator[None]:
        """Switch the injected layers off.

        Raises:
            OldBookError: There are none.
        """
        layers = [x for x in model.denoiser.modules() if isinstance(x, BaseTunerLayer)]
        if not layers:
            raise OldBookError("the base model cannot be restored: no layer of peft is attached")
        # peft makes all of a layer trainable when it switches it on again
        trained = {p: p.requires_grad for layer in layers for p in layer.parameters()}
        for layer in layers:
            layer.enable_adapters(False)
        try:
            yield
        finally:
            for layer in layers:
                layer.enable_adapters(True)
            for parameter, requires_grad in trained.items():
                parameter.requires_grad_(requires_grad)


@dataclass
class LoRA(PeftMethod):
    """Low-rank updates `alpha / rank * B A` (Hu et al. 2021).

    Attributes:
        rank: Rank of each update matrix.
        alpha: Scale of the update, applied as `alpha / rank`; the rank when null.
        dropout: Dropout on the input of the update.
        target_modules: Suffixes of the layers to adapt.
        init_from: LoRA to start from: a file of diffusers or of kohya's scripts, a folder of peft,
            or a run; from the base model when null.
    """

    rank: int = 4
    alpha: float | None = None
    dropout: float = 0.0
    target_modules: list[str] = field(default_factory=lambda: list(ATTENTION))
    init_from: str | None = None

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise OldBookError(
                f"model.method: a LoRA of rank {self.rank} learns nothing, take 1 or more"
            )

    def config(self) -> PeftConfig:
        """LoRA as a config of peft."""
        return LoraConfig(
            r=self.rank,
            lora_alpha=self.rank if self.alpha is None else self.alpha,
            lora_dropout=self.dropout,
            target_modules=list(self.target_modules),
            init_lora_weights="gaussian",
        )


@dataclass
class Peft(PeftMethod):
    """Any method of peft, by its config.

    Attributes:
        config_class: Name of its config, such as LoHaConfig, LoKrConfig or OFTConfig.
        arguments: Arguments of the config, but for the target modules.
        target_modules: Suffixes of the layers to adapt.
    """

    config_class: str
    arguments: dict[str, Any] = field(default_factory=dict)
    target_modules: list[str] = field(default_factory=lambda: list(ATTENTION))

    def __post_init__(self) -> None:
        kinds = {name for name in dir(peft) if name.endswith("Config")}
        kind = f"model.method: {self.config_class}"
        if self.config_class not in kinds:
            raise OldBookError(f"{kind} is not a config of peft{closest(self.config_class, kinds)}")
        known = set(inspect.signature(getattr(peft, self.config_class)).parameters)
        for name in self.arguments:
            if name not in known:
                raise OldBookError(f"{kind} has no argument {name!r}{closest(name, known)}")
        for name in (self.config_class, str(self.arguments.get("init_lora_weights"))):
            if name in INCOMPLETE:
                raise OldBookError(f"{kind} is not supported with {name}: {INCOMPLETE[name]}")

    def config(self) -> PeftConfig:
        """The config of peft."""
        options = {**self.arguments, "target_modules": list(self.target_modules)}
        return getattr(peft, self.config_class)(**options)


def closest(name: str, known: set[str]) -> str:
    """The known name that is most like an unknown one, as the end of a sentence."""
    found = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {found[0]}?" if found else ""
