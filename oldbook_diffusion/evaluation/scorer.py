"""The scores of drawings, from embeddings computed once."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from oldbook_diffusion.evaluation.plan import SampleImages
from oldbook_diffusion.evaluation.reference_images import Plates
from oldbook_diffusion.metrics import (
    CentroidSimilarity,
    ImageEncoder,
    ImageTextEncoder,
    PromptFidelity,
)
from oldbook_diffusion.metrics.centroid import halves
from oldbook_diffusion.metrics.compute import measure
from oldbook_diffusion.metrics.memorization import Nearest
from oldbook_diffusion.metrics.negative_controls import CONTROLS, DECOYS
from oldbook_diffusion.metrics.reference_set import NOTHING, ReferenceSet, SampleEmbeddings


@dataclass(frozen=True)
class BaseSamples:
    """What the base model draws before the first step, as images [N, 3, H, W] in [0, 1].

    Attributes:
        pictures: What it draws of what is drawn at every checkpoint.
        worded: Samples of the prompts with words of style in them, from the same noise.
        apart: Samples of other prompts.
        again: Samples of the prompts from other noise.
    """

    pictures: SampleImages
    worded: Tensor
    apart: Tensor
    again: Tensor


@dataclass(frozen=True)
class ScoreReport:
    """What is known of one checkpoint's drawings.

    Attributes:
        drawings: Their embeddings.
        scores: Every number, by the name of its curve.
        positions: [N], the style of each drawing of the prompts, 0 as the base's, 1 as plates.
        nearest: The training plate nearest to each drawing of the prompts.
        valid: Whether the encoder has passed its gate.
    """

    drawings: SampleEmbeddings
    scores: dict[str, float]
    positions: Tensor
    nearest: Nearest
    valid: bool


class Scorer:
    """Scores drawings against a panel of base drawings, controls and plates.

    Args:
        encoder: Maps drawings, plates and, where it can read, prompts to embeddings.
        prompts: What is drawn.
        own: The prompt of each drawing.
    """

    def __init__(self, encoder: ImageEncoder, prompts: Sequence[str], own: Sequence[int]) -> None:
        self.encoder = encoder
        self.texts = self.embed_texts(prompts)
        self.own = torch.tensor(own)
        # one process scores for all, so that nothing is to be summed over processes
        self.similarity = CentroidSimilarity(encoder.embedding_dim, sync_on_compute=False)
        self.agreement = PromptFidelity(sync_on_compute=False)
        self.panel: ReferenceSet | None = None
        self.valid = True  # until the gate has said otherwise

    def embed_texts(self, prompts: Sequence[str]) -> Tensor:  # => [P, D], or [0, D]
        """Embed prompts, where the encoder reads."""
        if isinstance(self.encoder, ImageTextEncoder):
            return self.encoder.encode_texts(prompts)
        return torch.zeros(0, self.encoder.embedding_dim)

    def embed(self, images: Tensor) -> Tensor:  # => [N, D]
        """Embed images [N, 3, H, W] in [0, 1]."""
        return self.encoder.encode_images(images)

    def prepare(
        self,
        base: BaseSamples,
        train: Plates,
        held_out: Plates,
        pages: Sequence[Tensor],
        seen: Tensor,
    ) -> ReferenceSet:
        """Set the 0 and the 1 of every score, and what it must not be mistaken for.

        Args:
            base: What the base model draws.
            train: Plates that are trained on.
            held_out: Plates of other books.
            pages: [C, D], the plates whose captions are drawn; then mirrored, if they are so shown.
            seen: [C] bool, whether they are trained on.
        """
        own, apart = base.pictures.own, base.apart
        drawn = SampleEmbeddings(*(self.embed(images) for images in base.pictures))
        self.panel = ReferenceSet(
            base=drawn.own,
            captioned=drawn.captioned,
            steered=drawn.steered,
            prompts=self.own,
            texts=self.texts,
            worded=self.embed(base.worded),
            shortcuts={name: self.embed(change(own)) for name, change in CONTROLS.items()},
            apart=self.embed(apart),
            controls={name: self.embed(change(apart)) for name, change in CONTROLS.items()},
            decoys={name: self.embed(change(apart)) for name, change in DECOYS.items()},
            train=train.embeddings,
            held_out=held_out.embeddings,
            books=held_out.numbers,
            pages=pages[0],
            trained_on=seen,
            mirrored=train.variants.get("mirrored", NOTHING),
            mirrored_pages=pages[1] if len(pages) > 1 else NOTHING,
        )
        reference = halves(held_out.books)
        self.similarity.update(held_out.embeddings[reference], "reference")
        self.similarity.update(held_out.embeddings[~reference], "ceiling")
        self.similarity.update(drawn.own, "base")
        return self.panel

    def judge(self, pictures: SampleImages) -> ScoreReport:
        """Encode everything once, and score it."""
        assert self.panel is not None
        drawings = SampleEmbeddings(*(self.embed(images) for images in pictures))
        scores = {**self.familiar(drawings.own), **measure(self.panel, drawings)}
        scores["style/valid"] = float(self.valid)
        own = drawings.own
        places = self.panel.positions(own), self.panel.nearest(own)
        return ScoreReport(drawings, scores, *places, self.valid)

    def familiar(self, drawings: Tensor) -> dict[str, float]:
        """What others log: cosines to the plates' centroid and to the prompts."""
        self.similarity.reset()
        self.similarity.update(drawings, "drawing")
        style = self.similarity.compute()
        scores = {
            "style/cosine": float(style["cosine"]),
            "style/normalised": float(style["normalised"]),
            "style/ceiling_cosine": float(style["ceiling"]),
        }
        if not len(self.texts):
            return scores
        self.agreement.reset()
        self.agreement.update(drawings, self.texts, self.own)
        agreement = self.agreement.compute()
        return {
            **scores,
            "style/prompt_agreement": float(agreement["agreement"]),
            "style/prompt_identified": float(agreement["identified"]),
        }
