"""Objectives that go wrong."""

from typing import Any

from torch import Tensor

from oldbook_diffusion.objectives import DenoisingLoss


class NoNumber(DenoisingLoss):
    """A loss that is NaN in some of its training batches, counted from 0."""

    def __init__(self, batches: list[int], value: float = float("nan")) -> None:
        super().__init__()
        self.batches = batches
        self.value = value
        self.count = -1

    def forward(self, *arguments: Any) -> Tensor:
        loss = super().forward(*arguments)
        self.count += self.training
        return loss * self.value if self.training and self.count in self.batches else loss


class Rising(DenoisingLoss):
    """A loss that is many times as large from a training batch on, counted from 0."""

    def __init__(self, batch: int, times: float = 20.0) -> None:
        super().__init__()
        self.batch = batch
        self.times = times
        self.count = -1

    def forward(self, *arguments: Any) -> Tensor:
        loss = super().forward(*arguments)
        self.count += self.training
        return loss * self.times if self.training and self.count >= self.batch else loss
