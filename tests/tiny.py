"""A tiny Stable Diffusion, a tiny CLIP and tiny plates, with the files and layouts of real ones."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, Features, Image, Value
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image as Picture
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

RESOLUTION = 32
CONTEXT = 12
WIDTH = 16


def tokenizer() -> CLIPTokenizer:
    """A tokenizer that spells every word."""
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789"]
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocab = {word: number for number, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocab, merges=[], model_max_length=CONTEXT)


def text_encoder(words: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(words),
            hidden_size=WIDTH,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=CONTEXT,
            projection_dim=WIDTH,
            bos_token_id=words.bos_token_id,
            eos_token_id=words.eos_token_id,
            pad_token_id=words.pad_token_id,
        )
    )


def unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=RESOLUTION // 2,
        layers_per_block=1,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=4,
    )


def vae() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(4, 8),
        latent_channels=4,
        norm_num_groups=4,
        sample_size=RESOLUTION,
    )


def write_pipeline(folder: Path, prediction_type: str = "epsilon", seed: int = 0) -> Path:
    """Write a pipeline in diffusers layout."""
    torch.manual_seed(seed)
    words = tokenizer()
    pipeline = StableDiffusionPipeline(
        vae=vae(),
        text_encoder=text_encoder(words),
        tokenizer=words,
        unet=unet(),
        scheduler=DDPMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            prediction_type=prediction_type,
            clip_sample=False,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    return folder


def write_clip(folder: Path) -> Path:
    """Write a CLIP in open_clip's `local-dir` layout."""
    import open_clip

    folder.mkdir()
    tokenizer().save_pretrained(folder)
    config = {
        "embed_dim": 8,
        "vision_cfg": {
            "image_size": RESOLUTION,
            "layers": 1,
            "width": 16,
            "patch_size": 8,
            "head_width": 8,
        },
        "text_cfg": {
            "context_length": CONTEXT,
            "vocab_size": len(tokenizer()),
            "width": 16,
            "heads": 2,
            "layers": 1,
            "hf_tokenizer_name": "here",
        },
    }
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic"}
    content = {"model_cfg": config, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    torch.manual_seed(1)
    text = {key: value for key, value in config["text_cfg"].items() if "hf_" not in key}
    network = open_clip.CLIP(config["embed_dim"], config["vision_cfg"], text)
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    return folder


def png(picture: Picture.Image) -> bytes:
    """A picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def plates(number: int = 24, books: int = 4) -> Iterator[dict[str, object]]:
    """Pages of noise with captions, from a few books."""
    rng = np.random.default_rng(0)
    for index in range(number):
        pixels = rng.integers(0, 255, (RESOLUTION + 4, RESOLUTION + 8, 3), dtype=np.uint8)
        page = {"bytes": png(Picture.fromarray(pixels)), "path": f"{index}.png"}
        yield {"image": page, "caption": f"plate {index}", "book": f"book {index % books}"}


def write_plates(folder: Path, rows: list[dict[str, object]] | None = None, files: int = 2) -> Path:
    """Write plates as parquet files."""
    folder.mkdir(exist_ok=True)
    features = Features({"image": Image(), "caption": Value("string"), "book": Value("string")})
    rows = list(plates()) if rows is None else rows
    for number in range(files):
        part = Dataset.from_list(rows[number::files], features=features)
        part.to_parquet(folder / f"part-{number}.parquet")
    return folder


def quiet_trainer(folder: Path, name: str = "run", **options: Any) -> dict[str, Any]:
    """The trainer's section of a config: one processor, a folder of runs, nothing on the screen."""
    return {
        "accelerator": "cpu",
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "logger": {
            "class_path": "lightning.pytorch.loggers.TensorBoardLogger",
            "init_args": {"save_dir": str(folder), "name": name},
        },
        **options,
    }
