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


def choose_model(
    base: BaseModel | None, pretrained: str | None, revision: str | None, variant: str | None
) -> BaseModel:
    """The base model that is given, or that a name stands for.

    Raises:
        OldBookError: There is none, or there are two.
    """
    if base is not None and pretrained is None:
        return base
    if base is None and pretrained is not None:
        return load_model(pretrained, revision, variant)
    raise OldBookError(
        "which base model? set either model.pretrained to a name or a folder, or model.base to a "
        "class_path"
    )
