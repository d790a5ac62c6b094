"""Style and prompt fidelity, measured on embeddings."""

from oldbook_diffusion.metrics.encoders import ImageTextEncoder, OpenCLIPEncoder
from oldbook_diffusion.metrics.prompt_agreement import PromptAgreement
from oldbook_diffusion.metrics.style_similarity import StyleSimilarity

__all__ = ["ImageTextEncoder", "OpenCLIPEncoder", "PromptAgreement", "StyleSimilarity"]
