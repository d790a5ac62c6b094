"""A sheet of samples: a row for each seed, a column for each prompt."""

import argparse
from pathlib import Path

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from PIL import Image

from oldbook_diffusion.evaluation.prompts import PROBE_FIT_PROMPTS, PROMPTS


def sample(
    folder: Path, prompts: list[str], seed: int, steps: int, guidance: float
) -> list[Image.Image]:
    """Sample one picture for each prompt, by the pipeline in a folder."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    noise = [torch.Generator().manual_seed(seed + place) for place in range(len(prompts))]
    options = {"num_inference_steps": steps, "guidance_scale": guidance, "generator": noise}
    images: list[Image.Image] = pipeline(prompts, **options).images
    return images


def tile(rows: list[list[Image.Image]]) -> Image.Image:
    """Pictures of one size side by side."""
    width, height = rows[0][0].size
    sheet = Image.new("RGB", (width * len(rows[0]), height * len(rows)), "white")
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            sheet.paste(image, (x * width, y * height))
    return sheet


def main() -> None:
    """Sample and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, default=Path("checkpoints/nano/base"))
    parser.add_argument("--out", type=Path, default=Path("renders/sheet.png"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--words", default="{}", help="such as 'an outline drawing of {}'")
    args = parser.parse_args()
    rows = []
    for seed in range(args.seeds):
        for prompts in (PROMPTS, PROBE_FIT_PROMPTS):
            worded = [args.words.format(prompt) for prompt in prompts]
            rows.append(sample(args.base, worded, 100 * seed, args.steps, args.guidance))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    tile(rows).save(args.out)


if __name__ == "__main__":
    main()
