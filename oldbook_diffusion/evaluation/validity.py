"""Validity checks of the encoder in a run: what is embedded for them, and how they are reported."""

import torch
from torch import Tensor

from oldbook_diffusion.evaluation.reference_images import Plates
from oldbook_diffusion.evaluation.scorer import BaseSamples, Scorer
from oldbook_diffusion.metrics.negative_controls import HARD_NEGATIVES
from oldbook_diffusion.metrics.validity import MIXTURES, Check, Trial, check_validity, failed
from oldbook_diffusion.run.folder import RunFolder


def run_checks(
    scorer: Scorer,
    base: BaseSamples,
    blends: tuple[Tensor, Tensor],
    held_out: Plates,
    negatives: Tensor,
) -> list[Check]:
    """Embed what the checks need, and run them.

    Args:
        scorer: The encoder and its reference set.
        base: The base model's samples.
        blends: The base's samples of held-out captions, and the plates of them.
        held_out: Held-out plates with their variants.
        negatives: Images that are not of the style.
    """
    assert scorer.references is not None
    samples, pages = blends
    mixtures = [scorer.embed(torch.lerp(samples, pages, fraction)) for fraction in MIXTURES]
    trial = Trial(
        replicates=scorer.embed(base.replicates),
        hard_negatives=scorer.embed_changed(base.images.prompts, HARD_NEGATIVES),
        variants=held_out.variants,
        untouched=held_out.untouched,
        mixtures=torch.stack(mixtures),
        negatives=scorer.embed(negatives),
    )
    return check_validity(scorer.references, trial)


def failure_summary(checks: list[Check]) -> str:
    """One sentence about the checks that have failed; empty where none has."""
    wrong = failed(checks)
    if not wrong:
        return ""
    return (
        f"style encoder failed {len(wrong)} of {len(checks)} validity checks (first: {wrong[0]}); "
        "take another render.encoder: its scores are marked as invalid"
    )


def failures(folder: RunFolder) -> list[str]:
    """The checks that a run's encoder has failed; none where none were run."""
    checks = folder.read_validity().get("checks", [])
    return [str(check["name"]) for check in checks if check["passed"] is False]


def not_run(folder: RunFolder) -> str:
    """A sentence about the checks that could not be run; empty where all were."""
    names = folder.read_validity().get("not_run", [])
    return f"Validity checks that were not run: {'; '.join(names)}." if names else ""
