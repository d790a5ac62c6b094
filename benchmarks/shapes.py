"""Models with random weights for benchmarks: the shape of Stable Diffusion 1.4, or a small one."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from tests import tiny

# widths and heads of the denoiser, width and layers of the text encoder, widths of the autoencoder
SHAPES: dict[str, tuple[tuple[int, ...], int, int, int, tuple[int, ...]]] = {
    "sd14": ((320, 640, 1280, 1280), 8, 768, 12, (128, 256, 512, 512)),
    "small": ((32, 64, 64, 64), 2, 64, 2, (32, 32, 32, 32)),
}
RESOLUTIONS = {"sd14": 512, "small": 64}


def write_shape(shape: str, folder: Path, device: str) -> None:
    """Write a Stable Diffusion of a shape in half precision, its weights random.

    Args:
        shape: One of SHAPES.
        folder: Where the pipeline goes.
        device: Where the weights are drawn.
    """
    widths, heads, text_width, layers, image_widths = SHAPES[shape]
    words = tiny.tokenizer()
    words.model_max_length = 77
    torch.manual_seed(0)
    with torch.device(device):
        text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(words),
                hidden_size=text_width,
                intermediate_size=4 * text_width,
                num_hidden_layers=layers,
                num_attention_heads=text_width // 64,
                bos_token_id=words.bos_token_id,
                eos_token_id=words.eos_token_id,
            )
        )
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=image_widths,
            layers_per_block=2,
            latent_channels=4,
        )
        unet = UNet2DConditionModel(
            sample_size=RESOLUTIONS[shape] // 8,
            block_out_channels=widths,
            cross_attention_dim=text_width,
            attention_head_dim=heads,  # the number of heads, whatever it is called
        )
    scheduler = DDPMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
    )
    pipeline = StableDiffusionPipeline(
        vae, text, words, unet, scheduler, None, None, requires_safety_checker=False
    )
    pipeline.to(torch.float16).save_pretrained(folder)
