"""What the adapter draws, seen and scored at every checkpoint."""

import logging
from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from oldbook_diffusion.adapter import without_adapter
from oldbook_diffusion.callbacks.keep_drawings import (
    CHARTS,
    Assignment,
    show_drawings,
    write_drawings,
    write_scores,
)
from oldbook_diffusion.callbacks.prompts import OTHER_PROMPTS, PROMPTS
from oldbook_diffusion.callbacks.run_folder import run_folder
from oldbook_diffusion.callbacks.score_drawings import BaseDrawings, Plates, ScoreDrawings
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics import ImageTextEncoder
from oldbook_diffusion.pictures import before_and_after
from oldbook_diffusion.stable_diffusion import Sampling
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


class RenderPrompts(Callback):
    """Draw the same prompts from the same noise at every checkpoint; keep and score the drawings.

    The untouched base model draws once, before the first step. Drawing uses generators of its
    own: a run learns the same with it and without.

    Args:
        prompts: What to draw; the 15 of the reference experiment when null, nothing when empty.
        num_seeds: Drawings of each prompt.
        first_seed: Seed of the first drawing; the next drawing takes the next seed.
        sampling: How drawings are made from noise.
        encoder: What the scores are measured with; none are when null.
        style_words: How a prompt asks the base model for the style; what the adapter is worth
            is what it adds to that.
    """

    def __init__(
        self,
        prompts: list[str] | None = None,
        num_seeds: int = 2,
        first_seed: int = 0,
        sampling: Sampling = Sampling(),  # noqa: B008
        encoder: ImageTextEncoder | None = None,
        style_words: str = "{prompt}, old book engraving",
    ) -> None:
        names = list(PROMPTS) if prompts is None else prompts
        own = [number for number in range(len(names)) for _ in range(num_seeds)]
        seeds = range(first_seed, first_seed + len(own))
        self.assignment = Assignment(names, own, seeds, sampling)
        self.style_words = style_words
        self.scores = None if encoder is None else ScoreDrawings(encoder, names, own)
        self.base: Tensor | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse what would fail only at the first checkpoint."""
        assert isinstance(pl_module, StyleDiffusion)
        pl_module.model.check_resolution(self.assignment.sampling.resolution)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw with the base model, and show its scores as the first point of the curves."""
        if not self.assignment.prompts:
            return
        self.begin(trainer, pl_module)
        assert self.base is not None
        for logger in trainer.loggers:
            if self.scores is not None and isinstance(logger, TensorBoardLogger):
                logger.experiment.add_custom_scalars(CHARTS)
        if trainer.global_step == 0:
            scores = self.score(trainer, "base", self.base)
            for logger in trainer.loggers:
                logger.log_metrics(scores, step=0)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw, keep, score; before `Checkpoint`, which may rank by the score."""
        if trainer.sanity_checking or not self.assignment.prompts:
            return
        if self.base is None:
            self.begin(trainer, pl_module)
        assert isinstance(pl_module, StyleDiffusion)
        drawings = self.draw(trainer, pl_module, self.assignment.texts, self.assignment.seeds)
        self.keep(trainer, pl_module.step, drawings)
        scores = self.score(trainer, f"step={pl_module.step:06d}", drawings)
        pl_module.log_dict(scores, rank_zero_only=False)
        if "style/score" in scores:
            pl_module.log("style", scores["style/score"], prog_bar=True, logger=False)

    def begin(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw with the base model, and learn what its drawings are compared with."""
        assert isinstance(pl_module, StyleDiffusion)
        texts, seeds = self.assignment.texts, self.assignment.seeds
        with without_adapter(pl_module.model.unet):
            self.base = self.draw(trainer, pl_module, texts, seeds)
            if self.scores is not None:
                worded = [self.style_words.format(prompt=text) for text in texts]
                others = OTHER_PROMPTS * 2
                base = BaseDrawings(
                    self.base,
                    self.draw(trainer, pl_module, worded, seeds),
                    self.draw(trainer, pl_module, others, range(10_000, 10_000 + len(others))),
                )
        if trainer.is_global_zero:
            folder = run_folder(trainer) / "images/base"
            write_drawings(folder, self.assignment, 0, self.base)
            if self.scores is not None:
                self.prepare(trainer, pl_module, base)

    def prepare(self, trainer: Trainer, pl_module: StyleDiffusion, base: BaseDrawings) -> None:
        """Set up the scores in one process, and keep what they depend on."""
        assert self.scores is not None
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        self.scores.encoder.to(pl_module.device)
        with trainer.precision_plugin.forward_context():
            train, held_out = (
                self.embed_plates(pl_module, loader)
                for loader in (data.training_sample(), data.held_out_sample())
            )
        panel = self.scores.prepare(base, train, held_out)
        file = run_folder(trainer) / "images/panel.safetensors"
        save_file(panel.tensors(), file, {"encoder": self.scores.identity})

    def embed_plates(self, pl_module: StyleDiffusion, loader: Any) -> Plates:
        """Send plates through the autoencoder, as every drawing goes, and embed them."""
        assert self.scores is not None
        embeddings: list[Tensor] = []
        books: list[str | None] = []
        for batch in loader:
            embeddings.append(self.scores.embed(pl_module.model.round_trip(batch["images"])))
            books += batch["books"]
        if not embeddings:
            raise OldBookError("none of the plates could be used, so that nothing can be measured")
        return Plates(torch.cat(embeddings), books)

    def draw(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        prompts: Sequence[str],
        seeds: Sequence[int],
    ) -> Tensor:  # => [N, 3, H, W]
        """Draw prompts, each process its share of them."""
        share = slice(trainer.global_rank, None, trainer.world_size)
        training = pl_module.training
        pl_module.eval()
        with trainer.precision_plugin.forward_context():
            drawings = pl_module(prompts[share], seeds[share], self.assignment.sampling)
        pl_module.train(training)
        return gather(drawings)

    def score(self, trainer: Trainer, name: str, drawings: Tensor) -> dict[str, float]:
        """Score in one process, keep the embeddings, and tell the others."""
        scores: dict[str, float] = {}
        if self.scores is not None and trainer.is_global_zero:
            embeddings = self.scores.embed(drawings)
            scores = self.scores.score(embeddings)
            folder = run_folder(trainer) / "images" / name
            try:
                folder.mkdir(parents=True, exist_ok=True)
                write_scores(folder, self.assignment, embeddings, self.scores.identity, scores)
            except (OSError, SafetensorError) as error:
                log.warning("the scores in %s are not kept: %s", folder, error)
        return trainer.strategy.broadcast(scores)

    def keep(self, trainer: Trainer, step: int, drawings: Tensor) -> None:
        """Write the drawings, beside those of the base model; a full disk does not end a run."""
        assert self.base is not None
        if not trainer.is_global_zero:
            return
        folder = run_folder(trainer)
        try:
            write_drawings(folder / f"images/step={step:06d}", self.assignment, step, drawings)
            num_seeds = len(self.assignment.own) // len(self.assignment.prompts)
            first = slice(None, None, num_seeds)
            sheet = before_and_after(self.assignment.prompts, self.base[first], drawings[first])
            sheet.save(folder / "before_after.png")
        except OSError as error:
            log.warning("the drawings of step %d are not kept: %s", step, error)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                show_drawings(logger, self.assignment, step, self.base, drawings)


def gather(drawings: Tensor) -> Tensor:  # => [N, 3, H, W], in the order of the prompts
    """Bring the shares of all processes together."""
    if not torch.distributed.is_initialized():
        return drawings
    shares: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(shares, drawings)
    whole = torch.empty(sum(map(len, shares)), *drawings.shape[1:])
    for rank, share in enumerate(shares):
        whole[rank :: len(shares)] = share
    return whole
