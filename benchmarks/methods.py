"""Benchmark of methods: what each costs beside LoRA.

    OMP_NUM_THREADS=1 python -m benchmarks.methods

Every overlay of `configs/methods/` is attached to the small base model that ships with the
project, and takes training steps on noise in turns with the others: forward, backward and
AdamW. Memory is that of the tensors that the forward pass keeps for the backward pass; the size
of a file that of the smallest format at checkpoints. Prints a table in Markdown.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from benchmarks.turns import Figures, clocked, made_with, show, size_on_disk, table
from oldbook_diffusion.export import FORMATS, export
from oldbook_diffusion.methods import METHODS, Method
from oldbook_diffusion.models import StableDiffusion
from oldbook_diffusion.objectives import DenoisingLoss
from oldbook_diffusion.optimization import build_optimizer

ROOT = Path(__file__).parent.parent
BASE, OVERLAYS = ROOT / "checkpoints/nano/base", ROOT / "configs/methods"


def method_of(overlay: Path) -> Method:
    """The method of an overlay."""
    part = yaml.safe_load(overlay.read_text())["model"]["method"]
    kind: Callable[..., Method] = next(one for one in METHODS if one.__name__ == part["class_path"])
    return kind(**part["init_args"])


class Side:
    """A method on a base model of its own, ready for steps.

    Args:
        overlay: Names the method.
        batch_size: Samples a step.
    """

    def __init__(self, overlay: Path, batch_size: int) -> None:
        torch.manual_seed(0)
        self.method, self.model = method_of(overlay), StableDiffusion(str(BASE))
        self.method.attach(self.model)
        self.model.train()
        self.model.image_encoder.to("meta")  # not needed: fifteen of them stand side by side
        groups = self.method.parameter_groups(self.model)
        self.optimizer = build_optimizer(lambda ones: torch.optim.AdamW(ones, lr=1e-4), groups)
        seeds = range(batch_size)
        self.latents = self.model.latent_noise(seeds, 128)
        self.noise = self.model.latent_noise(range(100, 100 + batch_size), 128)
        self.times = self.model.process.times(seeds)
        self.conditioning = self.model.encode_prompts(["a castle"] * batch_size)

    def loss(self) -> Tensor:
        """The loss of a batch of noise."""
        drawn = (self.latents, self.noise, self.times, self.conditioning)
        return DenoisingLoss()(self.model, *drawn).mean()

    def step(self) -> None:
        """A training step."""
        self.loss().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def kept(self) -> float:
        """Megabytes that a forward pass keeps for the backward pass, each storage once."""
        sizes: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            sizes[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            self.loss()
        weights = {p.untyped_storage().data_ptr() for p in self.model.parameters()}
        return sum(size for place, size in sizes.items() if place not in weights) / 1e6

    def file(self) -> float:
        """Kilobytes of the smallest format that a checkpoint is written in."""
        formats = [x for x in FORMATS if x.by_default and x.supports(self.method, self.model)]
        sizes = []
        for exporter in formats:
            with tempfile.TemporaryDirectory() as folder:
                export(exporter, self.method, self.model, Path(folder))
                sizes.append(1000 * size_on_disk(Path(folder)))
        return min(sizes)


def measure(names: Sequence[str], batch_size: int, rounds: int) -> list[list[Any]]:
    """A row for each method; times are paired with LoRA's of the same turn."""
    sides = {name: Side(OVERLAYS / f"{name}.yaml", batch_size) for name in names}
    for side in sides.values():
        side.step()  # the first one allocates
    turns: list[dict[str, Figures]] = [
        {name: clocked(side.step) for name, side in sides.items()} for _ in range(rounds)
    ]
    rows = []
    for name, side in sides.items():
        ratios = [turn[name]["cpu"] / turn["lora"]["cpu"] for turn in turns]
        trained = sum(p.numel() for p in side.model.parameters() if p.requires_grad)
        seconds = statistics.median(turn[name]["cpu"] for turn in turns)
        ratio = statistics.median(ratios)
        kind = type(side.method).__name__
        rows.append([kind, f"{trained:,}", seconds, ratio, side.kept(), side.file()])
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Take turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    every = sorted(overlay.stem for overlay in OVERLAYS.glob("*.yaml"))
    parser.add_argument("--methods", nargs="+", default=every)
    parser.add_argument("--batch_size", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args(arguments)
    names = ["lora", *(name for name in given.methods if name != "lora")]
    header = ["method", "trained weights", "seconds a step", "x LoRA", "MB kept", "KB of a file"]
    text = table(header, measure(names, given.batch_size, given.rounds))
    about = f"{given.batch_size} samples a step, medians of {given.rounds} turns; "
    show(text, about + made_with("diffusers", "peft"))


if __name__ == "__main__":
    main()
