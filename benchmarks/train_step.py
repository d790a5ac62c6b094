"""How much faster is a training step that neither decodes nor encodes what it has seen before?

    python -m benchmarks.train_step

Trains a small model in the shape of Stable Diffusion (random weights; its autoencoder takes the
share of a step's arithmetic that it takes in Stable Diffusion 1.4, 39 %) on pages of 1600 pixels,
batch 1, 4 batches per update: with `oldbook fit` and a filled cache, and with a plain loop in the
manner of diffusers' train_text_to_image_lora.py, which decodes, encodes and embeds at every
micro-step. The sides take turns, each turn in a process of its own. Both train on the same plates
with the same draws, and their losses must agree. Prints a table in Markdown.
"""

import argparse
import io
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import diffusers
import lightning
import numpy as np
import psutil
import torch
import torch.nn.functional as F
import yaml
from datasets import Dataset, Features, Image, Value
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from lightning.pytorch import Callback, LightningModule, Trainer
from PIL import Image as Picture
from torch import Tensor, nn
from torchvision import transforms
from transformers import CLIPTextConfig, CLIPTextModel

from oldbook_diffusion.adapter import LoRA
from oldbook_diffusion.cli import main as oldbook
from oldbook_diffusion.data import Illustrations
from oldbook_diffusion.data.order import Position, Row, ShuffledRows
from oldbook_diffusion.data.source import Columns
from oldbook_diffusion.data.split import HeldOut
from oldbook_diffusion.randomness import integers, key, normal, uniform
from tests import tiny

RESOLUTION, PLATES, ACCUMULATION, RANK, WARM_UP = 256, 16, 4, 4, 1
SIDES = ("cached", "plain")
OPTIMIZER = {"lr": 3e-4, "weight_decay": 1e-2}
HELD_OUT = {"books": ["book 0"], "num_watched": 1}


def write_model(folder: Path) -> None:
    """A small Stable Diffusion with random weights."""
    torch.manual_seed(0)
    words = tiny.tokenizer()
    words.model_max_length = 77
    text = CLIPTextConfig(
        vocab_size=len(words), hidden_size=256, intermediate_size=1024, num_hidden_layers=2,
        num_attention_heads=4, bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id,
    )  # fmt: skip
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(32, 32, 64, 64), layers_per_block=2, latent_channels=4,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=RESOLUTION // 8, block_out_channels=(64, 128, 128), cross_attention_dim=256,
        down_block_types=("CrossAttnDownBlock2D",) * 2 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 2,
    )  # fmt: skip
    scheduler = DDPMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
    )
    StableDiffusionPipeline(
        vae, CLIPTextModel(text), words, unet, scheduler, None, None, requires_safety_checker=False
    ).save_pretrained(folder)


def write_pages(folder: Path) -> None:
    """Pages of 1200 by 1600 pixels, as JPEG files in parquet."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(PLATES + 1):
        coarse = Picture.fromarray(rng.integers(0, 255, (200, 150, 3), dtype=np.uint8))
        buffer = io.BytesIO()
        coarse.resize((1200, 1600), Picture.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
        page = {"bytes": buffer.getvalue(), "path": f"{number}.jpg"}
        book = "book 0" if number == PLATES else "book 1"
        rows.append({"image": page, "text": f"a page with the number {number}", "book": book})
    features = Features({"image": Image(), "text": Value("string"), "book": Value("string")})
    folder.mkdir()
    Dataset.from_list(rows, features=features).to_parquet(folder / "pages.parquet")


def write_config(world: Path, updates: int) -> Path:
    """The config of a run that draws nothing."""
    content = {
        "seed_everything": 0,
        "model": {
            "pretrained": str(world / "model"),
            "adapter": {"class_path": "LoRA", "init_args": {"rank": RANK}},
            "optimizer": {"class_path": "torch.optim.AdamW", "init_args": OPTIMIZER},
        },
        "data": {
            "path": str(world / "pages"),
            "columns": {"book": "book"},
            "held_out": HELD_OUT,
            "resolution": RESOLUTION,
            "random_flip": True,
            "batch_size": 1,
            "cache": {"folder": str(world / "cache")},
        },
        "render": {"prompts": [], "encoder": None},
        "checkpoint": {"every_n_steps": updates},
        "trainer": {
            "max_steps": updates,
            "accumulate_grad_batches": ACCUMULATION,
            "gradient_clip_val": 1.0,
            "accelerator": "cpu",
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "callbacks": [{"class_path": "benchmarks.train_step.Watch"}],
            "logger": {
                "class_path": "lightning.pytorch.loggers.TensorBoardLogger",
                "init_args": {"save_dir": str(world), "name": "runs"},
            },
        },
    }
    path = world / "config.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


class Record:
    """Losses, the times of updates, and the most memory that the timed ones took."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.clocks: dict[str, list[float]] = {"wall": [], "work": []}
        self.imported = psutil.Process().memory_info().rss

    def micro_step(self, loss: float) -> None:
        """Note a micro-step; the first updates warm up."""
        self.losses.append(loss)
        if len(self.losses) % ACCUMULATION == 0:
            self.clocks["wall"].append(time.perf_counter())
            self.clocks["work"].append(time.process_time())
        if len(self.losses) == WARM_UP * ACCUMULATION:
            Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far

    def write(self, file: Path) -> None:
        """Keep what was seen."""
        status = Path("/proc/self/status").read_text()
        peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
        rates = {name: median_rate(times) for name, times in self.clocks.items()}
        content = {"losses": self.losses, "peak": peak, "own": peak - self.imported, **rates}
        file.write_text(json.dumps(content))


def median_rate(times: list[float]) -> float:
    """Updates per second after those that warm up."""
    timed = times[WARM_UP - 1 :]
    return 1 / statistics.median(b - a for a, b in itertools.pairwise(timed))


RECORD = Record()


def begin_alike(unet: nn.Module) -> None:
    """Give the adapters of both sides the same first weights."""
    for number, (name, parameter) in enumerate(sorted(unet.named_parameters())):
        if "lora_A" in name:
            parameter.data.copy_(normal([number], parameter.shape)[0] / RANK)


class Watch(Callback):
    """Keeps a record of a run."""

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin as the other side does."""
        begin_alike(pl_module.model.unet)  # type: ignore[union-attr, arg-type]

    def on_train_batch_end(self, trainer: Trainer, *arguments: Any) -> None:
        """Note a micro-step, and write before anything else happens."""
        RECORD.micro_step(float(trainer.callback_metrics["train/loss"]))
        if len(RECORD.losses) == int(trainer.max_steps) * ACCUMULATION:
            RECORD.write(Path(os.environ["RECORD"]))


def visits(world: Path, number: int) -> list[Row]:
    """The plates that the run visits, in its order."""
    data = Illustrations(
        str(world / "pages"), columns=Columns(book="book"), held_out=HeldOut(**HELD_OUT)
    )
    rows = ShuffledRows(
        data.stream, lambda plate: not data.holds(plate), 0, data.shuffle_window, Position()
    )
    return [row for row, _ in zip(rows, range(number), strict=False)]


def pixels_of(row: Row) -> Tensor:  # => [1, 3, H, W] in [-1, 1]
    """Decode and transform a page, as the reference does at every visit."""
    image = Picture.open(io.BytesIO(row.plate["image"]["bytes"])).convert("RGB")
    steps = [
        transforms.Resize(RESOLUTION, interpolation=transforms.InterpolationMode.LANCZOS),
        transforms.CenterCrop(RESOLUTION),
        transforms.RandomHorizontalFlip(float(uniform(row.seed, "flip") < 0.5)),
        transforms.ToTensor(),
        transforms.Normalize([0.5], [0.5]),
    ]
    return transforms.Compose(steps)(image)[None]


def plain_loop(world: Path, updates: int) -> None:
    """The reference's loop, with the draws of the other side."""
    rows = visits(world, updates * ACCUMULATION)
    parts = StableDiffusionPipeline.from_pretrained(world / "model", safety_checker=None)
    for part in (parts.vae, parts.text_encoder, parts.unet):
        part.requires_grad_(False)
    LoRA(RANK).attach(parts.unet)
    begin_alike(parts.unet)
    noise_scheduler = DDPMScheduler.from_config(parts.scheduler.config)
    learning = [p for p in parts.unet.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, **OPTIMIZER)
    for number, row in enumerate(rows, start=1):
        loss = plain_loss(parts, noise_scheduler, row)
        (loss / ACCUMULATION).backward()
        if number % ACCUMULATION == 0:
            nn.utils.clip_grad_norm_(learning, 1.0)
            optimizer.step()
            optimizer.zero_grad()
        RECORD.micro_step(loss.item())
    RECORD.write(Path(os.environ["RECORD"]))


def plain_loss(parts: Any, noise_scheduler: Any, row: Row) -> Tensor:  # => scalar
    """One micro-step of the reference."""
    with torch.no_grad():
        posterior = parts.vae.encode(pixels_of(row)).latent_dist
        latents = posterior.mean
        latents = latents + posterior.std * normal([key(row.seed, "posterior")], latents.shape[1:])
        latents = latents * parts.vae.config.scaling_factor
        tokens = parts.tokenizer(
            [row.plate["text"]], padding="max_length", truncation=True, return_tensors="pt"
        )
        prompt_embeds = parts.text_encoder(tokens.input_ids)[0]
    noise = normal([row.seed], latents.shape[1:])
    timesteps = integers([row.seed], len(noise_scheduler))
    noisy_latents = noise_scheduler.add_noise(latents, noise, timesteps)
    return F.mse_loss(parts.unet(noisy_latents, timesteps, prompt_embeds).sample, noise)


def take_turn(world: Path, side: str, updates: int) -> dict[str, Any]:
    """Run one side in a process of its own."""
    file = world / "record.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.train_step", f"--updates={updates}"]
    subprocess.run(
        [*command, f"--side={side}", f"--world={world}"],
        env={**os.environ, "RECORD": str(file)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return json.loads(file.read_text())


def compare(world: Path, updates: int, rounds: int) -> str:
    """Let the sides take turns, and make the table."""
    write_model(world / "model")
    write_pages(world / "pages")
    write_config(world, updates)
    oldbook(["prepare", f"--config={world / 'config.yaml'}"])
    turns: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side in SIDES:
            turns[side].append(take_turn(world, side, updates))
    first, second = (torch.tensor(turns[side][0]["losses"]) for side in SIDES)
    torch.testing.assert_close(first, second, rtol=1e-3, atol=0)
    gap = float(((first - second) / second).abs().max())
    return table(turns) + (
        f"\n{len(first)} losses of either side agree to {gap:.1e}; medians of {rounds} turns of "
        f"{updates} updates, {torch.get_num_threads()} thread, {platform.machine()}, torch "
        f"{torch.__version__}, diffusers {diffusers.__version__}, lightning "
        f"{lightning.__version__}, Python {platform.python_version()}.\n"
    )


def table(turns: dict[str, list[dict[str, Any]]]) -> str:
    """What each side took, and the ratios."""
    names = {
        "updates per second of the processor": ("work", 1.0),
        "updates per second of the clock": ("wall", 1.0),
        "peak memory, GB": ("peak", 1e9),
        "of it beyond the imports, GB": ("own", 1e9),
    }
    lines = ["| | `oldbook fit`, cached | plain loop | ratio |", "|---|---|---|---|"]
    for name, (field, unit) in names.items():
        ours, theirs = (
            statistics.median(turn[field] for turn in turns[side]) / unit for side in SIDES
        )
        lines.append(f"| {name} | {ours:.3f} | {theirs:.3f} | {ours / theirs:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Take turns, or be one side in its turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("--world", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    if arguments.side == "cached":
        oldbook(["fit", f"--config={arguments.world / 'config.yaml'}"])
    elif arguments.side == "plain":
        plain_loop(arguments.world, arguments.updates)
    else:
        with tempfile.TemporaryDirectory() as folder:
            sys.stdout.write(compare(Path(folder), arguments.updates, arguments.rounds))


if __name__ == "__main__":
    main()
