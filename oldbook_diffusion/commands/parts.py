"""Classes that a config can name without their module, since they are imported here."""

from oldbook_diffusion.adapter import LoRA
from oldbook_diffusion.cache import Cache
from oldbook_diffusion.loss import DenoisingLoss
from oldbook_diffusion.metrics import (
    CSDEncoder,
    DINOv2Encoder,
    GaborTextures,
    OpenCLIPEncoder,
    RandomTextures,
)

PARTS: tuple[type, ...] = (
    LoRA,
    Cache,
    DenoisingLoss,
    OpenCLIPEncoder,
    DINOv2Encoder,
    CSDEncoder,
    RandomTextures,
    GaborTextures,
)
