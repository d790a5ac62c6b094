"""What the adapter draws, seen and scored at every checkpoint."""

import logging
import sys
from dataclasses import replace
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from oldbook_diffusion.adapter import without_adapter
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.evaluation.artifacts import (
    excused,
    keep_drawings,
    keep_scores,
    show_drawings,
    write_drawings,
)
from oldbook_diffusion.evaluation.confirmation import confirm_choice
from oldbook_diffusion.evaluation.generation import draw_prompts
from oldbook_diffusion.evaluation.logging import charts
from oldbook_diffusion.evaluation.plan import SampleImages, SamplingPlan
from oldbook_diffusion.evaluation.prompts import (
    OTHER_PROMPTS,
    PROMPTS,
    STEERED_PROMPTS,
    check_style_words,
)
from oldbook_diffusion.evaluation.reference_images import Plates, enlarged, read_monitored
from oldbook_diffusion.evaluation.scorer import Scorer
from oldbook_diffusion.evaluation.setup import Preparation
from oldbook_diffusion.metrics import ImageEncoder
from oldbook_diffusion.metrics.check import Check, as_table, failed
from oldbook_diffusion.run.folder import run_folder
from oldbook_diffusion.run.profile import Stopwatch
from oldbook_diffusion.sampling import Sampling
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


class Evaluate(Callback):
    """Draw the same prompts from the same noise at every checkpoint; keep and score the drawings.

    The untouched base model draws once, before the first step, and the encoder is asked whether
    it can judge this style. Drawing uses generators of its own: a run learns the same with it and
    without.

    Args:
        prompts: What to draw; the 15 of the reference experiment when null, nothing when empty.
        num_seeds: Samples of each prompt.
        first_seed: Seed of the first drawing; the next drawing takes the next seed.
        sampling: How drawings are made from noise.
        encoder: What the scores are measured with; none are when null.
        style_words: How a prompt asks the base model for the style; what the adapter is worth
            is what it adds to that.
        num_apart: Samples of each of 15 other prompts, which the directions are fitted on.
        steered: Prompts that ask for another style; eight of our own when null.
        contrast: Folder of pictures that are not of the style, to try the encoder on.
    """

    def __init__(
        self,
        prompts: list[str] | None = None,
        num_seeds: int = 2,
        first_seed: int = 0,
        sampling: Sampling = Sampling(),  # noqa: B008
        encoder: ImageEncoder | None = None,
        style_words: str = "{prompt}, old book engraving",
        num_apart: int = 4,
        steered: list[str] | None = None,
        contrast: Path | None = None,
    ) -> None:
        check_style_words(style_words)
        names = list(PROMPTS) if prompts is None else prompts
        self.assignment = SamplingPlan(names, num_seeds, first_seed, sampling)
        self.steered = list(STEERED_PROMPTS) if steered is None else steered
        self.preparation: Preparation | None = None
        if encoder is not None and names:
            scores = Scorer(encoder, names, self.assignment.own)
            apart = [prompt for prompt in OTHER_PROMPTS for _ in range(num_apart)]
            self.preparation = Preparation(scores, style_words, apart, contrast)
        self.base: SampleImages | None = None
        self.plates: Plates | None = None
        self.stopwatch = Stopwatch()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse what would fail only at the first checkpoint."""
        assert isinstance(pl_module, StyleDiffusion)
        pl_module.model.check_resolution(self.assignment.sampling.resolution)
        if stage == "predict" and self.preparation is None:
            raise OldBookError("there is no encoder to validate: set render.encoder")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw with the base model, and show its scores as the first point of the curves."""
        if not self.assignment.prompts:
            return
        base = self.begin(trainer, pl_module)
        for logger in trainer.loggers:
            if self.preparation is not None and isinstance(logger, TensorBoardLogger):
                logger.experiment.add_custom_scalars(charts())
        if trainer.global_step == 0:
            scores = self.judge(trainer, 0, base)
            for logger in trainer.loggers:
                logger.log_metrics(scores, step=0)

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ask the encoder alone: `oldbook validate-encoder`."""
        self.begin(trainer, pl_module)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw, keep, score; before `Checkpoint`, which may rank by the score."""
        if trainer.sanity_checking or not self.assignment.prompts:
            return
        if self.base is None:
            self.begin(trainer, pl_module)
        assert isinstance(pl_module, StyleDiffusion)
        with self.stopwatch.time("drawing"):
            pictures = self.draw(trainer, pl_module)
        with self.stopwatch.time("scoring"):
            scores = self.judge(trainer, pl_module.step, pictures)
        pl_module.log_dict({**scores, **self.stopwatch.curves()}, rank_zero_only=False)
        if "style/score" in scores:
            pl_module.log("style", scores["style/score"], prog_bar=True, logger=False)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Confirm the chosen checkpoint on fresh noise and prompts; say what measuring has cost."""
        if self.base is None:
            return
        if self.preparation is not None:
            confirm_choice(trainer, pl_module, self.preparation.scores, self.assignment)
        share = self.stopwatch.share("scoring", "drawing")
        log.info("Keeping and scoring the drawings took %.0f %% of drawing them.", 100 * share)

    def begin(self, trainer: Trainer, pl_module: LightningModule) -> SampleImages:
        """Draw with the base model, and learn what its drawings are compared with."""
        assert isinstance(pl_module, StyleDiffusion)
        if self.preparation is not None:
            watched = read_monitored(trainer.datamodule.watched_sample())  # type: ignore[attr-defined]
            self.assignment = replace(
                self.assignment, captions=watched.captions, steered=self.steered
            )
        with without_adapter(pl_module.model.unet):
            self.base = self.draw(trainer, pl_module)
            if trainer.is_global_zero:
                folder = run_folder(trainer) / "images/base"
                with excused("the drawings of the base model"):
                    write_drawings(folder, self.assignment, 0, self.base.own)
            if self.preparation is not None:
                drawn = self.preparation.draw(trainer, pl_module, self.assignment, self.base)
                if trainer.is_global_zero:
                    checks, self.plates = self.preparation.compare(
                        trainer, pl_module, drawn, watched
                    )
                    self.announce(trainer, checks)
        return self.base

    def announce(self, trainer: Trainer, checks: list[Check]) -> None:
        """Say what the encoder is worth.

        Raises:
            OldBookError: It cannot judge this style, and this is what was asked.
        """
        wrong = failed(checks)
        asked = trainer.state.fn == "predict"
        if asked:
            sys.stdout.write(as_table(checks) + "\n")
        if wrong:
            told = (
                f"the encoder cannot judge this style: {len(wrong)} of {len(checks)} answers fail, "
                f"first: {wrong[0]}; take another render.encoder, or read its curves with doubt"
            )
            if asked:
                raise OldBookError(told)
            log.warning("%s; no checkpoint will be recommended", told)

    def draw(self, trainer: Trainer, pl_module: LightningModule) -> SampleImages:
        """Draw everything that is drawn at a checkpoint."""
        texts, seeds = zip(*self.assignment.orders, strict=True)
        sampling = self.assignment.sampling
        return self.assignment.sort(draw_prompts(trainer, pl_module, texts, seeds, sampling))

    def judge(self, trainer: Trainer, step: int, pictures: SampleImages) -> dict[str, float]:
        """Keep, score and show in one process, and tell the others the scores."""
        assert self.base is not None
        scores: dict[str, float] = {}
        if trainer.is_global_zero:
            folder, columns = run_folder(trainer), [self.base.own, pictures.own]
            if step:
                keep_drawings(folder, self.assignment, step, *columns)
            if self.preparation is not None and self.plates is not None:
                verdict = self.preparation.scores.judge(pictures)
                encoder = self.preparation.scores.encoder
                keep_scores(folder, self.assignment, step, verdict, encoder, self.plates)
                files = [self.plates.thumbnails[number] for number in verdict.nearest.plate]
                columns.append(enlarged(files, pictures.own.shape[-1]))
                scores = verdict.scores
            for logger in trainer.loggers:
                if step and isinstance(logger, TensorBoardLogger):
                    show_drawings(logger, self.assignment, step, columns)
        return trainer.strategy.broadcast(scores)
