"""Comparison: whether several runs are scored on one scale."""

import torch

from oldbook_diffusion.report.records import Run

ROUNDING = 1e-3  # between embeddings of one plate that two machines have made


def warning(runs: list[Run]) -> str:
    """A sentence about what differs between the scales of runs; empty where nothing does."""
    first = runs[0]
    unlike = {
        "encoders": any(
            run.metadata.get("encoder") != first.metadata.get("encoder") for run in runs
        ),
        "encoders' weights": any(
            run.metadata.get("weights") != first.metadata.get("weights") for run in runs
        ),
        "prompts": any(prompts(run) != prompts(first) for run in runs),
    }
    if not (unlike["encoders"] or unlike["encoders' weights"]):  # by which plates are known
        unlike["held-out plates"] = any(not same_plates(first, run) for run in runs)
    differ = " and ".join(kind for kind, found in unlike.items() if found)
    return f"Scores of these runs cannot be compared: their {differ} differ." if differ else ""


def prompts(run: Run) -> set[str]:
    """The prompts that a run has sampled."""
    return {prompt for prompt, _ in run.checkpoints[0].samples}


def same_plates(one: Run, other: Run) -> bool:
    """Whether the held-out plates of two runs look the same to one encoder."""
    if one.references is None or other.references is None:
        return one.references is other.references
    plates = one.references.held_out, other.references.held_out
    return plates[0].shape == plates[1].shape and torch.allclose(*plates, atol=ROUNDING)
