"""The gate in a run: what the encoder is asked before the first step, and where the answer is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from oldbook_diffusion.evaluation.reference_images import Plates
from oldbook_diffusion.evaluation.scorer import BaseSamples, Scorer
from oldbook_diffusion.metrics.check import Check, as_record, as_table
from oldbook_diffusion.metrics.negative_controls import DECOYS
from oldbook_diffusion.metrics.validity import MIXTURES, Trial, examine

FILE = "images/gate.json"


def examine_encoder(
    scores: Scorer,
    base: BaseSamples,
    blends: tuple[Tensor, Tensor],
    held_out: Plates,
    contrast: Tensor,
) -> list[Check]:
    """Embed what the gate needs, and ask it.

    Args:
        scores: The encoder and its panel.
        base: What the base model draws.
        blends: The base's drawings of held-out captions, and the plates of them.
        held_out: Held-out plates with their variants.
        contrast: Images that are not of the style.
    """
    assert scores.panel is not None
    drawings, pages = blends
    mixtures = [scores.embed(torch.lerp(drawings, pages, share)) for share in MIXTURES]
    trial = Trial(
        again=scores.embed(base.again),
        siblings={name: scores.embed(change(base.pictures.own)) for name, change in DECOYS.items()},
        variants=held_out.variants,
        untouched=held_out.untouched,
        mixtures=torch.stack(mixtures),
        contrast=scores.embed(contrast),
    )
    return examine(scores.panel, trial)


def write_gate(
    folder: Path, checks: list[Check], lacks: list[str], origin: Mapping[str, str]
) -> None:
    """Keep the answers beside the drawings, with the encoder that they are about."""
    record = {**origin, **as_record(checks), "unverified": lacks}
    (folder / FILE).write_text(json.dumps(record, indent=2) + "\n")
    (folder / FILE).with_suffix(".txt").write_text(as_table(checks) + "\n")


def read_gate(folder: Path) -> dict[str, Any]:
    """What a run's encoder was asked; empty where it was not."""
    file = folder / FILE
    record: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    return record


def failures(folder: Path) -> list[str]:
    """The questions that a run's encoder has failed; none where it was not asked."""
    checks = read_gate(folder).get("checks", [])
    return [str(check["question"]) for check in checks if check["passed"] is False]


def silence(folder: Path) -> str:
    """A sentence about what a run's encoder was not asked; empty where it was asked all."""
    questions = read_gate(folder).get("not_asked", [])
    return f"Not asked of the encoder: {'; '.join(questions)}." if questions else ""
