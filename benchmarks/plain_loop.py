"""A training loop in the manner of diffusers' train_text_to_image_lora.py, for a comparison.

    python -m benchmarks.plain_loop WORLD UPDATES

Decodes, encodes and embeds at every micro-step, and imports what that script imports (but for its
logging), so that its memory is that of a plain loop. Draws are the other side's.
"""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import accelerate  # noqa: F401 the script imports it, and its memory counts
import torch
import torch.nn.functional as F
from datasets import Image, load_dataset
from diffusers import DDPMScheduler, StableDiffusionPipeline
from peft import LoraConfig
from PIL import Image as Picture
from torch import Tensor, nn
from torchvision import transforms

from benchmarks.record import ACCUMULATION, OPTIMIZER, RANK, RESOLUTION, Record, begin_alike
from oldbook_diffusion.randomness import integers, key, normal, uniform


class Visit(NamedTuple):
    """A page, its caption, and the seed of its draws."""

    page: bytes
    text: str
    seed: int


def visits(world: Path) -> list[Visit]:
    """What the other side visits, in its order."""
    files = str(world / "pages/*.parquet")
    pages = load_dataset("parquet", data_files=files, split="train", cache_dir=world / "arrow")
    pages = pages.cast_column("image", Image(decode=False))
    named = {row["image"]["path"]: row for row in pages}
    order = json.loads((world / "visits.json").read_text())
    return [Visit(named[n]["image"]["bytes"], named[n]["text"], seed) for n, seed in order]


def pixels_of(row: Visit) -> Tensor:  # => [1, 3, H, W] in [-1, 1]
    """Decode and transform a page, as the reference does at every visit."""
    image = Picture.open(io.BytesIO(row.page)).convert("RGB")
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
    rows = visits(world)[: updates * ACCUMULATION]
    record = Record()
    parts = StableDiffusionPipeline.from_pretrained(world / "model", safety_checker=None)
    for part in (parts.vae, parts.text_encoder, parts.unet):
        part.requires_grad_(False)
    config = LoraConfig(
        r=RANK, lora_alpha=RANK, target_modules=["to_q", "to_k", "to_v", "to_out.0"]
    )
    parts.unet.add_adapter(config)
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
        record.micro_step(loss.item())
    record.write(Path(os.environ["RECORD"]))


def plain_loss(parts: Any, noise_scheduler: Any, row: Visit) -> Tensor:  # => scalar
    """One micro-step of the reference."""
    with torch.no_grad():
        posterior = parts.vae.encode(pixels_of(row)).latent_dist
        latents = posterior.mean
        latents = latents + posterior.std * normal([key(row.seed, "posterior")], latents.shape[1:])
        latents = latents * parts.vae.config.scaling_factor
        tokens = parts.tokenizer(
            [row.text], padding="max_length", truncation=True, return_tensors="pt"
        )
        prompt_embeds = parts.text_encoder(tokens.input_ids)[0]
    noise = normal([row.seed], latents.shape[1:])
    timesteps = integers([row.seed], len(noise_scheduler))
    noisy_latents = noise_scheduler.add_noise(latents, noise, timesteps)
    return F.mse_loss(parts.unet(noisy_latents, timesteps, prompt_embeds).sample, noise)


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    plain_loop(Path(sys.argv[1]), int(sys.argv[2]))
