"""Fine-tuning methods."""

from oldbook_diffusion.methods.base import Method
from oldbook_diffusion.methods.full import FullFineTuning
from oldbook_diffusion.methods.peft import LoRA, Peft, PeftMethod

__all__ = ["FullFineTuning", "LoRA", "Method", "Peft", "PeftMethod"]
