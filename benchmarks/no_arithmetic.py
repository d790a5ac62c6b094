"""Parts of a run that trains nothing: an objective without arithmetic, and a clock."""

import time

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn

from oldbook_diffusion.objectives import Objective
from oldbook_diffusion.objectives.base import Denoiser


class Nothing(Objective):
    """A loss that costs nothing, and has a gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[nn.Parameter] = []  # a list: it is the model's, and not this module's

    def forward(
        self,
        model: Denoiser,
        latents: Tensor,
        noise: Tensor,
        times: Tensor,
        conditioning: dict[str, Tensor],
        mixed: Tensor | None = None,
    ) -> Tensor:  # => [B]
        """Zero for each plate."""
        if not self.found:
            assert isinstance(model, nn.Module)
            self.found = [next(p for p in model.parameters() if p.requires_grad)]
        return self.found[0].sum() * latents.new_zeros(len(latents))


class Clock(Callback):
    """The time at the start of each micro-step."""

    times: list[float] = []  # noqa: RUF012

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """Read the clock."""
        self.times.append(time.perf_counter())
