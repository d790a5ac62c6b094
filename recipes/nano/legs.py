"""Training in legs: a budget of minutes instead of a number of steps, and a state on disk."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

CACHE = Path(os.environ.get("NANO_CACHE", ".cache/nano"))
CHECKPOINTS = Path("checkpoints/nano")
WARMUP = 0.02
COOLDOWN = 0.3
SAVE_EVERY = 150.0  # seconds
Step = Callable[..., tuple[Tensor, ...]]


def rate_at(progress: float) -> float:
    """Warm-up, plateau, linear cool-down (Hägele et al. 2024), as a factor of the peak rate.

    A plateau, unlike a cosine, lets a later leg with a longer budget go on from where it was.
    """
    return min(1.0, progress / WARMUP, max(0.0, (1 - progress) / COOLDOWN))


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Set the learning rate, in place where a captured step reads it from the device."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


class CapturedStep:
    """A training step on a GPU, captured once and replayed.

    A network of many small layers runs faster than its kernels are launched one by one: 118 ms a
    step of 256 scenes against about 30 ms of work, measured on an H200.

    Args:
        step: A training step on tensors; returns tensors, and reads nothing from the device.
        examples: Tensors of the shapes that it is always called with.
    """

    def __init__(self, step: Step, *examples: Tensor) -> None:
        self.inputs = examples
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # so that libraries choose their algorithms
            for _ in range(3):
                step(*examples)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.outputs = step(*examples)

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Replay it on other inputs; its outputs are overwritten by the next call."""
        for mine, new in zip(self.inputs, inputs, strict=True):
            mine.copy_(new)
        self.graph.replay()
        return self.outputs


class Leg:
    """The state of one training, kept in a file and carried from leg to leg.

    Args:
        path: File of the state.
        parts: What is restored and saved, by name: networks and optimizers.
        minutes: The budget of all legs together; the cool-down ends with it.
        device: Where the restored tensors go.
    """

    def __init__(self, path: Path, parts: dict[str, Any], minutes: float, device: str) -> None:
        self.path, self.parts, self.budget = path, parts, minutes * 60
        self.spent, self.step = 0.0, 0
        if path.is_file():
            state = torch.load(path, map_location=device, weights_only=True)
            self.spent, self.step = state.pop("spent"), state.pop("step")
            for name, part in parts.items():
                part.load_state_dict(state[name])

    def steps(self, optimizer: Optimizer, rate: float) -> Iterator[int]:
        """Number the steps until the budget is spent, setting the learning rate at each."""
        last = saved = time.monotonic()
        while self.spent < self.budget:
            set_rate(optimizer, rate * rate_at(self.spent / self.budget + 1e-4))
            yield self.step
            now = time.monotonic()
            self.spent, self.step, last = self.spent + now - last, self.step + 1, now
            if now - saved > SAVE_EVERY:
                self.save()
                saved = now
        self.save()

    def save(self) -> None:
        """Write the state beside its file, then rename: a cut never leaves half a file."""
        state = {name: part.state_dict() for name, part in self.parts.items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        torch.save({"spent": self.spent, "step": self.step, **state}, draft)
        draft.replace(self.path)


def mixed_precision(device: str) -> torch.autocast:
    """Convolutions and products in bfloat16, a fifth faster on a processor that has it."""
    kind = torch.device(device).type
    return torch.autocast(kind, torch.bfloat16, cache_enabled=kind == "cpu")  # no cache in a graph


def norms_in_float32(network: nn.Module) -> None:
    """Feed group norms float32: their backward pass is three times slower in bfloat16 on a CPU."""
    for module in network.modules():
        if isinstance(module, nn.GroupNorm):
            module.register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, step: int, decay: float = 0.999) -> None:
    """Move the average of the weights a little towards the weights, faster at the start."""
    weight = 1 - min(decay, (step + 1) / (step + 10))
    mine, other = list(average.parameters()), list(network.parameters())
    torch._foreach_lerp_(mine, other, weight)
