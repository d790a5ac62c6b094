"""EncoderScoring: sets scores up before the first step, and scores every checkpoint."""

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from oldbook_diffusion.evaluation.artifacts import optional, write_plates, write_scores
from oldbook_diffusion.evaluation.confirmation import confirm
from oldbook_diffusion.evaluation.generation import generate
from oldbook_diffusion.evaluation.logging import Layout, layout
from oldbook_diffusion.evaluation.plan import PROBE_FIT, REPLICATES, SampleImages, SamplingPlan
from oldbook_diffusion.evaluation.reference_images import (
    MonitoredSubset,
    Plates,
    embed_plates,
    enlarged,
    read_monitored,
    read_negatives,
)
from oldbook_diffusion.evaluation.scorer import BaseSamples, CaptionPlates, Scorer
from oldbook_diffusion.evaluation.scoring import Scored, Scoring
from oldbook_diffusion.evaluation.validity import run_checks
from oldbook_diffusion.metrics.negative_controls import NUISANCES
from oldbook_diffusion.metrics.sample_size import too_small
from oldbook_diffusion.metrics.validity import Check, as_record, as_table, failed
from oldbook_diffusion.models import BaseModel
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


@dataclass
class EncoderScoring(Scoring):
    """Scores of samples by the embeddings of an encoder.

    Attributes:
        scorer: Scores samples.
        style_words: How a prompt asks the base model for the style.
        probe_fit: Prompts that the probe is fitted on.
        off_style: Prompts that ask for another style.
        negatives_dir: Folder of images that are not of the style; none when null.
    """

    scorer: Scorer
    style_words: str
    probe_fit: list[str]
    off_style: list[str]
    negatives_dir: Path | None
    monitored: MonitoredSubset = field(init=False)
    plates: Plates = field(init=False)  # in the main process

    def check_available(self) -> None:
        """There is an encoder."""

    def extend(self, plan: SamplingPlan, context: RunContext) -> SamplingPlan:
        """Sample the captions of the monitored plates too, and prompts of another style."""
        self.monitored = read_monitored(context.data.monitored_sample())
        return replace(plan, captions=self.monitored.captions, off_style=self.off_style)

    def prepare(
        self, context: RunContext, system: StyleDiffusion, plan: SamplingPlan, base: SampleImages
    ) -> list[Check]:
        """Sample with the base model what is sampled once; the main process does the rest."""
        samples = self.sample_once(context, system, plan, base)
        return self.compare(context, system, samples) if context.is_main else []

    def sample_once(
        self, context: RunContext, system: StyleDiffusion, plan: SamplingPlan, base: SampleImages
    ) -> BaseSamples:
        """Sample with the base model what only the setup needs, every process its shard."""
        texts = plan.texts
        with_words = [self.style_words.format(prompt=text) for text in texts]
        groups = {
            "style_words": (with_words, plan.first_seed),
            "probe_fit": (self.probe_fit, PROBE_FIT),
            "replicates": (texts, REPLICATES),
        }
        samples = {
            name: generate(
                context, system, prompts, range(first, first + len(prompts)), plan.sampling
            )
            for name, (prompts, first) in groups.items()
        }
        return BaseSamples(base, **samples)

    def compare(
        self, context: RunContext, system: StyleDiffusion, base: BaseSamples
    ) -> list[Check]:
        """Embed plates and samples, run the encoder's checks, and keep what scores depend on."""
        encoder, model = self.scorer.encoder.to(system.device), system.model
        # a mirrored visit can be copied too, and is far from the plate itself
        views = {"mirrored": mirrored} if context.data.images.random_flip else {}
        self.plates = embed_plates(model, encoder, context.data.training_sample(), views)
        held_out = embed_plates(model, encoder, context.data.held_out_sample(), NUISANCES, True)
        pages = through(model, self.monitored.images)
        seen = self.monitored.trained_on
        embedded = self.scorer.embed_changed(pages, views)
        captions = CaptionPlates(self.scorer.embed(pages), seen, **embedded)
        references = self.scorer.prepare(base, self.plates, held_out, captions)
        blends = (base.images.captions[~seen], pages[~seen])
        negatives = through(model, read_negatives(self.negatives_dir, pages.shape[-1]))
        checks = run_checks(self.scorer, base, blends, held_out, negatives)
        self.scorer.valid = not failed(checks)
        unverified = too_small(references)
        for lack in unverified:
            log.warning("not verified: %s", lack)
        # validity first: nothing is selected where there is no reference set
        with optional("the encoder's validity checks and the reference set, for the selection,"):
            record = {**encoder.metadata, **as_record(checks), "unverified": unverified}
            context.folder.write_validity(record, as_table(checks) + "\n")
            context.folder.write_reference_set(references, encoder.metadata)
        return checks

    def score(
        self, context: RunContext, plan: SamplingPlan, step: int, images: SampleImages
    ) -> Scored:
        """Score the samples of a step; show the training plate nearest to each."""
        report = self.scorer.score(images)
        with optional(f"the scores of step {step}"):
            write_scores(context.folder, plan, step, report, self.scorer.encoder.metadata)
            write_plates(context.folder, self.plates, report.nearest.plate.tolist())
        nearest = [self.plates.thumbnails[number] for number in report.nearest.plate]
        return Scored(report.scores, [enlarged(nearest, images.prompts.shape[-1])])

    def confirm(
        self, context: RunContext, system: StyleDiffusion, plan: SamplingPlan, step: int
    ) -> None:
        """Score the selected checkpoint on other noise and other prompts."""
        confirm(context, system, self.scorer, plan, step)

    def layout(self) -> Layout:
        """Scores as bands with their intervals."""
        return layout()


def mirrored(images: Tensor) -> Tensor:
    """Left and right exchanged."""
    return images.flip(-1)


def through(model: BaseModel, images: Tensor) -> Tensor:  # => like images, on the CPU
    """Send images through the autoencoder, a few at a time."""
    parts = [model.round_trip(part).cpu() for part in images.split(8) if len(part)]
    return torch.cat([images[:0], *parts])
