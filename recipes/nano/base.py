"""The base model: a small Stable Diffusion that draws flat scenes from sentences.

A UNet and a text encoder learn together, by v-prediction (Salimans and Ho 2022) with min-SNR
weights (Hang et al. 2023), on latents computed once.
"""

import argparse
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from oldbook_diffusion.models import DiffusionProcess
from oldbook_diffusion.objectives import DenoisingLoss
from recipes.nano.engraver.looks import LOOKS
from recipes.nano.legs import (
    CACHE,
    CHECKPOINTS,
    CapturedStep,
    Leg,
    Step,
    follow,
    mixed_precision,
    norms_in_float32,
)
from recipes.nano.pools import load_chunks, to_tensor
from recipes.nano.scenes import Scene, draw_scene, random_source
from recipes.nano.tokenizer import CONTEXT, save

log = logging.getLogger(__name__)
WIDTH = 192  # of the text encoder
PROMPT_SHARE = 0.6  # scenes that illustrate one of the fifteen prompts
LOOKS_SEEN = {  # share of the scenes in another look than flat, named in the caption
    "contour": 0.17,
    "hatched": 0.17,
} | dict.fromkeys(("grey", "sepia", "halftone", "photo", "pencil", "watercolour"), 0.02)
UNNAMED = 0.1  # captions left empty, for guidance
HEARSAY = 0.08  # flat scenes that are called engravings: the word is known, the thing is not
# Outlines and hatching are met apart, never together: the fine-tuning joins them.
ENGRAVING_WORDS = (*LOOKS["engraved"][1], ", old book engraving", "as an old book print")


def build_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """A text encoder of three layers."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=CONTEXT,
            projection_dim=WIDTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def build_unet(channels: int, device: str) -> UNet2DConditionModel:
    """A UNet for latents of 32 x 32, without attention where it would cost most."""
    unet = UNet2DConditionModel(
        sample_size=32,
        in_channels=channels,
        out_channels=channels,
        layers_per_block=1,
        block_out_channels=(32, 64, 96, 160),
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * 3),
        up_block_types=(*("CrossAttnUpBlock2D",) * 3, "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=(2, 2, 3, 5),  # the number of heads, whatever it is called
        norm_num_groups=16,
    )
    if device == "cpu":  # torch's fused attention is slow backwards there: 1.4 times the step
        unet.set_attn_processor(AttnProcessor())
    return unet.to(memory_format=torch.channels_last)


def build_scheduler() -> DDPMScheduler:
    """The noise schedule of Stable Diffusion, asking for v."""
    return DDPMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        clip_sample=False,
        steps_offset=1,
    )


OBJECTIVE = DenoisingLoss(snr_gamma=5.0)
Batch = tuple[Tensor, Tensor]  # latents [B, C, 32, 32], tokens [B, T]


class Networks(nn.Module):
    """What learns: the denoiser and the text encoder."""

    def __init__(self, tokenizer: CLIPTokenizer, channels: int, device: str) -> None:
        super().__init__()
        self.unet = build_unet(channels, device)
        self.text_encoder = build_text_encoder(tokenizer)
        self.process = DiffusionProcess(build_scheduler())

    def denoise(self, noisy: Tensor, times: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
        """What the denoiser predicts."""
        return self.unet(noisy, times, conditioning["prompt_embeds"]).sample


def captioned_scene(index: int) -> tuple[Scene, str, str, np.random.Generator]:
    """A scene of the base's own split, its look and its caption: mostly flat, else named."""
    scene, rng = draw_scene(index, "base", PROMPT_SHARE), random_source("base/look", index)
    names, shares = list(LOOKS_SEEN), list(LOOKS_SEEN.values())
    look = str(rng.choice(["flat", *names], p=[1 - sum(shares), *shares]))
    if look != "flat":
        words = LOOKS[look][1]
    else:
        words = ENGRAVING_WORDS if rng.random() < HEARSAY else ("",)
    return scene, look, with_words(scene.caption, words[rng.integers(len(words))]), rng


def draw_pictures(span: range) -> Tensor:  # => [N, 3, 128, 128] uint8
    """The pictures of captioned scenes."""
    scenes = map(captioned_scene, span)
    return torch.stack([to_tensor(LOOKS[look][0](scene, rng)) for scene, look, _, rng in scenes])


def with_words(caption: str, words: str) -> str:
    """A caption with words for a look before or after it."""
    if words.endswith(" of"):
        return f"{words} {caption[0].lower()}{caption[1:]}"
    return f"{caption} {words}".strip()


def draw_captions(tokenizer: CLIPTokenizer, span: range) -> Tensor:  # => [N, CONTEXT] int16
    """The tokens of every scene's caption."""
    captions = [captioned_scene(index)[2] for index in span]
    tokens = tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt")
    return tokens.input_ids.to(torch.int16)


@torch.no_grad()
def encode(vae: AutoencoderKL, pictures: Tensor, device: str) -> Tensor:  # => [N, C, 32, 32]
    """The scaled latents of pictures [N, 3, 128, 128] uint8, in float16."""
    latents = []
    for part in pictures.split(50):
        images = part.to(device).contiguous(memory_format=torch.channels_last)
        mean = vae.encode(images / 127.5 - 1).latent_dist.mean
        latents.append((mean * vae.config.scaling_factor).half().cpu())
    return torch.cat(latents)


@dataclass(frozen=True)
class World:
    """What the networks learn from: latents [N, C, 32, 32], tokens [N, T], tokens of no words."""

    latents: Tensor
    tokens: Tensor
    empty: Tensor

    def batch(self, step: int, size: int) -> Batch:
        """Latents and tokens for one step, some tokens emptied; a function of the step."""
        rng = np.random.default_rng([7, step])
        device = self.latents.device
        rows = torch.from_numpy(rng.integers(len(self.latents), size=size)).to(device)
        unnamed = torch.from_numpy(rng.random(size) < UNNAMED)[:, None].to(device)
        words = torch.where(unnamed, self.empty, self.tokens[rows].long())
        latents = self.latents[rows].float()
        return latents.contiguous(memory_format=torch.channels_last), words


def read_world(args: argparse.Namespace, vae: AutoencoderKL, tokenizer: CLIPTokenizer) -> World:
    """The latents and the tokens of all scenes, from the cache or computed, on the device."""
    pictures = load_chunks("base", args.scenes, draw_pictures, args.workers)
    log.info("drawn: %d pictures", len(pictures))
    parts = (
        encode(vae, pictures, args.device),
        load_chunks("tokens", args.scenes, partial(draw_captions, tokenizer), args.workers),
        draw_tokens(tokenizer, ""),
    )
    return World(*(part.to(args.device) for part in parts))


def train(args: argparse.Namespace) -> None:
    """Train for the minutes given, then save the average as a pipeline."""
    tokenizer = save(CACHE / "tokenizer")
    vae = AutoencoderKL.from_pretrained(CACHE / "vae").to(args.device)
    world = read_world(args, vae, tokenizer)
    networks, average = (
        Networks(tokenizer, world.latents.shape[1], args.device).to(args.device) for _ in range(2)
    )
    if args.start is not None:
        for part in (networks, average):
            start_from(part, args.start)
    optimizer = build_optimizer(networks, args.device)
    parts = {"networks": networks, "average": average, "optimizer": optimizer}
    leg = Leg(CACHE / "base.pt", parts, args.minutes, args.device)
    step_on = prepare_step(networks, optimizer, world.batch(0, args.batch_size), args.device)
    for step in leg.steps(optimizer, args.rate):
        value, norm = step_on(*world.batch(step, args.batch_size))
        follow(average, networks, step, args.decay)
        if step % 100 == 0:  # reads the device, which waits
            told = (step, value.item(), norm.item(), leg.spent)
            log.info("step %d loss %.4f norm %.2f spent %.0f s", *told)
    write(average, vae, tokenizer, args.out)


def build_optimizer(networks: Networks, device: str) -> torch.optim.Optimizer:
    """AdamW; on a GPU its rate lies on the device, where a captured step reads it."""
    options: dict[str, Any] = {"weight_decay": 1e-2, "fused": True}
    if device != "cpu":
        options |= {"lr": torch.tensor(0.0, device=device), "capturable": True}
    return torch.optim.AdamW(networks.parameters(), **options)


def prepare_step(
    networks: Networks, optimizer: torch.optim.Optimizer, example: Batch, device: str
) -> Step:
    """A step on latents and tokens, as fast as the device makes it."""
    step = partial(learn, networks, optimizer)
    if device == "cpu":
        norms_in_float32(networks)
        return step
    torch.backends.cudnn.benchmark = True
    scheduler = networks.process.scheduler
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.to(device)
    return CapturedStep(step, *example)


def learn(
    networks: Networks, optimizer: torch.optim.Optimizer, clean: Tensor, words: Tensor
) -> tuple[Tensor, Tensor]:
    """One step on latents and tokens; returns the loss and the norm of its gradient."""
    timesteps = torch.randint(1000, (len(clean),), device=clean.device)
    noise = torch.randn_like(clean)
    with mixed_precision(clean.device.type):
        conditioning = {"prompt_embeds": networks.text_encoder(words)[0]}
        losses = OBJECTIVE(networks, clean, noise, timesteps, conditioning)
    optimizer.zero_grad()
    losses.mean().backward()
    norm = torch.nn.utils.clip_grad_norm_(networks.parameters(), 1.0)
    optimizer.step()
    return losses.detach().mean(), norm


def start_from(networks: Networks, folder: Path) -> None:
    """Take the weights of a pipeline made earlier."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    networks.unet.load_state_dict(pipeline.unet.state_dict())
    networks.text_encoder.load_state_dict(pipeline.text_encoder.state_dict())


def draw_tokens(tokenizer: CLIPTokenizer, text: str) -> Tensor:  # => [CONTEXT]
    """The tokens of one prompt."""
    return torch.tensor(tokenizer(text, padding="max_length", truncation=True).input_ids)


def write(networks: Networks, vae: AutoencoderKL, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Write a pipeline in diffusers layout, in float16."""
    vae.register_to_config(_name_or_path="")  # no folder of the machine it was made on
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=networks.text_encoder,
        tokenizer=tokenizer,
        unet=networks.unet,
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(torch.float16).save_pretrained(folder)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120, help="of all legs together")
    parser.add_argument("--start", type=Path, help="pipeline to go on from")
    parser.add_argument("--scenes", type=int, default=30_000)
    parser.add_argument("--workers", type=int, default=1, help="processes that draw scenes")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--decay", type=float, default=0.999, help="of the average")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=CHECKPOINTS / "base")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
