"""The gate in a run: what the encoder is asked before the first step, and where the answer is."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from oldbook_diffusion.callbacks.plates import Plates
from oldbook_diffusion.callbacks.score_drawings import BaseDrawings, ScoreDrawings
from oldbook_diffusion.metrics.controls import DECOYS
from oldbook_diffusion.metrics.encoder_gate import MIXTURES, Trial, examine
from oldbook_diffusion.metrics.gate_check import Check, as_record, as_table

FILE = "images/gate.json"


def examine_encoder(
    scores: ScoreDrawings,
    base: BaseDrawings,
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
        contrast: Pictures that are not of the style.
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


def failures(folder: Path) -> list[str]:
    """The questions that a run's encoder has failed; none where it was not asked."""
    file = folder / FILE
    if not file.is_file():
        return []
    checks = json.loads(file.read_text())["checks"]
    return [str(check["question"]) for check in checks if check["passed"] is False]
