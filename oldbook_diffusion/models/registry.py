"""Families of base models by the pipeline class that their model_index.json names."""

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.models.base import BaseModel
from oldbook_diffusion.models.loading import read_family
from oldbook_diffusion.models.stable_diffusion import StableDiffusion

FAMILIES: dict[str, type[StableDiffusion]] = {"StableDiffusionPipeline": StableDiffusion}


def load_model(
    pretrained: str, revision: str | None = None, variant: str | None = None
) -> BaseModel:
    """Load a pretrained model of whatever family it is.

    Args:
        pretrained: Hub name, or local folder in diffusers layout.
        revision: Branch, tag or commit on the hub.
        variant: Weight files to load, such as "fp16".

    Raises:
        OldBookError: It cannot be loaded, or its family is not supported.
    """
    family = read_family(pretrained, revision)
    if family not in FAMILIES:
        raise OldBookError(
            f"{pretrained} is a {family}, which is not supported: set model.pretrained to a "
            f"{' or a '.join(FAMILIES)}, or model.base to a class of your own"
        )
    return FAMILIES[family](pretrained, revision, variant)
