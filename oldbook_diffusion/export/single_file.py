"""Whole checkpoints in one file with the names of Stable Diffusion's authors, for SD 1.x."""

from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from oldbook_diffusion.export.base import Exporter, tensor_names
from oldbook_diffusion.export.merged import merged_weights
from oldbook_diffusion.export.original_names import (
    UNET,
    autoencoder_name,
    autoencoder_value,
    text_name,
    unet_name,
)
from oldbook_diffusion.methods import Method
from oldbook_diffusion.models import BaseModel, StableDiffusion

FILE = "merged_model.safetensors"
SD2_WIDTH = 1024  # of a token: another text encoder, with names of another library


class SingleFile(Exporter):
    """The merged model as one file, as the folder of checkpoints of ComfyUI and others takes it."""

    word = "single-file"
    by_default = False

    def supports(self, method: Method, model: BaseModel) -> bool:
        """Whether the base model is a Stable Diffusion 1.x."""
        if not isinstance(model, StableDiffusion):
            return False
        return bool(model.text_encoder.config.hidden_size != SD2_WIDTH)

    def write(self, method: Method, model: BaseModel, folder: Path) -> None:
        """Write one file."""
        assert isinstance(model, StableDiffusion)
        about = {
            "format": "pt",
            "modelspec.sai_model_spec": "1.0.1",
            "modelspec.architecture": "stable-diffusion-v1",
            "modelspec.implementation": "diffusers",
            "modelspec.prediction_type": str(model.scheduler.config.prediction_type),
            "oldbook.base_hash": model.fingerprint,
        }
        save_file(original_weights(model), folder / FILE, metadata=about)

    def recognizes(self, path: Path) -> bool:
        """Whether it is such a file by its names, or a folder with one."""
        if path.is_dir():
            return (path / FILE).is_file()
        return any(name.startswith(UNET) for name in tensor_names(path))

    def read(self, model: BaseModel, path: Path) -> None:
        """Load the weights of the denoiser: nothing else is trained."""
        if not isinstance(model, StableDiffusion):
            raise ValueError(f"it is a Stable Diffusion, not a {type(model).__name__}")
        theirs = load_file(path / FILE if path.is_dir() else path)
        names = {name: unet_name(name, model.unet.config) for name in model.unet.state_dict()}
        lost = {x for x in theirs if x.startswith(UNET)} ^ set(names.values())
        if lost:
            raise ValueError(f"{len(lost)} tensors are in one of both alone, first {min(lost)}")
        model.unet.load_state_dict({name: theirs[names[name]] for name in names})


def original_weights(model: StableDiffusion) -> dict[str, Tensor]:
    """The tensors of all networks, the denoiser merged, by their original names."""
    blocks, found = len(model.vae.config.block_out_channels), {}
    for name, value in merged_weights(model.denoiser).items():
        found[unet_name(name, model.unet.config)] = value
    for name, value in model.vae.state_dict().items():
        theirs = autoencoder_name(name, blocks)
        found[theirs] = autoencoder_value(theirs, value)
    for name, value in model.text_encoder.state_dict().items():
        found[text_name(name)] = value
    return {name: value.cpu().contiguous() for name, value in found.items()}
