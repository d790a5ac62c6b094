"""The trained weights within a module's state: what a checkpoint keeps."""

from collections.abc import Mapping

from torch import Tensor, nn


def trainable_names(module: nn.Module) -> set[str]:
    """Names of the trainable parameters."""
    return {name for name, parameter in module.named_parameters() if parameter.requires_grad}


def keep_trainable(module: nn.Module, state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The trainable tensors of a state dict."""
    names = trainable_names(module)
    return {name: value for name, value in state_dict.items() if name in names}


def restore_frozen(module: nn.Module, state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Complete trainable weights with the module's frozen ones, so that loading stays strict."""
    names = trainable_names(module)
    frozen = {name: value for name, value in module.state_dict().items() if name not in names}
    return {**frozen, **state_dict}


def explain_misfit(module: nn.Module, state_dict: Mapping[str, Tensor]) -> str | None:
    """Explain why trainable weights do not fit a module; empty where they do."""
    named = module.named_parameters()
    ours = {name: tuple(value.shape) for name, value in named if value.requires_grad}
    theirs = {name: tuple(value.shape) for name, value in state_dict.items()}
    if missing := sorted(ours.keys() - theirs.keys()):
        return f"{len(missing)} weights are missing, first {missing[0]}"
    if extra := sorted(theirs.keys() - ours.keys()):
        return f"{len(extra)} weights have no place, first {extra[0]}"
    resized = sorted(name for name in ours if ours[name] != theirs[name])
    if resized:
        name = resized[0]
        return f"{name} has shape {list(theirs[name])}, this model needs {list(ours[name])}"
    return None
