"""Image encoders: images in [0, 1] to embeddings of length one."""

from oldbook_diffusion.metrics.encoders.base import ImageEncoder, ImageTextEncoder
from oldbook_diffusion.metrics.encoders.csd import CSDEncoder
from oldbook_diffusion.metrics.encoders.dinov2 import DINOv2Encoder
from oldbook_diffusion.metrics.encoders.open_clip import OpenCLIPEncoder
from oldbook_diffusion.metrics.encoders.textures import GaborTextures, RandomTextures

__all__ = [
    "CSDEncoder",
    "DINOv2Encoder",
    "GaborTextures",
    "ImageEncoder",
    "ImageTextEncoder",
    "OpenCLIPEncoder",
    "RandomTextures",
]
