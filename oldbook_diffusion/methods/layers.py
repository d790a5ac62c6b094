"""Layers of a denoiser that a method adapts: sets of them by name, or the ends of their paths."""

import difflib
from collections.abc import Sequence

from torch import nn

from oldbook_diffusion.errors import OldBookError

# joint attention, as in SD 3, has maps of its own for the prompt
ATTENTION = (
    *("to_q", "to_k", "to_v", "to_out.0"),
    *("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"),
)
FEED_FORWARD = ("ff.net.0.proj", "ff.net.2", "ff_context.net.0.proj", "ff_context.net.2")
PROJECTIONS = ("proj_in", "proj_out")
CONVOLUTIONS = ("conv1", "conv2", "conv_shortcut", "downsamplers.0.conv", "upsamplers.0.conv")
NORMS = ("norm1", "norm2", "norm3")
LAYER_SETS = {
    "attention": ATTENTION,
    "feed_forward": FEED_FORWARD,
    "projections": PROJECTIONS,
    "convolutions": CONVOLUTIONS,
    "norms": NORMS,
}


def suffixes(targets: Sequence[str]) -> list[str]:
    """The ends of the paths of layers: each set by its members, any other name as it is."""
    return [end for target in targets for end in LAYER_SETS.get(target, (target,))]


def fits(path: str, ends: Sequence[str]) -> bool:
    """Whether a layer's path ends in one of these names, as peft compares them."""
    return any(path == end or path.endswith(f".{end}") for end in ends)


def check_targets(targets: Sequence[str], network: nn.Module) -> list[str]:
    """Refuse a name that no layer of a network has.

    Returns:
        The ends of names that layers have; a set may hold others, of other families of models.

    Raises:
        OldBookError: It names the layers that are called most alike.
    """
    paths = [path for path, layer in network.named_modules() if not list(layer.children())]
    found: list[str] = []
    for target in targets:
        ends = [end for end in suffixes([target]) if any(fits(path, [end]) for path in paths)]
        if not ends:
            raise OldBookError(
                f"model.method fits no layer of this model by target_modules {target!r}: take "
                + near(target, paths)
            )
        found += [end for end in ends if end not in found]
    return found


def near(target: str, paths: Sequence[str]) -> str:
    """What could have been meant."""
    known = {end for path in paths for end in last_names(path)} | set(LAYER_SETS)
    alike = difflib.get_close_matches(target, sorted(known), 3)
    return " or ".join(alike) or f"a set of {', '.join(LAYER_SETS)}"


def last_names(path: str) -> list[str]:
    """The last one, two and three names of a path that do not begin with a number."""
    parts = path.split(".")
    ends = [".".join(parts[-count:]) for count in (1, 2, 3)]
    return [end for end in ends if not end[0].isdigit()]
