"""Objectives of fine-tuning."""

from oldbook_diffusion.objectives.base import Objective
from oldbook_diffusion.objectives.denoising import DenoisingLoss
from oldbook_diffusion.objectives.pseudo_huber import PseudoHuber

__all__ = ["DenoisingLoss", "Objective", "PseudoHuber"]
