"""The autoencoder: 128 px pictures to latents [12, 32, 32], for flat scenes and engraved plates.

Trained like the first stage of latent diffusion (Rombach et al. 2022), without the adversary: the
logarithm of each picture's squared error, which weighs a decibel of a busy plate like a decibel of
a calm scene, absolute error of pixels and of their differences for crisp lines, and a small
Kullback-Leibler term.
"""

import argparse
import logging
import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from recipes.nano.legs import CACHE, Leg, follow, mixed_precision, norms_in_float32
from recipes.nano.pools import load_pool, real_crops, scene_pictures

log = logging.getLogger(__name__)
LATENT_CHANNELS = 12  # with 8 it gave up green and purple for lines, at 23 dB of a plate
KL_WEIGHT = 1e-6
TINT_WEIGHT = 3.0  # most plates are grey: without it the code forgets colours
EDGE_WEIGHT = 0.1
CROP = 64  # training sees quarters: four times as many different lines in the same time
POOL = {  # pictures of each look, and the share of the training that they are
    "flat": (1200, 0.45),
    "engraved": (1500, 0.3),
    "contour": (400, 0.05),
    "hatched": (400, 0.05),
} | dict.fromkeys(("grey", "sepia", "halftone", "photo", "pencil", "watercolour"), (150, 0.01))
REAL_SHARE = 0.09  # of crops of real pictures, where there are any


def build(start: Path | None = None) -> AutoencoderKL:
    """The network, untrained or from a folder; three levels: four pixels become one latent."""
    network = AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 64),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=8,
        sample_size=128,
        scaling_factor=1.0,
        mid_block_add_attention=False,
    )
    if start is not None:
        trained = AutoencoderKL.from_pretrained(start, torch_dtype=torch.float32)
        network.load_state_dict(trained.state_dict())
    return network.to(memory_format=torch.channels_last)


def loss(network: AutoencoderKL, images: Tensor) -> tuple[Tensor, float]:
    """The training loss on images [B, 3, H, W] in [0, 1], and the mean PSNR in dB."""
    posterior = network.encode(images * 2 - 1).latent_dist
    painted = network.decode(posterior.sample()).sample / 2 + 0.5
    gap = painted - images
    error = gap.square().mean(dim=(1, 2, 3))
    tint = (gap - gap.mean(dim=1, keepdim=True)).square().mean(dim=(1, 2, 3))
    objective = (error + TINT_WEIGHT * tint + 1e-4).log().mean() + gap.abs().mean()
    objective = objective + EDGE_WEIGHT * (
        gap.diff(dim=2).abs().mean() + gap.diff(dim=3).abs().mean()
    )
    precision = -10 * error.detach().log10().mean().item()
    return objective + KL_WEIGHT * posterior.kl().mean(), precision


@dataclass(frozen=True)
class Pictures:
    """What the network learns from: uint8 [N, 3, 128, 128], and how often each is drawn."""

    pool: Tensor
    odds: np.ndarray

    def batch(self, rng: np.random.Generator, size: int) -> Tensor:  # => [B, 3, 64, 64]
        """Random crops of random pictures, in [0, 1]."""
        top, left = rng.integers(self.pool.shape[-1] - CROP + 1, size=2)
        rows = torch.from_numpy(rng.choice(len(self.pool), size=size, p=self.odds))
        images = self.pool[rows][..., top : top + CROP, left : left + CROP]
        return (images / 255).contiguous(memory_format=torch.channels_last)


def pictures(args: argparse.Namespace) -> Pictures:
    """All training pictures: scenes in every look, and real crops."""
    parts = []
    for look, (number, share) in POOL.items():
        make = partial(scene_pictures, math.ceil(number * args.share), look)
        parts.append((load_pool(f"pictures_{look}", make), share))
    folders = [folder for folder in (args.engravings, args.contrast) if folder is not None]
    for folder in folders:
        crops = load_pool(f"crops_{folder.name}", partial(real_crops, folder))
        parts.append((crops, REAL_SHARE / len(folders)))
    odds = np.concatenate([np.full(len(part), share / len(part)) for part, share in parts])
    return Pictures(torch.cat([part for part, _ in parts]), odds / odds.sum())


def train(args: argparse.Namespace) -> None:
    """Train for the minutes given, then save with the scale of the latents measured."""
    network, average = (build(args.start).to(args.device) for _ in range(2))
    norms_in_float32(network)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-3, fused=True)
    parts = {"network": network, "average": average, "optimizer": optimizer}
    leg = Leg(CACHE / "autoencoder.pt", parts, args.minutes, args.device)
    if args.decoder_only:  # latents stay as they are, for a base model that has learnt them
        network.load_state_dict(average.state_dict())
        network.encoder.requires_grad_(False)
        network.quant_conv.requires_grad_(False)
    content, rng = pictures(args), np.random.default_rng(leg.step)
    log.info("%d pictures", len(content.pool))
    for step in leg.steps(optimizer, args.rate):
        images = content.batch(rng, args.batch_size)
        with mixed_precision(args.device):
            objective, precision = loss(network, images.to(args.device))
        optimizer.zero_grad()
        objective.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        follow(average, network, step)
        if step % 100 == 0:
            log.info("step %d loss %.4f psnr %.2f", step, objective.item(), precision)
    save(average, content)


@torch.no_grad()
def save(network: AutoencoderKL, content: Pictures) -> None:
    """Write the average as a diffusers autoencoder whose latents have unit variance."""
    rng = np.random.default_rng(0)
    device = next(network.parameters()).device
    batches = [content.batch(rng, 32).to(device) for _ in range(16)]
    latents = torch.cat([network.encode(part * 2 - 1).latent_dist.mean for part in batches])
    normalize(network, latents.mean((0, 2, 3)), latents.std((0, 2, 3)))
    network.save_pretrained(CACHE / "vae")


@torch.no_grad()
def normalize(network: AutoencoderKL, mean: Tensor, std: Tensor) -> None:
    """Fold the mean and deviation of each channel [C] into the layers around the latents.

    Stable Diffusion scales all channels alike; those that hold colours would drown in noise first.
    The round trip stays what it was.
    """
    before, after = network.quant_conv, network.post_quant_conv
    channels = len(mean)
    before.weight[:channels] /= std[:, None, None, None]
    before.bias[:channels] = (before.bias[:channels] - mean) / std
    before.bias[channels:] -= 2 * std.log()
    after.bias += after.weight[:, :, 0, 0] @ mean
    after.weight *= std[None, :, None, None]


@torch.no_grad()
def round_trip(network: AutoencoderKL, images: Tensor) -> Tensor:  # => like images
    """Send images [B, 3, 128, 128] in [0, 1] through the autoencoder."""
    latents = network.encode(images * 2 - 1).latent_dist.mean
    return (network.decode(latents).sample / 2 + 0.5).clamp(0, 1)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--start", type=Path, help="folder of an autoencoder to continue from")
    parser.add_argument("--share", type=float, default=1.0, help="of the pictures to draw")
    parser.add_argument("--engravings", type=Path, help="folder of real plates, optional")
    parser.add_argument("--contrast", type=Path, help="folder of real colour pictures, optional")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decoder-only", action="store_true", help="keep the encoder as it is")
    parser.add_argument("--device", default="cpu")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
