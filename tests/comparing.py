"""Reads what runs have left, and compares it."""

from pathlib import Path

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

PLAIN = ("--render.prompts=[]", "--render.encoder=null")


def everything(run: Path, step: int) -> dict[str, object]:
    """What a checkpoint says about learning: weights, moments, schedule and position."""
    file = run / "checkpoints" / f"step={step:06d}.ckpt"
    content = torch.load(file, weights_only=True)
    kept = ("state_dict", "optimizer_states", "lr_schedulers", "global_step", "Illustrations")
    return {name: content[name] for name in kept}


def same(first: object, second: object) -> bool:
    if isinstance(first, torch.Tensor):
        assert isinstance(second, torch.Tensor)
        return torch.equal(first, second)
    if isinstance(first, dict):
        assert isinstance(second, dict)
        assert first.keys() == second.keys()
        return all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        assert isinstance(second, list | tuple)
        return all(same(a, b) for a, b in zip(first, second, strict=True))
    return first == second


def events(run: Path) -> EventAccumulator:
    reader = EventAccumulator(str(run), size_guidance={"images": 0, "scalars": 0})
    reader.Reload()
    return reader


class Killed(BaseException):
    """What a test raises where the power would fail."""
