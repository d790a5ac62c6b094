"""Benchmark of sampling: prompts and seeds in batches against one by one.

    python -m benchmarks.render

Samples 15 prompts from 2 seeds with the small base model that ships with the project: in batches,
as a run does, and with one call of diffusers' pipeline for each prompt and seed, as
train_text_to_image_lora.py does. The sides take turns; their samples must agree. Prints a table
in Markdown.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmarks.turns import Figures, clocked, made_with, show, table, take_turns
from oldbook_diffusion.evaluation.prompts import PROMPTS
from oldbook_diffusion.models import Sampling, StableDiffusion, generate


@dataclass
class Sides:
    """Two ways of sampling the same images.

    Attributes:
        model: Base model to sample.
        prompts: One for each sample.
        sampling: Settings of sampling.
        drawings: Last samples of each way, [N, 3, H, W] in [0, 1].
    """

    model: StableDiffusion
    prompts: Sequence[str]
    sampling: Sampling
    drawings: dict[str, Tensor]

    def together(self) -> None:
        """Sample as a run does."""
        seeds = range(len(self.prompts))
        self.drawings["together"] = generate(self.model, self.prompts, seeds, self.sampling)

    def one_by_one(self) -> None:
        """Sample as the reference does."""
        pipeline = self.model.pipeline(self.sampling.scheduler)
        drawn = [
            pipeline(
                prompt,
                latents=self.model.latent_noise([seed], self.sampling.resolution),
                height=self.sampling.resolution,
                width=self.sampling.resolution,
                num_inference_steps=self.sampling.num_inference_steps,
                guidance_scale=self.sampling.guidance_scale,
                output_type="pt",
            ).images
            for seed, prompt in enumerate(self.prompts)
        ]
        self.drawings["one by one"] = torch.cat(drawn)

    def compare(self, rounds: int) -> tuple[dict[str, Figures], float]:
        """The seconds of both, and the largest gap between their samples in steps of 1 / 255."""
        sides = {
            "together": lambda: clocked(self.together),
            "one by one": lambda: clocked(self.one_by_one),
        }
        figures = take_turns(sides, rounds)
        gap = (self.drawings["together"] - self.drawings["one by one"]).abs().max()
        return figures, float(gap) * 255


def main(arguments: Sequence[str] | None = None) -> None:
    """Take turns, with guidance and without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="checkpoints/nano/base")
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--prompts", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch_size", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    prompts = [prompt for prompt in PROMPTS[: given.prompts] for _ in range(given.seeds)]
    sampling = Sampling(
        num_inference_steps=given.steps, resolution=given.resolution, batch_size=given.batch_size
    )
    sides = Sides(StableDiffusion(given.base).eval(), prompts, sampling, {})
    header = ["seconds of the processor (of the clock)", "together", "one by one", "ratio", "gap"]
    rows = []
    for name, guidance_scale in (("guided", 2.5), ("not guided", 1.0)):
        sides.sampling = replace(sampling, guidance_scale=guidance_scale)
        figures, gap = sides.compare(given.rounds)
        seconds = [f"{side['cpu']:.2f} ({side['wall']:.2f})" for side in figures.values()]
        ratio = figures["one by one"]["cpu"] / figures["together"]["cpu"]
        rows.append([name, *seconds, ratio, f"{gap:.2f} / 255"])
    about = f"{len(prompts)} samples of {given.steps} steps, {given.batch_size} at once, "
    about += f"medians of {given.rounds} turns; {made_with('diffusers')}"
    show(table(header, rows), about)


if __name__ == "__main__":
    main()
