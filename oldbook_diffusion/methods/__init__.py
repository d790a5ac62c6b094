"""Fine-tuning methods."""

from oldbook_diffusion.methods.base import Method
from oldbook_diffusion.methods.full import FullFineTuning
from oldbook_diffusion.methods.lora import DoRA, LoRA, LoRAFA, LoRAPlus
from oldbook_diffusion.methods.orthogonal import BOFT, HRA, OFT
from oldbook_diffusion.methods.peft import Peft, PeftMethod
from oldbook_diffusion.methods.products import LoHa, LoKr
from oldbook_diffusion.methods.vectors import IA3, FourierFT, LNTuning, MiSS, VeRA

METHODS: tuple[type[Method], ...] = (
    *(LoRA, DoRA, LoRAPlus, LoRAFA),
    *(LoHa, LoKr, OFT, BOFT, HRA),
    *(IA3, LNTuning, MiSS, FourierFT, VeRA),
    *(FullFineTuning, Peft),
)

__all__ = [
    "BOFT",
    "HRA",
    "IA3",
    "METHODS",
    "OFT",
    "DoRA",
    "FourierFT",
    "FullFineTuning",
    "LNTuning",
    "LoHa",
    "LoKr",
    "LoRA",
    "LoRAFA",
    "LoRAPlus",
    "Method",
    "MiSS",
    "Peft",
    "PeftMethod",
    "VeRA",
]
