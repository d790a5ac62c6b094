"""Methods of peft: trainable layers beside frozen ones."""

import difflib
import inspect
import re
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import peft
import torch
from peft import PeftConfig, PeftModel, get_peft_model, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.methods.base import Method
from oldbook_diffusion.methods.checks import check_properties, predict
from oldbook_diffusion.methods.layers import check_targets, suffixes
from oldbook_diffusion.models import BaseModel

REFUSALS = (ValueError, TypeError, KeyError, NotImplementedError, AttributeError)
# these keep what their layers share in the model around them, so that they cannot be injected
SHARING = ("VERA", "TINYLORA")
PLAIN_LORA = "is not run, so that it would be plain LoRA"
# these attach and train, but not as their names say, or cannot be put together here
INCOMPLETE = {
    "AdaLoraConfig": "it would never reallocate its ranks",
    "FRoDConfig": "it needs layers of one width",
    "XLoraConfig": "it needs a language model",
    "PolyConfig": "it needs the number of a task with every batch",
    "eva": f"its initialization from data {PLAIN_LORA}",
    "lora_ga": f"its initialization from gradients {PLAIN_LORA}",
    "corda": "its initialization from data is not run",
    "pissa": "it changes weights of the base model, which could not be restored",
    "olora": "it changes weights of the base model, which could not be restored",
    "loftq": "it needs a quantized base model",
}


def inject(config: PeftConfig, denoiser: nn.Module) -> PeftModel | None:
    """Put the layers of a method into a denoiser, in place.

    Returns:
        The model around it where layers share tensors, which is needed to write them; null else.
    """
    if config.peft_type in SHARING:
        return get_peft_model(denoiser, config)
    inject_adapter_in_model(config, denoiser)
    return None


class PeftMethod(Method):
    """A method of peft, injected into the denoiser.

    Attributes:
        target_modules: Sets of layers (attention, feed_forward, projections, convolutions, norms),
            or ends of their names.
    """

    target_modules: list[str]

    @abstractmethod
    def config(self) -> PeftConfig:
        """The method as a config of peft."""

    def targets(self) -> list[str]:
        """The ends of the names of the layers to adapt: once attached, those that there are."""
        return list(getattr(self, "found", None) or suffixes(self.target_modules))

    def attach(self, model: BaseModel) -> None:
        """Inject the trainable layers; predictions do not change.

        Raises:
            OldBookError: No layer has one of the names, peft refuses, or the base model could not
                be restored.
        """
        base = predict(model)
        self.found = check_targets(self.target_modules, model.denoiser)
        try:
            self.wrapper = inject(self.config(), model.denoiser)
        except REFUSALS as error:
            reason = re.split(r"\n|\. ", str(error).strip())[0].rstrip(".")
            raise OldBookError(
                f"model.method: {type(self).__name__} does not fit these layers: {reason}; set "
                "other target_modules"
            ) from error
        self.prepare(model)
        with torch.random.fork_rng():
            check_properties(self, model, base)
        self.remember(model)

    def prepare(self, model: BaseModel) -> None:
        """What is left to do with injected layers; nothing by default."""

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
class Peft(PeftMethod):
    """Any method of peft, by its config.

    Attributes:
        config_class: Name of its config, such as HiraConfig or GraloraConfig.
        arguments: Arguments of the config, but for the target modules.
        target_modules: Sets of layers, or ends of their names.
    """

    config_class: str
    arguments: dict[str, Any] = field(default_factory=dict)
    target_modules: list[str] = field(default_factory=lambda: ["attention"])

    def __post_init__(self) -> None:
        kinds = {name for name in dir(peft) if name.endswith("Config")}
        kind = f"model.method: {self.config_class}"
        if self.config_class not in kinds:
            raise OldBookError(f"{kind} is not a config of peft{closest(self.config_class, kinds)}")
        known = set(inspect.signature(getattr(peft, self.config_class)).parameters)
        for name in self.arguments:
            if name not in known:
                raise OldBookError(f"{kind} has no argument {name!r}{closest(name, known)}")
        start = str(self.arguments.get("init_lora_weights")).split("_niter_")[0]
        for name in (self.config_class, start):
            if name in INCOMPLETE:
                raise OldBookError(f"{kind} is not supported with {name}: {INCOMPLETE[name]}")

    def config(self) -> PeftConfig:
        """The config of peft."""
        return getattr(peft, self.config_class)(**self.arguments, target_modules=self.targets())


def closest(name: str, known: set[str]) -> str:
    """The known name that is most like an unknown one, as the end of a sentence."""
    found = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {found[0]}?" if found else ""
