"""Scorer: scores of samples, from embeddings computed once."""

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
    """The base model's samples before the first step, as images [N, 3, H, W] in [0, 1].

    Attributes:
        images: Of what is sampled at every checkpoint.
        worded: Of the prompts with words of style in them, from the same noise.
        apart: Of other prompts, which the probe is fitted on.
        again: Of the prompts from other noise.
    """

    images: SampleImages
    worded: Tensor
    apart: Tensor
    again: Tensor


@dataclass(frozen=True)
class ScoreReport:
    """The scores of one checkpoint's samples.

    Attributes:
        embeddings: Of the samples.
        scores: Every score, by the name of its curve.
        positions: [N], the style of each sample of the prompts, 0 as the base's, 1 as plates.
        nearest: The training plate nearest to each sample of the prompts.
        valid: Whether the encoder has passed its validity checks.
    """

    embeddings: SampleEmbeddings
    scores: dict[str, float]
    positions: Tensor
    nearest: Nearest
    valid: bool


class Scorer:
    """Scores samples against a reference set of base samples, negative controls and plates.

    Args:
        encoder: Maps samples, plates and, where it can read, prompts to embeddings.
        prompts: All prompts.
        own: The prompt of each sample.
    """

    def __init__(self, encoder: ImageEncoder, prompts: Sequence[str], own: Sequence[int]) -> None:
        self.encoder = encoder
        self.texts = self.embed_texts(prompts)
        self.own = torch.tensor(own)
        # one process scores for all, so that nothing is to be summed over processes
        self.similarity = CentroidSimilarity(encoder.embedding_dim, sync_on_compute=False)
        self.agreement = PromptFidelity(sync_on_compute=False)
        self.panel: ReferenceSet | None = None
        self.valid = True  # until its validity checks say otherwise

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
        """Make the reference set: the 0 and the 1 of every score, and its negative controls.

        Args:
            base: The base model's samples.
            train: Plates that are trained on.
            held_out: Plates of other books.
            pages: [C, D], the plates of the captions; then mirrored, where training mirrors them.
            seen: [C] bool, whether they are trained on.
        """
        own, apart = base.images.own, base.apart
        drawn = SampleEmbeddings(*(self.embed(images) for images in base.images))
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

    def score(self, images: SampleImages) -> ScoreReport:
        """Embed everything once, and score it."""
        assert self.panel is not None
        embeddings = SampleEmbeddings(*(self.embed(group) for group in images))
        scores = {**self.familiar(embeddings.own), **measure(self.panel, embeddings)}
        scores["style/valid"] = float(self.valid)
        own = embeddings.own
        found = self.panel.positions(own), self.panel.nearest(own)
        return ScoreReport(embeddings, scores, *found, self.valid)

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
