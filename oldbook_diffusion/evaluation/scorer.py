"""Scorer: scores of samples, from embeddings computed once."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from oldbook_diffusion.evaluation.plan import SampleImages
from oldbook_diffusion.evaluation.reference_images import Plates
from oldbook_diffusion.metrics import catalogue as c
from oldbook_diffusion.metrics.centroid import CentroidSimilarity, halves
from oldbook_diffusion.metrics.compute import compute_scores
from oldbook_diffusion.metrics.curve import Curve
from oldbook_diffusion.metrics.encoders import ImageEncoder, ImageTextEncoder
from oldbook_diffusion.metrics.memorization import Nearest
from oldbook_diffusion.metrics.negative_controls import CONTROLS, HARD_NEGATIVES
from oldbook_diffusion.metrics.prompt_fidelity import PromptFidelity
from oldbook_diffusion.metrics.reference_set import NOTHING, ReferenceSet
from oldbook_diffusion.metrics.sample_embeddings import SampleEmbeddings


@dataclass(frozen=True)
class BaseSamples:
    """The base model's samples before the first step, as images [N, 3, H, W] in [0, 1].

    Attributes:
        images: Of what is sampled at every checkpoint.
        style_words: Of the prompts with style words in them, from the same noise.
        probe_fit: Of other prompts, which the probe is fitted on.
        replicates: Of the prompts from other noise.
    """

    images: SampleImages
    style_words: Tensor
    probe_fit: Tensor
    replicates: Tensor


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
        prompt_ids: [N], the prompt of each sample.
    """

    def __init__(
        self, encoder: ImageEncoder, prompts: Sequence[str], prompt_ids: Sequence[int]
    ) -> None:
        self.encoder = encoder
        self.prompt_embeddings = self.embed_texts(prompts)
        self.prompt_ids = torch.tensor(prompt_ids)
        # one process scores for all, so that nothing is to be summed over processes
        self.similarity = CentroidSimilarity(encoder.embedding_dim, sync_on_compute=False)
        self.fidelity = PromptFidelity(sync_on_compute=False)
        self.references: ReferenceSet | None = None
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
        images, probe_fit = base.images.prompts, base.probe_fit
        samples = SampleEmbeddings(*(self.embed(group) for group in base.images))
        self.references = ReferenceSet(
            base=samples.prompts,
            base_captions=samples.captions,
            base_off_style=samples.off_style,
            prompt_ids=self.prompt_ids,
            prompt_embeddings=self.prompt_embeddings,
            style_words=self.embed(base.style_words),
            shortcuts={name: self.embed(change(images)) for name, change in CONTROLS.items()},
            probe_fit=self.embed(probe_fit),
            controls={name: self.embed(change(probe_fit)) for name, change in CONTROLS.items()},
            hard_negatives={
                name: self.embed(change(probe_fit)) for name, change in HARD_NEGATIVES.items()
            },
            train=train.embeddings,
            held_out=held_out.embeddings,
            book_ids=held_out.book_ids,
            caption_plates=pages[0],
            trained_on=seen,
            mirrored=train.variants.get("mirrored", NOTHING),
            mirrored_caption_plates=pages[1] if len(pages) > 1 else NOTHING,
        )
        reference = halves(held_out.books)
        self.similarity.update(held_out.embeddings[reference], "reference")
        self.similarity.update(held_out.embeddings[~reference], "ceiling")
        self.similarity.update(samples.prompts, "base")
        return self.references

    def score(self, images: SampleImages) -> ScoreReport:
        """Embed everything once, and score it."""
        assert self.references is not None
        samples = SampleEmbeddings(*(self.embed(group) for group in images))
        scores = {**self.familiar(samples.prompts), **compute_scores(self.references, samples)}
        scores |= c.STYLE_VALID.points(float(self.valid))
        own = samples.prompts
        found = self.references.positions(own), self.references.nearest(own)
        return ScoreReport(samples, scores, *found, self.valid)

    def familiar(self, samples: Tensor) -> dict[str, float]:
        """The usual scores: cosines to the plates' centroid and to the prompts."""
        self.similarity.reset()
        self.similarity.update(samples, "sample")
        style = self.similarity.compute()
        values: dict[Curve, float] = {
            c.STYLE_COSINE: float(style["cosine"]),
            c.STYLE_NORMALIZED: float(style["normalized"]),
            c.STYLE_CEILING: float(style["ceiling"]),
        }
        if len(self.prompt_embeddings):
            self.fidelity.reset()
            self.fidelity.update(samples, self.prompt_embeddings, self.prompt_ids)
            fidelity = self.fidelity.compute()
            values[c.POOLED_CLIP_SCORE] = float(fidelity["clip_score"])
            values[c.POOLED_RECALL] = float(fidelity["recall"])
        return {curve.tag: value for curve, value in values.items()}
