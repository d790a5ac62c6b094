"""Full fine-tuning: the denoiser's own weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import nn

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.methods.base import Method
from oldbook_diffusion.methods.layers import suffixes
from oldbook_diffusion.models import BaseModel


@dataclass
class FullFineTuning(Method):
    """Training of the denoiser's own weights; the originals are kept on the CPU.

    Attributes:
        target_modules: Sets of layers, or names of the modules to train, or parts of them between
            dots, such as attn1 or to_q; the whole denoiser when null.
    """

    target_modules: list[str] | None = None

    def attach(self, model: BaseModel) -> None:
        """Make the weights trainable, in float32.

        Raises:
            OldBookError: No module has one of the names.
        """
        for name, parameter in model.denoiser.named_parameters():
            if self.is_target(name):
                parameter.requires_grad_(True)
        if not any(p.requires_grad for p in model.denoiser.parameters()):
            raise OldBookError(
                f"model.method fits no layer of this model: none is named {self.target_modules}"
            )
        self.remember(model)

    def is_target(self, name: str) -> bool:
        """Whether a parameter is trained."""
        if self.target_modules is None:
            return True
        return any(f".{target}." in f".{name}." for target in suffixes(self.target_modules))

    @contextmanager
    def disabled(self, model: BaseModel) -> Iterator[None]:
        """Put the original weights in the place of the trained ones.

        Raises:
            OldBookError: The method is not attached to this model.
        """
        trained = self.trained(model)
        after = {name: parameter.data for name, parameter in trained.items()}
        for name, parameter in trained.items():
            parameter.data = self.initial[name].to(parameter)
        try:
            yield
        finally:
            for name, parameter in trained.items():
                parameter.data = after[name]

    def trained(self, model: BaseModel) -> dict[str, nn.Parameter]:
        """The trained parameters by name.

        Raises:
            OldBookError: They are not those that the method was attached to.
        """
        trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        if not trained or trained.keys() != getattr(self, "initial", {}).keys():
            raise OldBookError("the base model cannot be restored: its weights were not kept")
        return trained
