"""Scorer: scores of samples, from embeddings computed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from oldbook_diffusion.evaluation.plan import SampleImages
from oldbook_diffusion.evaluation.pooled_scores import PooledScores
from oldbook_diffusion.evaluation.reference_images import Plates
from oldbook_diffusion.metrics import catalogue as c
from oldbook_diffusion.metrics.compute import compute_scores
from oldbook_diffusion.metrics.encoders import ImageEncoder, ImageTextEncoder
from oldbook_diffusion.metrics.memorization import Nearest
from oldbook_diffusion.metrics.negative_controls import CONTROLS, HARD_NEGATIVES, Change
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
class CaptionPlates:
    """The plates whose captions are sampled, embedded.

    Attributes:
        embeddings: [C, D].
        trained_on: [C] bool, whether each is trained on.
        mirrored: [C, D], where training mirrors them; nothing elsewhere.
    """

    embeddings: Tensor
    trained_on: Tensor
    mirrored: Tensor = NOTHING


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
        self.pooled = PooledScores(encoder.embedding_dim, self.prompt_embeddings, self.prompt_ids)
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

    def embed_changed(self, images: Tensor, changes: Mapping[str, Change]) -> dict[str, Tensor]:
        """Embed images as each change leaves them, by its name."""
        return {name: self.embed(change(images)) for name, change in changes.items()}

    def prepare(
        self, base: BaseSamples, train: Plates, held_out: Plates, captions: CaptionPlates
    ) -> ReferenceSet:
        """Make the reference set: the 0 and the 1 of every score, and its negative controls."""
        samples = SampleEmbeddings(*(self.embed(group) for group in base.images))
        self.references = ReferenceSet(
            base=samples.prompts,
            base_captions=samples.captions,
            base_off_style=samples.off_style,
            prompt_ids=self.prompt_ids,
            prompt_embeddings=self.prompt_embeddings,
            style_words=self.embed(base.style_words),
            shortcuts=self.embed_changed(base.images.prompts, CONTROLS),
            probe_fit=self.embed(base.probe_fit),
            controls=self.embed_changed(base.probe_fit, CONTROLS),
            hard_negatives=self.embed_changed(base.probe_fit, HARD_NEGATIVES),
            train=train.embeddings,
            held_out=held_out.embeddings,
            book_ids=held_out.book_ids,
            caption_plates=captions.embeddings,
            trained_on=captions.trained_on,
            mirrored=train.variants.get("mirrored", NOTHING),
            mirrored_caption_plates=captions.mirrored,
        )
        self.pooled.set_references(held_out, samples.prompts)
        return self.references

    def score(self, images: SampleImages) -> ScoreReport:
        """Embed everything once, and score it."""
        assert self.references is not None
        samples = SampleEmbeddings(*(self.embed(group) for group in images))
        scores = self.pooled.compute(samples.prompts) | compute_scores(self.references, samples)
        scores |= c.STYLE_VALID.points(float(self.valid))
        own = samples.prompts
        found = self.references.positions(own), self.references.nearest(own)
        return ScoreReport(samples, scores, *found, self.valid)
