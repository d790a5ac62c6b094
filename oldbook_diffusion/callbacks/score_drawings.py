"""The scores of drawings, from embeddings computed once."""

import torch
from torch import Tensor

from oldbook_diffusion.metrics import ImageTextEncoder, PromptAgreement, StyleSimilarity
from oldbook_diffusion.metrics.style_similarity import halves


class ScoreDrawings:
    """Feeds an encoder's embeddings to the metrics of style and of prompt agreement.

    Args:
        encoder: Maps drawings, plates and prompts to embeddings.
        prompts: What is drawn.
    """

    def __init__(self, encoder: ImageTextEncoder, prompts: list[str]) -> None:
        self.encoder = encoder
        self.identity = encoder.identity
        self.style = StyleSimilarity(encoder.embedding_dim)
        self.agreement = PromptAgreement()
        self.texts = encoder.encode_texts(prompts)
        self.plates: list[Tensor] = []
        self.books: list[str | None] = []

    def embed(self, images: Tensor) -> Tensor:  # => [N, D]
        """Embed images [N, 3, H, W] in [0, 1]."""
        return self.encoder.encode_images(images)

    def add_plates(self, images: Tensor, books: list[str | None], device: torch.device) -> None:
        """Take in held-out plates, as the autoencoder shows them."""
        self.encoder.to(device)
        self.plates.append(self.embed(images))
        self.books += books

    def score_base(self, drawings: Tensor, own: list[int]) -> dict[str, float]:
        """Set the 0 and the 1 of the style score, and score the base model itself."""
        plates = torch.cat(self.plates)
        reference = halves(self.books)
        self.style.update(plates[reference], "reference")
        self.style.update(plates[~reference], "ceiling")
        self.style.update(self.embed(drawings), "base")
        return self.score(drawings, own)

    def score(self, drawings: Tensor, own: list[int]) -> dict[str, float]:
        """Score one set of drawings; `own` tells the prompt of each."""
        self.style.reset()
        self.agreement.reset()
        embeddings = self.embed(drawings)
        self.style.update(embeddings, "drawing")
        self.agreement.update(embeddings, self.texts, torch.tensor(own))
        style, agreement = self.style.compute(), self.agreement.compute()
        return {
            "style/cosine": float(style["cosine"]),
            "style/normalised": float(style["normalised"]),
            "style/ceiling_cosine": float(style["ceiling"]),
            "style/prompt_agreement": float(agreement["agreement"]),
            "style/prompt_identified": float(agreement["identified"]),
        }
