"""A pipeline with the shape of Stable Diffusion 1.4 and random weights, for checks at full size.

It draws noise; what it shows is that a config loads, fits into memory and takes its steps where
the weights themselves are out of reach. 4.3 GB in float32.
"""

import argparse
import logging
import string
from pathlib import Path

from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

log = logging.getLogger(__name__)
WIDTHS = (320, 640, 1280, 1280)
VOCABULARY, CONTEXT, TEXT_WIDTH = 49408, 77, 768


def build_tokenizer() -> CLIPTokenizer:
    """A tokenizer of the original's size that spells every word."""
    letters = [*string.ascii_lowercase, *string.digits, *string.punctuation]
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    words += [f"unused{number}" for number in range(VOCABULARY - len(words) - 2)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=CONTEXT)


def build_text_encoder() -> CLIPTextModel:
    """The text half of CLIP ViT-L/14: 123 M parameters."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=VOCABULARY,
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            num_hidden_layers=12,
            num_attention_heads=12,
            max_position_embeddings=CONTEXT,
            projection_dim=TEXT_WIDTH,
            bos_token_id=VOCABULARY - 2,
            eos_token_id=VOCABULARY - 1,
            pad_token_id=VOCABULARY - 1,
        )
    )


def build_unet() -> UNet2DConditionModel:
    """The denoiser: 860 M parameters; the defaults of diffusers are those of SD 1."""
    return UNet2DConditionModel(
        sample_size=64, cross_attention_dim=TEXT_WIDTH, block_out_channels=WIDTHS
    )


def build_vae() -> AutoencoderKL:
    """The autoencoder: 84 M parameters."""
    return AutoencoderKL(
        sample_size=512,
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
    )


def build_scheduler() -> PNDMScheduler:
    """The noise schedule and sampler that SD 1.4 was published with."""
    return PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        steps_offset=1,
    )


def main() -> None:
    """Write the pipeline, and say how large its parts are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    pipeline = StableDiffusionPipeline(
        vae=build_vae(),
        text_encoder=build_text_encoder(),
        tokenizer=build_tokenizer(),
        unet=build_unet(),
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)
    for name in ("unet", "text_encoder", "vae"):
        size = sum(weight.numel() for weight in getattr(pipeline, name).parameters())
        log.info("%s: %.0f M parameters", name, size / 1e6)


if __name__ == "__main__":
    main()
