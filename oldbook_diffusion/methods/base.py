"""Interface of a fine-tuning method."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from oldbook_diffusion.methods.state import trainable_names
from oldbook_diffusion.models import BaseModel


class Method(ABC):
    """Which weights of a base model are trained, and how the base model is restored.

    An instance belongs to the one model that it is attached to.
    """

    initial: dict[str, Tensor]

    @abstractmethod
    def attach(self, model: BaseModel) -> None:
        """Make weights of the model's denoiser trainable; its predictions do not change.

        Raises:
            OldBookError: The method does not fit this model.
        """

    @abstractmethod
    def disabled(self, model: BaseModel) -> AbstractContextManager[None]:
        """Restore the base model exactly, for as long as the context lasts.

        Raises:
            OldBookError: It cannot be restored.
        """

    def parameter_groups(self, model: BaseModel) -> list[dict[str, Any]]:
        """Groups of trainable parameters for an optimizer."""
        return [{"params": [p for p in model.parameters() if p.requires_grad]}]

    def state(self, model: BaseModel) -> dict[str, Tensor]:
        """Trainable tensors by name."""
        names = trainable_names(model)
        return {name: value for name, value in model.state_dict().items() if name in names}

    def remember(self, model: BaseModel) -> None:
        """Keep the trainable tensors on the CPU, as they are before training."""
        state = self.state(model)
        self.initial = {name: value.detach().cpu().clone() for name, value in state.items()}

    def has_learned(self, model: BaseModel) -> bool:
        """Whether any trainable tensor differs from what it was before training."""
        state = self.state(model)
        return any(not torch.equal(self.initial[name], state[name].cpu()) for name in self.initial)
