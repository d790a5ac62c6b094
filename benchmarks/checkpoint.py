"""Benchmark of checkpoints: time to save one, and its size.

    python -m benchmarks.checkpoint

Saves an adapter of rank 4 on a denoiser of the size of Stable Diffusion 1.4 with its AdamW
moments, as a run does: written to a draft, flushed, read again, renamed. The
other side saves the frozen weights with them, as Lightning does unless told otherwise, with a
plain `torch.save` that flushes and checks nothing. Prints a table in Markdown.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from peft import inject_adapter_in_model
from torch import Tensor, nn

from benchmarks.turns import clocked, made_with, show, table, take_turns
from oldbook_diffusion.methods import LoRA
from oldbook_diffusion.methods.state import keep_trainable, trainable_names
from oldbook_diffusion.run.checkpoint_io import DurableCheckpointIO

WIDTHS, TEXT_WIDTH = (320, 640, 1280, 1280), 768
OTHER_WEIGHTS = 83_653_863 + 123_060_480  # of the autoencoder and of the text encoder


def adapted(widths: Sequence[int], rank: int) -> nn.Module:
    """A denoiser without weights, but for those of its adapter."""
    with torch.device("meta"):
        unet = UNet2DConditionModel(block_out_channels=widths, cross_attention_dim=TEXT_WIDTH)
    unet.requires_grad_(False)
    inject_adapter_in_model(LoRA(rank).config(), unet)
    for module in unet.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            if weight.requires_grad:
                setattr(module, name, nn.Parameter(torch.randn(weight.shape)))
    return unet


def moments(unet: nn.Module) -> dict[str, Any]:
    """The state of AdamW after a step."""
    learning = [weight for weight in unet.parameters() if weight.requires_grad]
    for weight in learning:
        weight.grad = torch.randn_like(weight)
    optimizer = torch.optim.AdamW(learning)
    optimizer.step()
    return optimizer.state_dict()


def frozen(unet: nn.Module, other: int) -> dict[str, Tensor]:
    """Zeros in place of the frozen weights."""
    weights = {
        name: torch.zeros(value.shape) if value.is_meta else value
        for name, value in unet.state_dict().items()
    }
    return {**weights, "others": torch.zeros(other)}


def compare(folder: Path, unet: nn.Module, other: int, rounds: int) -> str:
    """Save both ways in turns, and make the table."""
    optimizer, everything = moments(unet), frozen(unet, other)
    ours, theirs = folder / "ours.ckpt", folder / "theirs.ckpt"

    def save_ours() -> None:
        weights = keep_trainable(unet, unet.state_dict())
        content = {"state_dict": weights, "optimizer_states": [optimizer]}
        DurableCheckpointIO().save_checkpoint(content, ours)

    def save_theirs() -> None:
        torch.save({"state_dict": everything, "optimizer_states": [optimizer]}, theirs)

    def settled(save: Any) -> dict[str, float]:
        os.sync()  # no side waits for what the other has left to write
        return clocked(save)

    seconds = take_turns(
        {"ours": lambda: settled(save_ours), "theirs": lambda: settled(save_theirs)}, rounds
    )
    sizes = [file.stat().st_size / 1e6 for file in (ours, theirs)]
    rows = [["MB", *sizes]]
    for name, unit in (("wall", "clock"), ("cpu", "processor")):
        stalls = [seconds[side][name] for side in ("ours", "theirs")]
        rows.append([f"seconds of the {unit}", *stalls])
    header = ["", "adapter and moments", "everything", "ratio"]
    return table(header, [[*row, row[2] / row[1]] for row in rows])


def main(arguments: Sequence[str] | None = None) -> None:
    """Take turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", type=int, nargs=4, default=WIDTHS)
    parser.add_argument("--other_weights", type=int, default=OTHER_WEIGHTS)
    parser.add_argument("--rank", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    unet = adapted(given.widths, given.rank)
    learning = sum(unet.get_parameter(name).numel() for name in trainable_names(unet))
    with tempfile.TemporaryDirectory() as folder:
        text = compare(Path(folder), unet, given.other_weights, given.rounds)
    about = f"{learning} of {sum(w.numel() for w in unet.parameters())} weights of the denoiser "
    about += f"learn; medians of {given.rounds} turns; {made_with('diffusers', 'peft')}"
    show(text, about)


if __name__ == "__main__":
    main()
