"""Fine-tune Stable Diffusion on old book illustrations, and measure whether it worked."""

__version__ = "0.1.0"
