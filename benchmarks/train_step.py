"""Benchmark of a training step with a filled cache, against a plain loop.

    python -m benchmarks.train_step

Trains a small model in the shape of Stable Diffusion (random weights; its autoencoder takes the
fraction of a step's arithmetic that it takes in Stable Diffusion 1.4, 39 %, and its attention has
heads of 32 channels) on pages of 1600 pixels, 4 plates per update: with `oldbook fit` and a filled
cache, one plate at once, as many as fit, or one with recomputed activations, and with a plain loop
in the manner of diffusers' train_text_to_image_lora.py, which decodes, encodes and embeds at every
micro-step. The sides take turns, each turn in a process of its own that imports what it needs. All
train on the same plates with the same draws, and their losses must agree. Prints a table in
Markdown.
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
from pathlib import Path
from typing import Any

import diffusers
import lightning
import numpy as np
import torch
import yaml
from datasets import Dataset, Features, Image, Value
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image as Picture
from transformers import CLIPTextConfig, CLIPTextModel

from benchmarks.record import ACCUMULATION, OPTIMIZER, RANK, RESOLUTION
from oldbook_diffusion.cli import main as oldbook
from oldbook_diffusion.data import Illustrations
from oldbook_diffusion.data.sampler import Position, ShuffledRows
from oldbook_diffusion.data.split import HeldOut
from oldbook_diffusion.data.stream import Columns
from tests import tiny

PLATES = 16
SIDES = {
    "plain": "plain loop, 1 x 4",
    "cached": "`oldbook fit`, cached, 1 x 4",
    "auto": "with `data.batch_size: auto`, 4 x 1",
    "lean": "with `model.gradient_checkpointing`, 1 x 4",
}
OPTIONS = {
    "cached": [],
    "auto": ["--data.batch_size=auto"],
    "lean": ["--model.gradient_checkpointing=true"],
}
HELD_OUT = {"books": ["book 0"], "num_monitored": 1}


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
        attention_head_dim=(2, 4, 4),  # the number of heads, which have 32 channels each
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
    """The config of a run without sampling."""
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
            "held_out": HELD_OUT,
            "resolution": RESOLUTION,
            "images": {"random_flip": True},
            "batch_size": 1,
            "global_batch_size": ACCUMULATION,
            "cache": {"folder": str(world / "cache")},
        },
        "render": {"prompts": [], "encoder": None},
        "checkpoint": {"every_n_train_steps": updates},
        "trainer": tiny.quiet_trainer(
            world,
            "runs",
            max_steps=updates,
            gradient_clip_val=1.0,
            callbacks=[{"class_path": "benchmarks.watch.Watch"}],
        ),
    }
    path = world / "config.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def write_visits(world: Path, number: int) -> None:
    """The plates that a run visits, in its order, with the seeds of their draws."""
    data = Illustrations(
        str(world / "pages"), columns=Columns(book="book"), held_out=HeldOut(**HELD_OUT)
    )
    rows = ShuffledRows(
        data.rows, data.split.trains_on, 0, data.stream.shuffle_buffer_size, Position()
    )
    order = [(row.plate["image"]["path"], row.seed) for row in itertools.islice(rows, number)]
    (world / "visits.json").write_text(json.dumps(order))


def take_turn(world: Path, side: str, updates: int) -> dict[str, Any]:
    """Run one side in a process of its own, with no more imported than it needs."""
    file = world / "record.json"
    file.unlink(missing_ok=True)
    if side == "plain":
        command = ["benchmarks.plain_loop", str(world), str(updates)]
    else:
        config = f"--config={world / 'config.yaml'}"
        command = ["oldbook_diffusion", "fit", config, *OPTIONS[side]]
    subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, "RECORD": str(file)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return json.loads(file.read_text())


def compare(world: Path, updates: int, rounds: int) -> str:
    """Let the sides take turns, and make the table."""
    write_model(world / "model")
    write_pages(world / "pages")
    write_visits(world, updates * ACCUMULATION)
    write_config(world, updates)
    oldbook(["prepare", f"--config={world / 'config.yaml'}"])
    turns: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side in SIDES:
            turns[side].append(take_turn(world, side, updates))
    losses = {
        side: torch.tensor(turns[side][0]["losses"]).view(updates, -1).mean(1) for side in SIDES
    }
    gaps = [float((losses[side] / losses["plain"] - 1).abs().max()) for side in SIDES]
    if max(gaps) > 1e-3:
        raise RuntimeError(f"the losses do not agree: {gaps}")
    return table(turns) + (
        f"\nThe losses of {updates} updates agree to {max(gaps):.1e}; medians of {rounds} turns, "
        f"{os.environ.get('OMP_NUM_THREADS')} thread, {platform.machine()}, torch "
        f"{torch.__version__}, diffusers {diffusers.__version__}, lightning "
        f"{lightning.__version__}, Python {platform.python_version()}.\n"
    )


def table(turns: dict[str, list[dict[str, Any]]]) -> str:
    """What each side took, and beside ours how often as much as the plain loop."""
    names = {
        "updates per second of the processor": ("work", 1.0),
        "of the clock": ("wall", 1.0),
        "peak memory, GB": ("peak", 1e9),
        "of it beyond the imports, GB": ("own", 1e9),
    }
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    figures = {
        side: [statistics.median(turn[f] for turn in turns[side]) / u for f, u in names.values()]
        for side in SIDES
    }
    for side, values in figures.items():
        pairs = zip(values, figures["plain"], strict=True)
        ratios = ["" if side == "plain" else f" ({mine / its:.2f} x)" for mine, its in pairs]
        cells = [f"{value:.3f}{ratio}" for value, ratio in zip(values, ratios, strict=True)]
        lines.append(f"| {SIDES[side]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Compare in a folder that is thrown away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(compare(Path(folder), arguments.updates, arguments.rounds))


if __name__ == "__main__":
    main()
