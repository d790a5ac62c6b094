"""What is drawn and read once, before the first step, so that drawings can be scored."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from safetensors.torch import save_file
from torch import Tensor

from oldbook_diffusion.evaluation.artifacts import excused
from oldbook_diffusion.evaluation.generation import draw_prompts
from oldbook_diffusion.evaluation.plan import AGAIN, APART, SampleImages, SamplingPlan
from oldbook_diffusion.evaluation.reference_images import (
    MonitoredSubset,
    Plates,
    embed_plates,
    read_contrast,
)
from oldbook_diffusion.evaluation.scorer import BaseSamples, Scorer
from oldbook_diffusion.evaluation.validity import examine_encoder, write_gate
from oldbook_diffusion.metrics.check import Check, failed
from oldbook_diffusion.metrics.negative_controls import NUISANCES
from oldbook_diffusion.metrics.sample_size import shortcomings
from oldbook_diffusion.run.folder import run_folder
from oldbook_diffusion.stable_diffusion import StableDiffusion
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Preparation:
    """Sets the scores up, and asks the encoder whether it can judge this style.

    Attributes:
        scores: What is set up.
        style_words: How a prompt asks the base model for the style.
        apart: Other prompts, to fit directions on.
        contrast: Folder of pictures that are not of the style.
    """

    scores: Scorer
    style_words: str
    apart: list[str]
    contrast: Path | None

    def draw(
        self,
        trainer: Trainer,
        pl_module: StyleDiffusion,
        assignment: SamplingPlan,
        own: SampleImages,
    ) -> BaseSamples:
        """Draw with the base model what is drawn once, every process its share."""
        texts = assignment.texts
        worded = [self.style_words.format(prompt=text) for text in texts]
        groups = {"worded": (worded, assignment.first_seed)}
        groups |= {"apart": (self.apart, APART), "again": (texts, AGAIN)}
        drawn = {
            name: draw_prompts(
                trainer, pl_module, words, range(first, first + len(words)), assignment.sampling
            )
            for name, (words, first) in groups.items()
        }
        return BaseSamples(own, **drawn)

    def compare(
        self,
        trainer: Trainer,
        pl_module: StyleDiffusion,
        base: BaseSamples,
        watched: MonitoredSubset,
    ) -> tuple[list[Check], Plates]:
        """Embed plates and drawings, and keep what the scores depend on."""
        encoder, model = self.scores.encoder.to(pl_module.device), pl_module.model
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        # a mirrored visit can be copied too, and is far from the plate itself
        views = {"mirrored": mirrored} if data.random_flip else {}
        train = embed_plates(model, encoder, data.training_sample(), views)
        held_out = embed_plates(model, encoder, data.held_out_sample(), NUISANCES, True)
        pages = through(model, watched.images)
        shown = [pages, *(view(pages) for view in views.values())]
        embedded = [encoder.encode_images(view) for view in shown]
        panel = self.scores.prepare(base, train, held_out, embedded, watched.trained_on)
        folder = run_folder(trainer)
        unseen = ~watched.trained_on
        blends = (base.pictures.captioned[unseen], pages[unseen])
        others = through(model, read_contrast(self.contrast, pages.shape[-1]))
        checks = examine_encoder(self.scores, base, blends, held_out, others)
        self.scores.valid = not failed(checks)
        lacks = shortcomings(panel)
        for lack in lacks:
            log.warning("not verified: %s", lack)
        # the gate first: nothing is chosen where there is no panel
        with excused("the encoder's gate and the panel, by which a checkpoint is chosen,"):
            write_gate(folder, checks, lacks, encoder.origin)
            save_file(panel.tensors(), folder / "images/panel.safetensors", encoder.origin)
        return checks, train


def mirrored(images: Tensor) -> Tensor:
    """Left and right exchanged."""
    return images.flip(-1)


def through(model: StableDiffusion, images: Tensor) -> Tensor:  # => like images, on the CPU
    """Send pictures through the autoencoder, a few at a time."""
    parts = [model.round_trip(part).cpu() for part in images.split(8) if len(part)]
    return torch.cat([images[:0], *parts])
