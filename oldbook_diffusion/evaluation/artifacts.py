"""Samples as files and in TensorBoard, with what is needed to measure them again."""

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from lightning.pytorch.loggers import TensorBoardLogger
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from oldbook_diffusion.evaluation.plan import SamplingPlan
from oldbook_diffusion.evaluation.reference_images import Plates
from oldbook_diffusion.evaluation.scorer import ScoreReport
from oldbook_diffusion.metrics import ImageEncoder
from oldbook_diffusion.pictures import before_and_after, save_drawing, side_by_side, slug

log = logging.getLogger(__name__)


def write_drawings(folder: Path, assignment: SamplingPlan, step: int, drawings: Tensor) -> None:
    """Write PNGs that say how they were made."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = zip(assignment.own, assignment.texts, assignment.seeds, drawings, strict=True)
    for number, prompt, seed, drawing in rows:
        origin = {"prompt": prompt, "seed": seed, "step": step, **vars(assignment.sampling)}
        save_drawing(drawing, folder / f"{number:02d}_{slug(prompt)}_seed={seed}.png", origin)


def keep_drawings(
    folder: Path, assignment: SamplingPlan, step: int, base: Tensor, drawings: Tensor
) -> None:
    """Write the drawings of a step into a run's folder, beside the base model's on a sheet."""
    with excused(f"the drawings of step {step}"):
        write_drawings(folder / f"images/step={step:06d}", assignment, step, drawings)
        first = slice(None, None, assignment.num_seeds)
        sheet = before_and_after(assignment.prompts, base[first], drawings[first])
        sheet.save(folder / "before_after.png")


def keep_scores(
    folder: Path,
    assignment: SamplingPlan,
    step: int,
    verdict: ScoreReport,
    encoder: ImageEncoder,
    plates: Plates,
) -> None:
    """Write what is known of the drawings of a step into a run's folder."""
    images = folder / "images"
    with excused(f"the scores of step {step}"):
        name = f"step={step:06d}" if step else "base"
        write_scores(images / name, assignment, step, verdict, encoder)
        write_plates(images / "plates", plates, verdict.nearest.plate.tolist())


@contextmanager
def excused(what: str) -> Iterator[None]:
    """Go on where something cannot be kept: a full disk does not end a run."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        log.warning("%s are not kept: %s", what, error)


def write_scores(
    folder: Path, assignment: SamplingPlan, step: int, verdict: ScoreReport, encoder: ImageEncoder
) -> None:
    """Keep embeddings and scores, so that other scores need no drawing and no encoder."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        **verdict.drawings._asdict(),
        "prompts": torch.tensor(assignment.own),
        "seeds": torch.tensor(assignment.seeds),
    }
    save_file(tensors, folder / "embeddings.safetensors", encoder.origin)
    rows = [{"prompt": text, "seed": seed} for text, seed in assignment.orders]
    found = (verdict.positions, verdict.nearest.plate, verdict.nearest.similarity)
    for row, values in zip(rows, zip(*(x.tolist() for x in found), strict=True), strict=False):
        row |= dict(zip(("style", "plate", "similarity"), values, strict=True))  # of prompts alone
    scores = {"scores": verdict.scores, "valid": verdict.valid}
    record = {"step": step, **encoder.origin, **scores, "drawings": rows}
    (folder / "scores.json").write_text(json.dumps(record, indent=2) + "\n")


def write_plates(folder: Path, plates: Plates, numbers: Iterable[int]) -> None:
    """Keep the training plates that drawings are nearest to, and what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in set(numbers):
        (folder / f"{number:05d}.jpg").write_bytes(plates.thumbnails[number])
        words = {"caption": plates.captions[number], "book": plates.books[number]}
        (folder / f"{number:05d}.json").write_text(json.dumps(words) + "\n")


def show_drawings(
    logger: TensorBoardLogger, assignment: SamplingPlan, step: int, columns: list[Tensor]
) -> None:
    """One tag for each prompt: the base's drawing, the tuned one, and the nearest training plate.

    Args:
        logger: Where to.
        assignment: What was drawn.
        step: When.
        columns: Images [N, 3, H, W] of each kind, a row for each drawing of the prompts.
    """
    own = torch.tensor(assignment.own)
    for number, prompt in enumerate(assignment.prompts):
        picture = side_by_side([column[own == number] for column in columns])
        logger.experiment.add_image(f"drawings/{number:02d} {prompt}", picture, step)
