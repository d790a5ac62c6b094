"""The scores of drawings, from embeddings computed once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from oldbook_diffusion.metrics import ImageTextEncoder, PromptAgreement, StyleSimilarity
from oldbook_diffusion.metrics.controls import CONTROLS, DECOYS
from oldbook_diffusion.metrics.panel import Panel
from oldbook_diffusion.metrics.style_similarity import halves
from oldbook_diffusion.metrics.suite import measure


@dataclass(frozen=True)
class Plates:
    """Plates as the autoencoder shows them, embedded.

    Attributes:
        embeddings: [N, D].
        books: The book of each, where one is known.
    """

    embeddings: Tensor
    books: list[str | None]

    @property
    def numbers(self) -> Tensor:  # => [N]
        """The books, numbered; a plate of no known book is a book of its own."""
        names = [book or f"plate {number}" for number, book in enumerate(self.books)]
        order = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return torch.tensor([order[name] for name in names])


@dataclass(frozen=True)
class BaseDrawings:
    """What the base model draws before the first step, as images [N, 3, H, W] in [0, 1].

    Attributes:
        own: Drawings of the prompts.
        worded: Drawings of the prompts with words of style in them, from the same noise.
        apart: Drawings of other prompts.
    """

    own: Tensor
    worded: Tensor
    apart: Tensor


class ScoreDrawings:
    """Scores drawings against a panel of base drawings, controls and plates.

    Args:
        encoder: Maps drawings, plates and prompts to embeddings.
        prompts: What is drawn.
        own: The prompt of each drawing.
    """

    def __init__(self, encoder: ImageTextEncoder, prompts: list[str], own: list[int]) -> None:
        self.encoder = encoder
        self.identity = encoder.identity
        self.texts = encoder.encode_texts(prompts)
        self.own = torch.tensor(own)
        # one process scores for all, so that nothing is to be summed over processes
        self.similarity = StyleSimilarity(encoder.embedding_dim, sync_on_compute=False)
        self.agreement = PromptAgreement(sync_on_compute=False)
        self.panel: Panel | None = None

    def embed(self, images: Tensor) -> Tensor:  # => [N, D]
        """Embed images [N, 3, H, W] in [0, 1]."""
        return self.encoder.encode_images(images)

    def prepare(self, base: BaseDrawings, train: Plates, held_out: Plates) -> Panel:
        """Set the 0 and the 1 of every score, and what it must not be mistaken for."""
        self.panel = Panel(
            base=self.embed(base.own),
            prompts=self.own,
            texts=self.texts,
            worded=self.embed(base.worded),
            shortcuts={name: self.embed(change(base.own)) for name, change in CONTROLS.items()},
            apart=self.embed(base.apart),
            controls={name: self.embed(change(base.apart)) for name, change in CONTROLS.items()},
            decoys={name: self.embed(change(base.apart)) for name, change in DECOYS.items()},
            train=train.embeddings,
            held_out=held_out.embeddings,
            books=held_out.numbers,
        )
        reference = halves(held_out.books)
        self.similarity.update(held_out.embeddings[reference], "reference")
        self.similarity.update(held_out.embeddings[~reference], "ceiling")
        self.similarity.update(self.panel.base, "base")
        return self.panel

    def score(self, embeddings: Tensor) -> dict[str, float]:
        """Score one set of drawings, [N, D] in the order of the prompts."""
        assert self.panel is not None
        self.similarity.reset()
        self.agreement.reset()
        self.similarity.update(embeddings, "drawing")
        self.agreement.update(embeddings, self.texts, self.own)
        style, agreement = self.similarity.compute(), self.agreement.compute()
        familiar = {
            "style/cosine": float(style["cosine"]),
            "style/normalised": float(style["normalised"]),
            "style/ceiling_cosine": float(style["ceiling"]),
            "style/prompt_agreement": float(agreement["agreement"]),
            "style/prompt_identified": float(agreement["identified"]),
        }
        return {**familiar, **measure(self.panel, embeddings)}
