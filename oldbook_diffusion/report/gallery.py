"""Gallery of the page: the samples of each prompt and seed, with the room that they may take."""

import base64
import io
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import Any

import yaml
from PIL import Image

from oldbook_diffusion.report.records import Checkpoint, Key, Run

ROOM = 7_000_000  # bytes of all images on a page: it stays below 10 MB
SIDES = (256, 192, 128, 96, 64)  # of an image, at most: the largest that leaves room for enough
ENOUGH = 8  # checkpoints
MEASURED = 8  # images that the size of the others is estimated from
QUALITY = 82


@dataclass(frozen=True)
class Gallery:
    """The samples that a page shows of a run.

    Attributes:
        run: The run.
        room: Bytes that its images may take.
    """

    run: Run
    room: int = ROOM

    @cached_property
    def side(self) -> int:
        """The largest side of its images, in pixels."""
        wanted = 1 + min(ENOUGH, len(self.run.checkpoints) - 1)
        fitting = (side for side in SIDES if self.capacity(side) >= wanted * len(self.samples))
        return next(fitting, SIDES[-1])

    @cached_property
    def samples(self) -> list[Key]:
        """The prompts and seeds of the run's samples."""
        return list(self.run.checkpoints[0].samples)

    @cached_property
    def keys(self) -> list[Key]:
        """Those that are shown: the first ones, where there is no room for more."""
        return self.samples[: max(1, self.capacity(self.side) // 2)]

    @cached_property
    def shown(self) -> list[Checkpoint]:
        """The fine-tuned checkpoints shown: selected, first, last, and others evenly between."""
        steps = self.run.checkpoints[1:]
        number = self.capacity(self.side) // max(1, len(self.keys)) - 1
        if number >= len(steps):
            return steps
        chosen = {round(i * (len(steps) - 1) / max(1, number - 1)) for i in range(number)}
        last, selected = len(steps) - 1, self.run.selection.get("step")
        return [x for i, x in enumerate(steps) if i in chosen | {last} or x.step == selected]

    @property
    def note(self) -> str:
        """What is not shown, in a sentence."""
        shown, steps = len(self.shown), len(self.run.checkpoints) - 1
        told = []
        if shown < steps:
            told.append(f"{shown} of {steps} checkpoints")
        if len(self.keys) < len(self.samples):
            told.append(f"{len(self.keys)} of {len(self.samples)} samples of each")
        folder = self.run.relative(self.run.folder.images)
        return f"Shown: {' and '.join(told)}; all are in {folder}/." if told else ""

    def capacity(self, side: int) -> int:
        """How many pairs of images have room at a side: a base sample twice, or one and a plate."""
        means = [
            mean(pair_size(checkpoint, key, side) for key in few)
            for checkpoint in (self.run.checkpoints[0], self.run.checkpoints[-1])
            if (few := list(checkpoint.samples)[:MEASURED])
        ]
        return int(self.room / max(means, default=1.0))

    @property
    def cards(self) -> list[dict[str, Any]]:
        """A card for each prompt and seed: the base's sample, and those of checkpoints."""
        base = self.run.checkpoints[0].samples
        return [
            {
                "prompt": key[0],
                "seed": key[1],
                "base": data_uri(base[key].file, self.side),
                "fine_tuned": [self.view(x, key) for x in self.shown if key in x.samples],
            }
            for key in self.keys
        ]

    def view(self, checkpoint: Checkpoint, key: Key) -> dict[str, Any]:
        """One sample of a checkpoint, the command to repeat it, and the plate nearest to it."""
        sample, near = checkpoint.samples[key], checkpoint.nearest.get(key)
        adapter = self.run.folder.adapter(checkpoint.step)
        return {
            "step": checkpoint.step,
            "picture": data_uri(sample.file, self.side),
            "command": command(self.base_model, adapter, key[0], sample.metadata),
            "near": near
            and {
                "picture": data_uri(near.plate.file, self.side),
                "caption": near.plate.caption,
                "similarity": near.similarity,
            },
        }

    @cached_property
    def base_model(self) -> str:
        """The base model that the run's config names, as a word of the command line."""
        try:
            content = yaml.safe_load(self.run.config)
        except yaml.YAMLError:
            return "BASE"
        model = content.get("model") if isinstance(content, dict) else None
        model = model if isinstance(model, dict) else {}
        if model.get("base"):
            return json.dumps(model["base"])
        return str(model.get("pretrained") or "BASE")


def pair_size(checkpoint: Checkpoint, key: Key, side: int) -> int:
    """Bytes of a sample with the image beside it: the plate nearest to it, or itself again."""
    sample, near = checkpoint.samples[key].file, checkpoint.nearest.get(key)
    other = near.plate.file if near else sample
    return len(data_uri(sample, side)) + len(data_uri(other, side))


def data_uri(file: Path, side: int) -> str:
    """An image as a data URI, made smaller where it is larger than a side in pixels."""
    content = io.BytesIO()
    with Image.open(file) as image:
        image.draft("RGB", (side, side))
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        image.convert("RGB").save(content, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(content.getvalue()).decode()


def command(base_model: str, adapter: Path, prompt: str, metadata: Mapping[str, str]) -> str:
    """The command that generates a sample again."""
    sampling = ("scheduler", "num_inference_steps", "guidance_scale", "negative_prompt")
    words = ["oldbook", "render", prompt, "--base", base_model, "--adapter", str(adapter)]
    for name in ("seed", *sampling, "resolution"):
        if metadata.get(name):
            words += [f"--{name}", metadata[name]]
    return shlex.join(words)
