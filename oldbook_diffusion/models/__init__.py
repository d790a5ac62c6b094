"""Base models: pretrained text-to-image models, frozen."""

from oldbook_diffusion.models.base import BaseModel, Conditioning
from oldbook_diffusion.models.generation import generate
from oldbook_diffusion.models.noise import DiffusionProcess, NoiseProcess
from oldbook_diffusion.models.registry import FAMILIES, choose_model, load_model
from oldbook_diffusion.models.sampling import Sampling
from oldbook_diffusion.models.stable_diffusion import StableDiffusion

__all__ = [
    "FAMILIES",
    "BaseModel",
    "Conditioning",
    "DiffusionProcess",
    "NoiseProcess",
    "Sampling",
    "StableDiffusion",
    "choose_model",
    "generate",
    "load_model",
]
