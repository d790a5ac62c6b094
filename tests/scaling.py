"""Mixed precision in float16 on a CPU, where the trainer would take bfloat16."""

import torch
from lightning.pytorch.plugins import MixedPrecision


class ScaledOnTheCPU(MixedPrecision):
    """Precision 16-mixed with the gradient scaler that a GPU gets, from a scale of 1024 on."""

    def __init__(self) -> None:
        super().__init__("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=1024.0))
