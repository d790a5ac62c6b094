"""Benchmark of training on a GPU: `oldbook fit`, a loop as in diffusers' script, the denoiser.

    python -m benchmarks.gpu

Makes a Stable Diffusion in the shape of 1.4 with random weights and pages of 1600 pixels, and
trains a LoRA of rank 4 in float16 at 512 pixels, 4 plates an update: one at once, four times, or
four at once. The sides take turns: the loop of diffusers' train_text_to_image_lora.py, which
encodes at every visit and reads the loss at every micro-step, with as many workers; `oldbook fit`
with a cache that is empty or full, and compiled; and the denoiser's own forward and backward pass,
which no training loop can beat. Prints tables in Markdown, and which lines make the processor wait.
Without a GPU it runs a small model on the CPU, to show that it runs.
"""

import argparse
import gc
import io
import json
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import yaml
from datasets import Dataset, Features, Image, Value
from diffusers import StableDiffusionPipeline
from peft import LoraConfig
from PIL import Image as Picture
from torch import Tensor, nn
from torchvision import transforms

from benchmarks.clock_updates import Clock
from benchmarks.shapes import RESOLUTIONS, write_shape
from benchmarks.turns import Figures, made_with, show, table, take_turns
from oldbook_diffusion.cli import main as oldbook
from tests import tiny

PLATES, RANK, WORKERS = 4, 4, 4  # plates of an update
OPTIMIZER = {"lr": 3e-4, "weight_decay": 1e-2}
ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]


class Pages(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """Pages as diffusers' script prepares them: pixels in [-1, 1], and tokens."""

    def __init__(self, world: Path, resolution: int, tokenizer: Any) -> None:
        self.rows = Dataset.from_parquet(str(world / "pages/pages.parquet"))
        self.tokenizer = tokenizer
        self.transform = transforms.Compose(
            [
                transforms.Resize(resolution, transforms.InterpolationMode.LANCZOS),
                transforms.CenterCrop(resolution),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize([0.5], [0.5]),
            ]
        )

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        row = self.rows[index]
        tokens = self.tokenizer(
            row["text"], padding="max_length", truncation=True, return_tensors="pt"
        )
        return self.transform(row["image"].convert("RGB")), tokens.input_ids[0]


class Reference:
    """What diffusers' script does at a step, in float16 under a gradient scaler on a GPU."""

    def __init__(self, world: Path, resolution: int, batch_size: int, device: str) -> None:
        self.world, self.resolution, self.batch_size = world, resolution, batch_size
        self.device = torch.device(device)
        self.dtype = torch.float16 if device == "cuda" else torch.float32
        self.parts = StableDiffusionPipeline.from_pretrained(
            world / "model", torch_dtype=self.dtype, safety_checker=None
        ).to(self.device)
        for part in (self.parts.vae, self.parts.text_encoder, self.parts.unet):
            part.requires_grad_(False)
        self.parts.unet.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=ATTENTION))
        self.learning = [p for p in self.parts.unet.parameters() if p.requires_grad]
        for parameter in self.learning:
            parameter.data = parameter.data.float()
        self.scaler = torch.amp.GradScaler(device, enabled=device == "cuda")

    def autocast(self) -> torch.autocast:
        """Half precision on a GPU."""
        return torch.autocast(self.device.type, torch.float16, enabled=self.dtype == torch.float16)

    def loss(self, pixels: Tensor, tokens: Tensor) -> Tensor:  # => scalar
        """A micro-step."""
        parts = self.parts
        latents = parts.vae.encode(pixels.to(self.device, self.dtype)).latent_dist.sample()
        latents = latents * parts.vae.config.scaling_factor
        noise = torch.randn_like(latents)
        times = torch.randint(1000, (len(latents),), device=self.device)
        noisy = parts.scheduler.add_noise(latents, noise, times)
        prompt_embeds = parts.text_encoder(tokens.to(self.device))[0]
        with self.autocast():
            predicted = parts.unet(noisy, times, prompt_embeds).sample
        return F.mse_loss(predicted.float(), noise.float())

    def train(self, updates: int) -> Figures:
        """Train, and tell milliseconds and memory."""
        pages = Pages(self.world, self.resolution, self.parts.tokenizer)
        batches = torch.utils.data.DataLoader(pages, self.batch_size, num_workers=WORKERS)
        optimizer = torch.optim.AdamW(self.learning, **OPTIMIZER)
        clock, micro_steps = Clock(self.device), PLATES // self.batch_size
        for number, batch in enumerate(batches, start=1):
            loss = self.loss(*batch)
            self.scaler.scale(loss / micro_steps).backward()
            loss.item()  # the script adds it up at every micro-step
            if number % micro_steps == 0:
                self.scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(self.learning, 1.0)
                self.scaler.step(optimizer)
                self.scaler.update()
                optimizer.zero_grad()
                clock.tick()
            if len(clock.times) == updates:
                break
        return clock.figures()

    def denoise(self, updates: int) -> Figures:
        """Only the denoiser's forward and backward pass, on noise."""
        side, clock = self.resolution // 8, Clock(self.device)
        noisy = torch.randn(self.batch_size, 4, side, side, device=self.device, dtype=self.dtype)
        width = self.parts.text_encoder.config.hidden_size
        words = torch.randn(self.batch_size, 77, width, device=self.device, dtype=self.dtype)
        times = torch.randint(1000, (self.batch_size,), device=self.device)
        for _ in range(updates):
            for _ in range(PLATES // self.batch_size):
                with self.autocast():
                    predicted = self.parts.unet(noisy, times, words).sample
                predicted.float().square().mean().backward()
            clock.tick()
        return clock.figures()


def write_pages(folder: Path, number: int) -> None:
    """Pages of 1200 by 1600 pixels, as JPEG files in parquet; the first is of a book of its own."""
    rng, rows = np.random.default_rng(0), []
    for index in range(number + 1):
        coarse = Picture.fromarray(rng.integers(0, 255, (200, 150, 3), dtype=np.uint8))
        buffer = io.BytesIO()
        coarse.resize((1200, 1600), Picture.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
        page = {"bytes": buffer.getvalue(), "path": f"{index}.jpg"}
        rows.append({"image": page, "text": f"page {index}", "book": f"book {min(index, 1)}"})
    features = Features({"image": Image(), "text": Value("string"), "book": Value("string")})
    folder.mkdir()
    Dataset.from_list(rows, features=features).to_parquet(folder / "pages.parquet")


def write_config(world: Path, resolution: int, updates: int, device: str) -> Path:
    """The config of a run without samples."""
    on_gpu = {"accelerator": "gpu", "devices": 1, "precision": "16-mixed"}
    clock = {"class_path": "benchmarks.clock_updates.ClockUpdates"}
    content = {
        "seed_everything": 0,
        "model": {
            "pretrained": str(world / "model"),
            "method": {"class_path": "LoRA", "init_args": {"rank": RANK}},
            "optimizer": {"class_path": "torch.optim.AdamW", "init_args": OPTIMIZER},
        },
        "data": {
            "path": str(world / "pages"),
            "columns": {"book": "book"},
            "held_out": {"books": ["book 0"], "num_monitored": 1},
            "resolution": resolution,
            "images": {"random_flip": True},
            "batch_size": 1,
            "global_batch_size": PLATES,
            "num_workers": WORKERS,
            "cache": {"folder": str(world / "cache")},
        },
        "render": {"prompts": [], "encoder": None},
        "checkpoint": {"every_n_train_steps": updates},
        "trainer": tiny.quiet_trainer(
            world, "runs", max_steps=updates, gradient_clip_val=1.0, callbacks=[clock]
        )
        | (on_gpu if device == "cuda" else {}),
    }
    path = world / "config.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def fit(world: Path, *options: str) -> Figures:
    """A run of the product, and what its clock has recorded."""
    record = world / "record.json"
    os.environ["RECORD"] = str(record)
    with redirect_stdout(io.StringIO()):
        oldbook(["fit", f"--config={world / 'config.yaml'}", *options])
    free()
    figures: Figures = json.loads(record.read_text())
    return figures


def fit_cold(world: Path, *options: str) -> Figures:
    """A run with a cache of its own, empty at first."""
    with tempfile.TemporaryDirectory(dir=world) as cache:
        return fit(world, f"--data.cache.folder={cache}", *options)


def refer(world: Path, resolution: int, batch_size: int, device: str, only: str) -> Figures:
    """A run of the reference, or of the denoiser only."""
    reference = Reference(world, resolution, batch_size, device)
    figures: Figures = getattr(reference, only)(UPDATES)
    del reference
    free()
    return figures


def aloud(side: str, run: Callable[[], Figures]) -> Figures:
    """Run a side and print its figures at once: a lease may end before the table."""
    figures = run()
    print(side, figures, flush=True)  # noqa: T201
    return figures


def free() -> None:
    """Give the memory of the last side back."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


UPDATES = 10


def sides(world: Path, resolution: int, device: str, compiled: bool) -> dict[str, Any]:
    """The sides, by name."""
    loop = partial(refer, world, resolution, device=device, only="train")
    limit = partial(refer, world, resolution, device=device, only="denoise")
    four = "--data.batch_size=4"
    found: dict[str, Callable[[], Figures]] = {
        "reference loop, 1 x 4": lambda: loop(1),
        "reference loop, 4 x 1": lambda: loop(4),
        "`oldbook fit`, empty cache, 1 x 4": lambda: fit_cold(world),
        "`oldbook fit`, empty cache, 4 x 1": lambda: fit_cold(world, four),
        "`oldbook fit`, full cache, 1 x 4": lambda: fit(world),
        "`oldbook fit`, full cache, 4 x 1": lambda: fit(world, four),
        "the denoiser alone, 1 x 4": lambda: limit(1),
        "the denoiser alone, 4 x 1": lambda: limit(4),
    }
    if compiled:
        found["`oldbook fit`, full cache, compiled, 4 x 1"] = lambda: fit(
            world, four, "--model.compile=true"
        )
    return found


def compare(world: Path, shape: str, device: str, rounds: int, compiled: bool) -> list[str]:
    """Let the sides take turns, and make the tables."""
    resolution = RESOLUTIONS[shape]
    write_shape(shape, world / "model", device)
    write_pages(world / "pages", PLATES * UPDATES)
    config = write_config(world, resolution, UPDATES, device)
    oldbook(["prepare", f"--config={config}"])
    free()
    found = sides(world, resolution, device, compiled)
    figures = take_turns({side: partial(aloud, side, run) for side, run in found.items()}, rounds)
    shown = []
    for side, found in figures.items():
        batch = side[-5:]
        against = [figures[f"{name}, {batch}"]["ms"] for name in NORMS]
        ratios = [against[0] / found["ms"], found["ms"] / against[1]]
        shown.append([side, found["ms"], *ratios, found["peak"]])
    parts = [table(HEADER, shown)]
    if device == "cuda":
        counted = fit(world, "--data.batch_size=1", f"--trainer.callbacks={COUNT}")
        parts.append(table(["line that waits", "times a micro-batch"], list(counted.items())))
    return parts


NORMS = ("reference loop", "the denoiser alone")
HEADER = ["side, plates at once x batches", "ms an update", "speed, of the reference",
          "time, of the denoiser alone", "peak memory, GB"]  # fmt: skip
COUNT = "[{class_path: benchmarks.clock_updates.ClockUpdates, init_args: {count: true}}]"


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare in a folder that is thrown away."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shape", choices=RESOLUTIONS, default={"cuda": "sd14"}.get(device, "small")
    )
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="time a compiled denoiser too")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        parts = compare(Path(folder), args.shape, device, args.rounds, args.compile)
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or "CPU"
    show(*parts, f"{name}, {made_with('diffusers', 'lightning')}")


if __name__ == "__main__":
    main()
