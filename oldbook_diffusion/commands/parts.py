"""Classes that a config can name without their module, since they are imported here."""

from oldbook_diffusion.cache.settings import Cache
from oldbook_diffusion.methods import METHODS
from oldbook_diffusion.metrics.encoders import (
    CSDEncoder,
    DINOv2Encoder,
    GaborTextures,
    OpenCLIPEncoder,
    RandomTextures,
)
from oldbook_diffusion.objectives import DenoisingLoss
from oldbook_diffusion.schedules import Constant, Cosine, Linear

PARTS: tuple[type, ...] = (
    *METHODS,
    Cache,
    DenoisingLoss,
    Constant,
    Cosine,
    Linear,
    OpenCLIPEncoder,
    DINOv2Encoder,
    CSDEncoder,
    RandomTextures,
    GaborTextures,
)
