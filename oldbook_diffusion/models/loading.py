"""Loading of a pretrained pipeline: its index, its parts, and whether they fit together."""

from hashlib import sha256
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from diffusers import DiffusionPipeline
from huggingface_hub import errors
from torch import nn
from transformers.utils.logging import disable_progress_bar

from oldbook_diffusion.errors import OldBookError

INDEX = "model_index.json"
# of the hub's client, whichever that is, all that can go wrong
UNREADABLE = (OSError, ValueError, errors.HTTPError)  # type: ignore[attr-defined]


def read_family(pretrained: str, revision: str | None = None) -> str:
    """The pipeline class that a pretrained folder or repository names in its model_index.json.

    Raises:
        OldBookError: There is no such pipeline, or its index cannot be read.
    """
    folder = Path(pretrained)
    if folder.exists() and not (folder / INDEX).is_file():
        raise OldBookError(f"{pretrained} is not a pipeline in diffusers layout: it has no {INDEX}")
    try:
        index = DiffusionPipeline.load_config(pretrained, revision=revision)
    except UNREADABLE as error:
        raise OldBookError(cannot_load(INDEX, pretrained, error)) from error
    return str(index.get("_class_name"))


def load_part(kind: Any, pretrained: str, subfolder: str, **options: Any) -> Any:
    """Load one part of a pipeline.

    Raises:
        OldBookError: The part is missing or damaged.
    """
    disable_progress_bar()  # of files that are read in a moment; downloads have another
    try:
        return kind.from_pretrained(pretrained, subfolder=subfolder, **options)
    except UNREADABLE as error:
        raise OldBookError(cannot_load(subfolder, pretrained, error)) from error
    except UnpicklingError as error:
        raise OldBookError(
            f"the {subfolder} of {pretrained!r} is a pickle of more than tensors, or damaged, and "
            "is not opened: set model.pretrained to a base model with weights in safetensors"
        ) from error


def cannot_load(part: str, pretrained: str, error: Exception) -> str:
    """The sentence for a part that cannot be loaded."""
    reason = str(error).strip().split("\n")[0]
    return (
        f"cannot load the {part} of {pretrained!r} ({reason}); check the name and the connection, "
        "set HF_HUB_OFFLINE=1 where it was downloaded before, or set model.pretrained to a local "
        "folder in diffusers layout"
    )


def check_tokenizer(tokenizer: Any, text_encoder: nn.Module, pretrained: str) -> None:
    """Refuse a tokenizer that does not fit its text encoder.

    A tokenizer whose vocabulary file is missing is built empty: every prompt would be the same.

    Raises:
        OldBookError: They differ in their vocabulary, or in the length of a prompt.
    """
    config: Any = text_encoder.config
    hint = "download the base model again, or set model.pretrained to another"
    if len(tokenizer) != config.vocab_size:
        raise OldBookError(
            f"the tokenizer of {pretrained!r} has {len(tokenizer)} tokens and its text encoder "
            f"{config.vocab_size}: a file of the tokenizer is missing or of another model; {hint}"
        )
    if tokenizer.model_max_length > config.max_position_embeddings:
        raise OldBookError(
            f"the tokenizer of {pretrained!r} makes prompts of {tokenizer.model_max_length} tokens "
            f"and its text encoder takes {config.max_position_embeddings}: its settings are "
            f"missing or of another model; {hint}"
        )


def fingerprint(network: nn.Module) -> str:
    """Hash of a network: names, shapes and the first 64 weights of each tensor, in any precision.

    Adapter layers of peft do not count: the hash is the same with and without them.
    """
    digest = sha256()
    for name, value in network.state_dict().items():
        if "lora_" not in name:
            # two steps of rounding, so that float32 and float16 files of one model agree
            head = value.flatten()[:64].to(torch.float16).float()
            digest.update(f"{name.replace('.base_layer', '')}{tuple(value.shape)}".encode())
            digest.update((head * 256).round().to(torch.int32).numpy().tobytes())
    return digest.hexdigest()[:16]
