"""Names of Stable Diffusion's tensors in the checkpoints of its authors, by those of diffusers."""

import re
from typing import Any

from torch import Tensor

UNET, VAE, TEXT = (
    "model.diffusion_model.",
    "first_stage_model.",
    "cond_stage_model.transformer.text_model.",
)
RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
AUTOENCODER = {
    "mid_block.resnets.0": "mid.block_1",
    "mid_block.resnets.1": "mid.block_2",
    "mid_block.attentions.0": "mid.attn_1",
    "attn_1.group_norm": "attn_1.norm",
    "attn_1.to_q": "attn_1.q",
    "attn_1.to_k": "attn_1.k",
    "attn_1.to_v": "attn_1.v",
    "attn_1.to_out.0": "attn_1.proj_out",
    "downsamplers.0.conv": "downsample.conv",
    "upsamplers.0.conv": "upsample.conv",
    "conv_norm_out": "norm_out",
    "conv_shortcut": "nin_shortcut",
    ".resnets.": ".block.",
}
BLOCK = re.compile(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)")


def unet_name(name: str, config: Any) -> str:
    """The original name of a tensor of the UNet."""
    for ours, theirs in ENDS.items():
        if name.startswith(f"{ours}."):
            name = name.replace(ours, theirs, 1)
    name = name.replace("downsamplers.0.conv.", "downsamplers.0.op.")
    name = BLOCK.sub(lambda found: block_name(found, config), name)
    for ours, theirs in RESNET.items() if ".transformer_blocks." not in name else ():
        name = name.replace(f".{ours}.", f".{theirs}.")
    return UNET + name


def block_name(found: re.Match[str], config: Any) -> str:
    """The original name of a layer of a block: the layers of all blocks are counted as one row."""
    side, block, kind, layer = found[1], int(found[2]), found[3], int(found[4])
    deep = config.layers_per_block + 1
    if kind == "downsamplers":
        return f"input_blocks.{(block + 1) * deep}.0"
    if kind == "upsamplers":
        attends = "CrossAttn" in config.up_block_types[block]
        return f"output_blocks.{block * deep + deep - 1}.{2 if attends else 1}"
    first = 1 + block * deep if side == "down" else block * deep
    row = "input_blocks" if side == "down" else "output_blocks"
    return f"{row}.{first + layer}.{0 if kind == 'resnets' else 1}"


def autoencoder_name(name: str, num_blocks: int) -> str:
    """The original name of a tensor of the autoencoder, whose decoder counts from the other end."""
    name = re.sub(r"down_blocks\.(\d+)", r"down.\1", name)
    name = re.sub(r"up_blocks\.(\d+)", lambda found: f"up.{num_blocks - 1 - int(found[1])}", name)
    for ours, theirs in AUTOENCODER.items():
        name = name.replace(ours, theirs)
    return VAE + name


def autoencoder_value(name: str, value: Tensor) -> Tensor:
    """A tensor of the autoencoder: its attention was made of convolutions."""
    attends = re.search(r"attn_1\.(q|k|v|proj_out)\.weight$", name)
    return value[:, :, None, None] if attends and value.dim() == 2 else value


def text_name(name: str) -> str:
    """The original name of a tensor of the text encoder."""
    return TEXT + name.removeprefix("text_model.")
