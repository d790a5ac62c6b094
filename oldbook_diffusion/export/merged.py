"""Whole pipelines with the trained weights in them: `StableDiffusionPipeline.from_pretrained`."""

import copy
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from oldbook_diffusion.export.base import Exporter, forget_places
from oldbook_diffusion.export.full import FullDenoiser
from oldbook_diffusion.methods import Method
from oldbook_diffusion.models import BaseModel, StableDiffusion

SCHEDULER = "DPMSolverMultistepScheduler"  # the one that `oldbook render` samples with


class Merged(Exporter):
    """All parts of the base model in a folder, the update added to the weights of its denoiser.

    The only format that every program reads, and that holds every method: it is as large as the
    base model, and is not written at checkpoints unless `export.formats` names it.
    """

    word = "merged"
    by_default = False

    def supports(self, method: Method, model: BaseModel) -> bool:
        """Whether the base model is one of diffusers."""
        return isinstance(model, StableDiffusion)

    def write(self, method: Method, model: BaseModel, folder: Path) -> None:
        """Write the folder of the pipeline."""
        merged_pipeline(model).save_pretrained(folder)
        forget_places(folder)

    def recognizes(self, path: Path) -> bool:
        """Whether it is a folder of a whole pipeline."""
        return (path / "model_index.json").is_file() and FullDenoiser().recognizes(path)

    def read(self, model: BaseModel, path: Path) -> None:
        """Load all weights of the denoiser: nothing else is trained."""
        FullDenoiser().read(model, path)


def merged_pipeline(model: BaseModel) -> StableDiffusionPipeline:
    """The pipeline of a base model with a denoiser that has no layers of an adapter."""
    assert isinstance(model, StableDiffusion)
    pipeline = model.pipeline(SCHEDULER)
    pipeline.register_modules(unet=merged_denoiser(model.denoiser))
    return pipeline


def merged_denoiser(denoiser: Any) -> nn.Module:
    """A copy of a denoiser whose layers of peft are merged into the layers that they adapt."""
    merged = type(denoiser).from_config(denoiser.config)
    merged.load_state_dict(merged_weights(denoiser))
    return merged


def merged_weights(denoiser: Any) -> dict[str, Tensor]:
    """The weights of a denoiser by their names without an adapter, in their own precision."""
    copied = copy.deepcopy(denoiser)  # to take an update out again would leave its rounding
    for layer in copied.modules():
        if isinstance(layer, BaseTunerLayer):
            layer.merge(safe_merge=True)
    merged = {n.replace(".base_layer.", "."): x for n, x in copied.state_dict().items()}
    with torch.device("meta"):
        names = type(denoiser).from_config(denoiser.config).state_dict()
    return {name: merged[name] for name in names}
