"""Whole denoisers in diffusers layout: `UNet2DConditionModel.from_pretrained`."""

from pathlib import Path
from typing import Any

from oldbook_diffusion.export.base import Exporter, forget_places
from oldbook_diffusion.methods import FullFineTuning, Method
from oldbook_diffusion.models import BaseModel, StableDiffusion

PART = "unet"


class FullDenoiser(Exporter):
    """All weights of the fine-tuned denoiser with its config, as the part of a pipeline."""

    word = "denoiser"

    def supports(self, method: Method, model: BaseModel) -> bool:
        """Whether the method trains the denoiser's own weights."""
        return isinstance(method, FullFineTuning) and isinstance(model, StableDiffusion)

    def write(self, method: Method, model: BaseModel, folder: Path) -> None:
        """Write the folder of the part."""
        denoiser: Any = model.denoiser
        denoiser.save_pretrained(folder / PART)
        forget_places(folder)

    def recognizes(self, path: Path) -> bool:
        """Whether it is a folder with that part."""
        return (path / PART / "config.json").is_file()

    def read(self, model: BaseModel, path: Path) -> None:
        """Load all weights of the denoiser."""
        kind: Any = type(model.denoiser)
        model.denoiser.load_state_dict(kind.from_pretrained(path / PART).state_dict())
