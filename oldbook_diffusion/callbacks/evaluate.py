"""Evaluate: samples of the same prompts at every checkpoint, kept and scored."""

import logging
import sys
from pathlib import Path

from jsonargparse.typing import PositiveInt
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.evaluation.artifacts import (
    log_images,
    optional,
    write_before_after,
    write_samples,
)
from oldbook_diffusion.evaluation.encoder_scoring import EncoderScoring
from oldbook_diffusion.evaluation.generation import generate
from oldbook_diffusion.evaluation.plan import SampleImages, SamplingPlan
from oldbook_diffusion.evaluation.prompts import (
    OFF_STYLE_PROMPTS,
    PROBE_FIT_PROMPTS,
    PROMPTS,
    check_style_words,
)
from oldbook_diffusion.evaluation.scorer import Scorer
from oldbook_diffusion.evaluation.scoring import NoScoring, Scoring
from oldbook_diffusion.evaluation.validity import failure_summary
from oldbook_diffusion.metrics.catalogue import STYLE
from oldbook_diffusion.metrics.encoders import ImageEncoder
from oldbook_diffusion.metrics.validity import Check, as_table
from oldbook_diffusion.models import Sampling
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.run.profile import Stopwatch
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


class Evaluate(Callback):
    """Sample the same prompts from the same noise at every checkpoint; keep and score the samples.

    The base model is sampled once, before the first step, and the encoder's validity is checked.
    Sampling uses generators of its own: training is bit-identical with it and without.

    Args:
        prompts: What to sample; the 15 of the reference experiment when null, nothing when empty.
        samples_per_prompt: Samples of each prompt.
        first_seed: Seed of the first sample; the next sample takes the next seed.
        sampling: How samples are made from noise.
        encoder: What the scores are measured with; none are when null.
        style_words: How a prompt asks the base model for the style; what the adapter is worth
            is what it adds to that.
        probe_samples_per_prompt: Samples of each of 15 other prompts, which the probe is fitted on.
        off_style_prompts: Prompts that ask for another style; eight of our own when null.
        negatives_dir: Folder of images that are not of the style, to check the encoder on.
    """

    def __init__(
        self,
        prompts: list[str] | None = None,
        samples_per_prompt: PositiveInt = 2,
        first_seed: int = 0,
        sampling: Sampling = Sampling(),  # noqa: B008
        encoder: ImageEncoder | None = None,
        style_words: str = "{prompt}, old book engraving",
        probe_samples_per_prompt: PositiveInt = 4,
        off_style_prompts: list[str] | None = None,
        negatives_dir: Path | None = None,
    ) -> None:
        check_style_words(style_words)
        if off_style_prompts is None:
            off_style_prompts = list(OFF_STYLE_PROMPTS)
        names = list(PROMPTS) if prompts is None else prompts
        self.plan = SamplingPlan(names, samples_per_prompt, first_seed, sampling)
        self.scoring: Scoring = NoScoring()
        if encoder is not None and names:
            self.scoring = EncoderScoring(
                Scorer(encoder, names, self.plan.prompt_ids),
                style_words,
                probe_fit=[
                    prompt for prompt in PROBE_FIT_PROMPTS for _ in range(probe_samples_per_prompt)
                ],
                off_style=off_style_prompts,
                negatives_dir=negatives_dir,
            )
        self.base: SampleImages | None = None
        self.stopwatch = Stopwatch()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse what would fail only at the first checkpoint."""
        assert isinstance(pl_module, StyleDiffusion)
        pl_module.model.check_resolution(self.plan.sampling.resolution)
        if stage == "predict":
            self.scoring.check_available()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sample the base model, and log its scores as the first point of the curves."""
        if not self.plan.prompts:
            return
        context = RunContext(trainer)
        self.base = self.begin(context, pl_module)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger) and (layout := self.scoring.layout()):
                logger.experiment.add_custom_scalars(layout)
        if trainer.global_step == 0:
            scores = self.score(context, 0, self.base, self.base)
            for logger in trainer.loggers:
                logger.log_metrics(scores, step=0)

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check the encoder alone: `oldbook validate-encoder`.

        Raises:
            OldBookError: It has failed a check.
        """
        assert isinstance(pl_module, StyleDiffusion)
        checks = self.prepare(RunContext(trainer), pl_module)[1]
        if checks:
            sys.stdout.write(as_table(checks) + "\n")
        if failure := failure_summary(checks):
            raise OldBookError(failure)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sample, keep, score; before `Checkpoint`, which may rank by a score."""
        if trainer.sanity_checking or not self.plan.prompts:
            return
        context = RunContext(trainer)
        self.base = self.base or self.begin(context, pl_module)
        assert isinstance(pl_module, StyleDiffusion)
        with self.stopwatch.time("sampling"):
            images = self.sample(context, pl_module)
        with self.stopwatch.time("scoring"):
            scores = self.score(context, pl_module.step, self.base, images)
        pl_module.log_dict({**scores, **self.stopwatch.curves()}, rank_zero_only=False)
        if STYLE.tag in scores:
            pl_module.log("style", scores[STYLE.tag], prog_bar=True, logger=False)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log what scoring has cost."""
        if self.base is not None:
            fraction = self.stopwatch.fraction("scoring", "sampling")
            log.info("Keeping and scoring the samples took %.0f %% of sampling.", 100 * fraction)

    def confirm(self, context: RunContext, system: StyleDiffusion, step: int) -> None:
        """Score the selected checkpoint on noise and prompts that it was not selected by."""
        if self.base is not None:
            self.scoring.confirm(context, system, self.plan, step)

    def begin(self, context: RunContext, pl_module: LightningModule) -> SampleImages:
        """Sample the base model, set the scores up, and warn where the encoder is not valid."""
        assert isinstance(pl_module, StyleDiffusion)
        base, checks = self.prepare(context, pl_module)
        if failure := failure_summary(checks):
            log.warning("%s; no checkpoint will be recommended", failure)
        return base

    def prepare(
        self, context: RunContext, system: StyleDiffusion
    ) -> tuple[SampleImages, list[Check]]:
        """Sample the base model, and set the scores up."""
        self.plan = self.scoring.extend(self.plan, context)
        with system.base_model():
            base = self.sample(context, system)
            if context.is_main:
                with optional("the samples of the base model"):
                    write_samples(context.folder, self.plan, 0, base.prompts)
            return base, self.scoring.prepare(context, system, self.plan, base)

    def sample(self, context: RunContext, system: StyleDiffusion) -> SampleImages:
        """Sample everything that is sampled at a checkpoint."""
        prompts, seeds = zip(*self.plan.requests, strict=True)
        images = generate(context, system, prompts, seeds, self.plan.sampling)
        return self.plan.split(images)

    def score(
        self, context: RunContext, step: int, base: SampleImages, images: SampleImages
    ) -> dict[str, float]:
        """Keep, score and show in the main process, and give all processes the scores."""
        scores: dict[str, float] = {}
        if context.is_main:
            columns = [base.prompts, images.prompts]
            if step:
                with optional(f"the samples of step {step}"):
                    write_samples(context.folder, self.plan, step, images.prompts)
                    write_before_after(context.folder, self.plan, *columns)
            scored = self.scoring.score(context, self.plan, step, images)
            scores = scored.scores
            if step:
                log_images(context, self.plan, step, columns + scored.columns)
        return context.broadcast(scores)
