"""Style and prompt fidelity, measured on embeddings."""

from oldbook_diffusion.metrics.centroid import CentroidSimilarity
from oldbook_diffusion.metrics.encoders import (
    CSDEncoder,
    DINOv2Encoder,
    GaborTextures,
    ImageEncoder,
    ImageTextEncoder,
    OpenCLIPEncoder,
    RandomTextures,
)
from oldbook_diffusion.metrics.fidelity import PromptFidelity

__all__ = [
    "CSDEncoder",
    "CentroidSimilarity",
    "DINOv2Encoder",
    "GaborTextures",
    "ImageEncoder",
    "ImageTextEncoder",
    "OpenCLIPEncoder",
    "PromptFidelity",
    "RandomTextures",
]
