"""The small CLIP: one space for pictures and sentences of the nano world, in every look.

Contrastive as Radford et al. (2021); pictures whose sentences are the same count as matches of
each other (Yang et al. 2022, "Unified contrastive learning"), since so small a world repeats
itself. It is what the nano config measures style with, so it sees every look equally often.
"""

import argparse
import json
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import CLIPTokenizer

from recipes.nano.engraver.looks import LOOKS
from recipes.nano.illegible import DAMAGES, damaged
from recipes.nano.legs import CACHE, CHECKPOINTS, Leg, follow, mixed_precision
from recipes.nano.pools import load_chunks, load_pool, real_crops, to_tensor
from recipes.nano.scenes import Scene, draw_scene, random_source
from recipes.nano.tokenizer import CONTEXT, save

log = logging.getLogger(__name__)
VISION = {"image_size": 128, "layers": [1, 2, 2, 1], "width": 24, "head_width": 64}
TEXT = {"context_length": CONTEXT, "width": 128, "heads": 4, "layers": 2}
EMBEDDING = 128
WEIGHTS = "open_clip_model.safetensors"
PROMPT_SHARE = 0.35
LOST, HURT = 0.15, 0.15  # pictures whose subject is lost, and those that are hurt but plain
REAL_WORDS = {"engravings": "an old engraving", "contrast": "a colour photograph"}


def build(vocab_size: int, start: Path | None) -> open_clip.CLIP:
    """The network, a small ResNet and a text transformer of two layers; untrained, or as it was."""
    network = open_clip.CLIP(EMBEDDING, VISION, {**TEXT, "vocab_size": vocab_size})
    if start is not None:
        network.load_state_dict(load_file(start / WEIGHTS))
    return network.to(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Page:
    """A scene in one of all looks, whole or damaged, before it is drawn.

    Attributes:
        scene: What it shows.
        look: How it is drawn.
        damage: What happens to it then, one of DAMAGES, or nothing.
        caption: A sentence that names scene and look or only one of them; what is left of the
            scene where the damage takes its subject.
        legible: Whether its subject stays plain.
    """

    scene: Scene
    look: str
    damage: str | None
    caption: str
    legible: bool

    def picture(self, rng: np.random.Generator) -> Tensor:  # => [3, 128, 128] uint8
        """The picture."""
        image = LOOKS[self.look][0](self.scene, rng)
        if self.damage is not None:
            image = damaged(image, self.damage, self.legible, rng)
        return to_tensor(image)


def captioned(index: int) -> Page:
    """Page number ``index``."""
    scene = draw_scene(index, "clip", prompt_share=PROMPT_SHARE)
    rng = random_source("clip/look", index)
    look, damage = str(rng.choice(list(LOOKS))), str(rng.choice(list(DAMAGES)))
    caption, chance = sentence(scene.caption, LOOKS[look][1], rng), rng.random()
    if chance < LOST:
        return Page(scene, look, damage, damage, legible=False)
    return Page(scene, look, damage if chance < LOST + HURT else None, caption, legible=True)


def sentence(caption: str, looks: tuple[str, ...], rng: np.random.Generator) -> str:
    """A sentence about a scene, about its look, or about both."""
    words, choice = str(rng.choice(looks)), rng.random()
    if choice < 0.35 or not words:
        return caption
    content = caption[0].lower() + caption[1:]
    if choice < 0.5:
        return words.removesuffix(" of")
    return f"{words} {content}" if words.endswith("of") else f"{content} {words}"


def draw_pictures(span: range) -> Tensor:  # => [N, 3, 128, 128] uint8
    """The pictures of all pages."""
    return torch.stack([captioned(i).picture(random_source("clip/ink", i)) for i in span])


def draw_tokens(tokenizer: CLIPTokenizer, span: range) -> Tensor:  # => [N, CONTEXT]
    """The tokens of all pages' sentences."""
    return tokenise(tokenizer, [captioned(index).caption for index in span])


def tokenise(tokenizer: CLIPTokenizer, texts: list[str]) -> Tensor:  # => [N, CONTEXT]
    """The tokens of every text."""
    tokens = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt")
    return torch.as_tensor(tokens.input_ids)


def read_world(args: argparse.Namespace, tokenizer: CLIPTokenizer) -> tuple[Tensor, Tensor]:
    """Pictures and their tokens: scenes, and crops of real pictures where folders are given."""
    pictures = [load_chunks("clip", args.scenes, draw_pictures)]
    tokens = [load_chunks("clip_tokens", args.scenes, partial(draw_tokens, tokenizer))]
    for folder in (args.engravings, args.contrast):
        if folder is not None:
            crops = load_pool(f"crops_{folder.name}", partial(real_crops, folder))
            pictures.append(crops)
            tokens.append(tokenise(tokenizer, [REAL_WORDS[folder.name]] * len(crops)))
    return torch.cat(pictures), torch.cat(tokens)


def loss(images: Tensor, texts: Tensor, scale: Tensor, tokens: Tensor) -> Tensor:  # => scalar
    """Contrastive loss of embeddings [B, D] of length one, both ways."""
    logits = scale * images @ texts.T
    alike = (tokens[:, None] == tokens[None]).all(-1).float()
    targets = alike / alike.sum(1, keepdim=True)
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2


def augment(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Shift the batch by a few pixels, its edges repeated."""
    top, left = rng.integers(0, 9, 2)
    padded = F.pad(images, (4, 4, 4, 4), mode="replicate")
    side = images.shape[-1]
    return padded[..., top : top + side, left : left + side]


def train(args: argparse.Namespace) -> None:
    """Train for the minutes given, then save the average in open_clip's layout."""
    tokenizer = save(CACHE / "tokenizer")
    pictures, tokens = read_world(args, tokenizer)
    network, average = (build(len(tokenizer), args.start) for _ in range(2))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.05, fused=True)
    parts = {"network": network, "average": average, "optimizer": optimizer}
    leg = Leg(CACHE / "clip.pt", parts, args.minutes, "cpu")
    rng = np.random.default_rng(leg.step)
    for step in leg.steps(optimizer, args.rate):
        rows = torch.from_numpy(rng.integers(len(pictures), size=args.batch_size))
        images = augment(pictures[rows] / 127.5 - 1, rng)
        images = images.contiguous(memory_format=torch.channels_last)
        with mixed_precision("cpu"):
            embedded, words, scale = network(images, tokens[rows])
        objective = loss(embedded.float(), words.float(), scale.float(), tokens[rows])
        optimizer.zero_grad()
        objective.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            network.logit_scale.clamp_(max=np.log(100))
            follow(average, network, step)
        if step % 50 == 0:
            log.info("step %d loss %.3f scale %.1f", step, objective.item(), scale.item())
    for mine, other in zip(average.buffers(), network.buffers(), strict=True):
        mine.copy_(other)
    write(average, len(tokenizer), args.out)


def write(network: nn.Module, vocab_size: int, folder: Path) -> None:
    """Write what open_clip reads as `local-dir:`, in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder)
    text = {**TEXT, "vocab_size": vocab_size, "hf_tokenizer_name": "in this folder"}
    model = {"embed_dim": EMBEDDING, "vision_cfg": VISION, "text_cfg": text}
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic"}
    content = {"model_cfg": model, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(content, indent=2) + "\n")
    weights = network.state_dict()
    half = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    half = {name: value.contiguous() for name, value in half.items()}
    save_file(half, folder / WEIGHTS)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15, help="of all legs together")
    parser.add_argument("--start", type=Path, help="folder of a CLIP to go on from")
    parser.add_argument("--scenes", type=int, default=24_000)
    parser.add_argument("--engravings", type=Path, help="folder of real plates, optional")
    parser.add_argument("--contrast", type=Path, help="folder of real colour pictures, optional")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--out", type=Path, default=CHECKPOINTS / "clip")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
