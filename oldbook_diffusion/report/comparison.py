"""Whether several runs are measured on one scale."""

import torch

from oldbook_diffusion.report.records import Run

ROUNDING = 1e-3  # between embeddings of one plate that two machines have made


def warning(runs: list[Run]) -> str:
    """A sentence about what the scales of runs do not share; empty where they share all."""
    first = runs[0]
    unlike = {
        "encoders": any(run.origin.get("encoder") != first.origin.get("encoder") for run in runs),
        "encoders' weights": any(
            run.origin.get("weights") != first.origin.get("weights") for run in runs
        ),
        "prompts": any(prompts(run) != prompts(first) for run in runs),
    }
    if not (unlike["encoders"] or unlike["encoders' weights"]):  # by which plates are known
        unlike["held-out plates"] = any(not same_plates(first, run) for run in runs)
    differ = " and ".join(kind for kind, found in unlike.items() if found)
    return f"These runs are not measured on one scale, as their {differ} differ." if differ else ""


def prompts(run: Run) -> set[str]:
    """What a run has drawn."""
    return {prompt for prompt, _ in run.checkpoints[0].drawings}


def same_plates(one: Run, other: Run) -> bool:
    """Whether the held-out plates of two runs look the same to one encoder."""
    if one.panel is None or other.panel is None:
        return one.panel is other.panel
    plates = one.panel.held_out, other.panel.held_out
    return plates[0].shape == plates[1].shape and torch.allclose(*plates, atol=ROUNDING)
