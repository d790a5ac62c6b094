"""Drawings as files and in TensorBoard, with what is needed to measure them again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning.pytorch.loggers import TensorBoardLogger
from safetensors.torch import save_file
from torch import Tensor

from oldbook_diffusion.pictures import save_drawing, side_by_side, slug
from oldbook_diffusion.stable_diffusion import Sampling

CHARTS = {
    "Style": {
        "score (95 %)": ["Margin", ["style/score", "style/score_lower", "style/score_upper"]],
        "score and guides": [
            "Multiline",
            [
                "style/score",
                "guide/style_words",
                "guide/shortcut_max",
                "guide/real_lower",
                "guide/real_upper",
            ],
        ],
    },
    "Prompts": {
        f"{name} (95 %)": ["Margin", [f"{tag}{end}" for end in ("", "_lower", "_upper")]]
        for name, tag in {
            "centred agreement": "fidelity/centred_agreement",
            "identified": "fidelity/identified",
            "diversity": "diversity/within",
        }.items()
    },
    "Distance": {
        f"{name} (95 %)": ["Margin", [f"distance/{name}{end}" for end in ("", "_lower", "_upper")]]
        for name in ("cmmd", "mmd_median", "kid")
    },
}


@dataclass(frozen=True)
class Assignment:
    """What is drawn at every checkpoint.

    Attributes:
        prompts: All prompts.
        own: The prompt of each drawing, by number.
        seeds: The seed of each drawing.
        sampling: How drawings are made from noise.
    """

    prompts: Sequence[str]
    own: Sequence[int]
    seeds: Sequence[int]
    sampling: Sampling

    @property
    def texts(self) -> list[str]:
        """The prompt of each drawing, in words."""
        return [self.prompts[number] for number in self.own]


def write_drawings(folder: Path, assignment: Assignment, step: int, drawings: Tensor) -> None:
    """Write PNGs that say how they were made."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = zip(assignment.own, assignment.texts, assignment.seeds, drawings, strict=True)
    for number, prompt, seed, drawing in rows:
        origin = {"prompt": prompt, "seed": seed, "step": step, **vars(assignment.sampling)}
        save_drawing(drawing, folder / f"{number:02d}_{slug(prompt)}_seed={seed}.png", origin)


def write_scores(
    folder: Path,
    assignment: Assignment,
    embeddings: Tensor,
    identity: str,
    scores: Mapping[str, float],
) -> None:
    """Keep embeddings and scores, so that other scores need no drawing and no encoder."""
    tensors = {
        "embeddings": embeddings,
        "prompts": torch.tensor(assignment.own),
        "seeds": torch.tensor(assignment.seeds),
    }
    save_file(tensors, folder / "embeddings.safetensors", {"encoder": identity})
    (folder / "scores.json").write_text(json.dumps(dict(scores), indent=2) + "\n")


def show_drawings(
    logger: TensorBoardLogger, assignment: Assignment, step: int, base: Tensor, drawings: Tensor
) -> None:
    """One tag for each prompt: base on the left, tuned on the right, a row for each seed."""
    own = torch.tensor(assignment.own)
    for number, prompt in enumerate(assignment.prompts):
        rows = own == number
        picture = side_by_side(base[rows], drawings[rows])
        logger.experiment.add_image(f"drawings/{number:02d} {prompt}", picture, step)
