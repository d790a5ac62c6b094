"""Objectives of fine-tuning."""

from oldbook_diffusion.objectives.base import Objective
from oldbook_diffusion.objectives.denoising import DenoisingLoss

__all__ = ["DenoisingLoss", "Objective"]
