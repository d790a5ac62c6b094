"""Artifacts of an evaluation: samples as files and in TensorBoard, with scores and embeddings."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from oldbook_diffusion.evaluation.plan import SamplingPlan
from oldbook_diffusion.evaluation.reference_images import Plates
from oldbook_diffusion.evaluation.scorer import ScoreReport
from oldbook_diffusion.images import before_and_after, side_by_side, slug
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.run.folder import RunFolder

log = logging.getLogger(__name__)


@contextmanager
def optional(what: str) -> Iterator[None]:
    """Warn where something cannot be written: a full disk does not stop a run."""
    try:
        yield
    except OSError as error:
        log.warning("%s are not kept: %s", what, error)


def write_samples(folder: RunFolder, plan: SamplingPlan, step: int, images: Tensor) -> None:
    """Write the samples [N, 3, H, W] of the prompts, each with its settings inside."""
    rows = zip(plan.prompt_ids, plan.texts, plan.seeds, images, strict=True)
    for number, prompt, seed, image in rows:
        metadata = {"prompt": prompt, "seed": seed, "step": step, **vars(plan.sampling)}
        folder.write_sample(step, f"{number:02d}_{slug(prompt)}_seed={seed}", image, metadata)


def write_before_after(
    folder: RunFolder, plan: SamplingPlan, base: Tensor, fine_tuned: Tensor
) -> None:
    """Write the first sample of each prompt of both models on one sheet."""
    first = slice(None, None, plan.samples_per_prompt)
    folder.write_before_after(before_and_after(plan.prompts, base[first], fine_tuned[first]))


def write_scores(
    folder: RunFolder, plan: SamplingPlan, step: int, report: ScoreReport, encoder: dict[str, str]
) -> None:
    """Write embeddings and scores, so that other scores need no sampling and no encoder."""
    tensors = {
        **report.embeddings._asdict(),
        "prompt_ids": torch.tensor(plan.prompt_ids),
        "seeds": torch.tensor(plan.seeds),
    }
    folder.write_embeddings(step, tensors, encoder)
    rows = [{"prompt": text, "seed": seed} for text, seed in plan.requests]
    found = (report.positions, report.nearest.plate, report.nearest.similarity)
    for row, values in zip(rows, zip(*(x.tolist() for x in found), strict=True), strict=False):
        row |= dict(zip(("style", "plate", "similarity"), values, strict=True))  # of prompts alone
    scores = {"scores": report.scores, "valid": report.valid}
    folder.write_scores(step, {"step": step, **encoder, **scores, "samples": rows})


def write_plates(folder: RunFolder, plates: Plates, ids: Iterable[int]) -> None:
    """Write the training plates that samples are nearest to."""
    for number in set(ids):
        about = plates.thumbnails[number], plates.captions[number], plates.books[number]
        folder.write_plate(number, *about)


def log_images(context: RunContext, plan: SamplingPlan, step: int, columns: list[Tensor]) -> None:
    """One TensorBoard tag for each prompt: samples of both models, and the nearest training plate.

    Args:
        context: Whose loggers.
        plan: What was sampled.
        step: When.
        columns: Images [N, 3, H, W] of each kind, a row for each sample of the prompts.
    """
    own = torch.tensor(plan.prompt_ids)
    loggers = [each for each in context.trainer.loggers if isinstance(each, TensorBoardLogger)]
    for number, prompt in enumerate(plan.prompts if loggers else []):
        image = side_by_side([column[own == number] for column in columns])
        for logger in loggers:
            logger.experiment.add_image(f"samples/{number:02d} {prompt}", image, step)
