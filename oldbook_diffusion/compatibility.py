"""Compatibility of a checkpoint with the base model, the method and the objective of a run."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.fingerprint import check_unchanged
from oldbook_diffusion.methods.state import explain_misfit
from oldbook_diffusion.models import BaseModel

PARTS = ("method", "objective")
FIX = "set it back, or start a run of its own without --ckpt_path"


def check_compatible(
    checkpoint: Mapping[str, Any], module: nn.Module, model: BaseModel, settings: Mapping[str, Any]
) -> None:
    """Refuse a checkpoint that was trained with other parts.

    Args:
        checkpoint: Content of the checkpoint.
        module: Its trainable weights are those to be loaded.
        model: Base model of this run.
        settings: Settings of the method and of the objective of this run.

    Raises:
        OldBookError: It was trained on another base model, by another method or with another
            objective.
    """
    base = checkpoint.get("base", {})
    if base.get("hash") != model.fingerprint:
        raise OldBookError(
            f"the checkpoint was trained on another base model ({base.get('pretrained')}) "
            f"than {model.pretrained}: set model.pretrained to that one"
        )
    for part in PARTS:
        then = {k: v for k, v in checkpoint.get("model", {}).items() if k.startswith(part)}
        check_unchanged(f"model.{part}", then, settings, FIX)
    if misfit := explain_misfit(module, checkpoint["state_dict"]):
        raise OldBookError(
            f"the checkpoint does not fit model.method ({misfit}): set its arguments as they were"
        )
