"""Formats of trained weights."""

from oldbook_diffusion.export.base import Exporter, export, read_export
from oldbook_diffusion.export.diffusers import DiffusersLoRA
from oldbook_diffusion.export.full import FullDenoiser
from oldbook_diffusion.export.kohya import Kohya
from oldbook_diffusion.export.merged import Merged
from oldbook_diffusion.export.peft import PeftFolder
from oldbook_diffusion.export.single_file import SingleFile
from oldbook_diffusion.export.start import attach_layers, read_layers, start_from

FORMATS: tuple[Exporter, ...] = (
    DiffusersLoRA(),
    PeftFolder(),
    Kohya(),
    SingleFile(),
    Merged(),
    FullDenoiser(),
)

__all__ = [
    "FORMATS",
    "DiffusersLoRA",
    "Exporter",
    "FullDenoiser",
    "Kohya",
    "Merged",
    "PeftFolder",
    "SingleFile",
    "attach_layers",
    "export",
    "read_export",
    "read_layers",
    "start_from",
]
