"""What the nano world is worth: decibels of the autoencoder, subjects of the base model.

The judge of the subjects is a network of its own, a ResNet-18 (He et al. 2016) trained on fresh
scenes of the fifteen families sent through the autoencoder; it never sees a drawing of the base.
"""

import argparse
import logging
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import resnet18
from torchvision.utils import save_image

from oldbook_diffusion.evaluation.prompts import PROMPTS
from oldbook_diffusion.models import Sampling, StableDiffusion, generate
from recipes.nano.engraver.engraving import engrave, hand_of_book
from recipes.nano.engraver.looks import LOOKS, dress
from recipes.nano.legs import CHECKPOINTS
from recipes.nano.pools import to_tensor
from recipes.nano.scenes import draw_prompt_scene, draw_scene, random_source

log = logging.getLogger(__name__)
BOOKS = 24


def decibels(model: StableDiffusion, images: Tensor) -> float:
    """Mean PSNR of the round trip of images [N, 3, 128, 128] in [0, 1]."""
    error = (model.round_trip(images) - images).square().mean(dim=(1, 2, 3))
    return float(-10 * error.log10().mean())


def flat_scenes(number: int) -> Tensor:  # => [N, 3, 128, 128] in [0, 1]
    """Scenes that no training has seen."""
    return torch.stack([to_tensor(draw_scene(i, "evaluate").image) for i in range(number)]) / 255


def plates(number: int) -> Tensor:  # => [N, 3, 128, 128] in [0, 1]
    """The same scenes by the engravers of the shipped books."""
    pages = []
    for index in range(number):
        scene, rng = draw_scene(index, "evaluate"), random_source("evaluate/hand", index)
        pages.append(to_tensor(engrave(scene.drawing, hand_of_book(index % BOOKS), rng)))
    return torch.stack(pages) / 255


def family_scenes(number: int, split: str) -> tuple[Tensor, Tensor]:
    """Scenes of the fifteen families in turn, one in four dressed in a look, and their families."""
    pictures, rng = [], random_source(split, -1 % 2**32)
    for index in range(number):
        scene = draw_prompt_scene(index % len(PROMPTS), index, split)
        look = list(LOOKS)[rng.integers(len(LOOKS))] if rng.random() < 0.25 else "flat"
        pictures.append(to_tensor(dress(scene, look, rng)[0]))
    return torch.stack(pictures) / 255, torch.arange(number) % len(PROMPTS)


def train_judge(model: StableDiffusion, number: int, epochs: int) -> nn.Module:
    """Teach the judge the fifteen families."""
    pictures, families = family_scenes(number, "judge")
    pictures = torch.cat([model.round_trip(part) for part in pictures.split(64)])
    judge = resnet18(num_classes=len(PROMPTS)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=5e-4, weight_decay=0.05)
    for epoch in range(epochs):
        for rows in torch.randperm(number).split(64):
            noisy = pictures[rows] + 0.05 * torch.randn_like(pictures[rows])
            loss = F.cross_entropy(judge(noisy * 2 - 1), families[rows], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        log.info("judge: epoch %d loss %.3f", epoch, loss.item())
    return judge.eval()


@torch.no_grad()
def named(judge: nn.Module, pictures: Tensor, families: Tensor) -> Tensor:  # => [15]
    """Share of the pictures of each family that the judge names rightly."""
    right = (judge(pictures * 2 - 1).argmax(1) == families).double()
    return torch.stack([right[families == family].mean() for family in range(len(PROMPTS))])


def main() -> None:
    """Print every figure, and save a sheet of the drawings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default=str(CHECKPOINTS / "base"))
    parser.add_argument("--seeds", type=int, default=8, help="drawings of each prompt")
    parser.add_argument("--scenes", type=int, default=3000, help="pictures the judge learns from")
    parser.add_argument("--sheet", type=Path, default=Path("renders/nano_base.png"))
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    model = StableDiffusion(args.base).eval()
    log.info("round trip: scenes %.1f dB", decibels(model, flat_scenes(120)))
    log.info("round trip: plates %.1f dB", decibels(model, plates(120)))
    families = torch.arange(len(PROMPTS)).repeat_interleave(args.seeds)
    sampling = Sampling(num_inference_steps=20, guidance_scale=4.0, resolution=128, batch_size=30)
    prompts = [PROMPTS[family] for family in families]
    drawings = generate(model, prompts, range(1000, 1000 + len(prompts)), sampling)
    args.sheet.parent.mkdir(parents=True, exist_ok=True)
    save_image(drawings, args.sheet, nrow=args.seeds)
    judge = train_judge(model, args.scenes, epochs=4)
    log.info("judge on fresh scenes: %.2f", named(judge, *family_scenes(300, "test")).mean())
    shares = named(judge, drawings, families)
    for prompt, share in zip(PROMPTS, shares.tolist(), strict=True):
        log.info("%5.2f  %s", share, prompt)
    log.info("subjects named rightly: %.2f of %d drawings", shares.mean(), len(drawings))


if __name__ == "__main__":
    main()
