"""Style and prompt fidelity, measured on embeddings."""

from oldbook_diffusion.metrics.csd_encoder import CSDEncoder
from oldbook_diffusion.metrics.dinov2_encoder import DINOv2Encoder
from oldbook_diffusion.metrics.encoders import ImageEncoder, ImageTextEncoder
from oldbook_diffusion.metrics.open_clip_encoder import OpenCLIPEncoder
from oldbook_diffusion.metrics.prompt_agreement import PromptAgreement
from oldbook_diffusion.metrics.style_similarity import StyleSimilarity
from oldbook_diffusion.metrics.texture_encoders import GaborTextures, RandomTextures

__all__ = [
    "CSDEncoder",
    "DINOv2Encoder",
    "GaborTextures",
    "ImageEncoder",
    "ImageTextEncoder",
    "OpenCLIPEncoder",
    "PromptAgreement",
    "RandomTextures",
    "StyleSimilarity",
]
