"""Settings that may not change when a run is resumed, as plain data in its checkpoints."""

import inspect
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.renamed_keys import renamed


def settings(name: str, part: object) -> dict[str, Any]:
    """The class and the arguments of a part, by their keys in a config, as plain data."""
    arguments = {
        f"{name}.init_args.{key}": plain(getattr(part, key, None))
        for key in inspect.signature(type(part)).parameters
    }
    return {f"{name}.class_path": type(part).__name__, **arguments}


def plain(value: Any) -> Any:
    """A value as a checkpoint can hold it: it is loaded as data, never as code."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: plain(item) for key, item in asdict(value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)  # a number of a checked range has a class of its own
    return None if value is None else repr(value)


def difference(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first setting that differs, with both values; a missing setting counts as equal."""
    for key, value in then.items():
        name = renamed(key)  # as a checkpoint from before the renaming has it
        if name in now and now[name] != value:
            return f"it was made with {name} {value!r}, now it is {now[name]!r}"
    return ""


def check_unchanged(part: str, then: Mapping[str, Any], now: Mapping[str, Any], fix: str) -> None:
    """Refuse to resume with other settings than a checkpoint was made with.

    Args:
        part: What they are settings of.
        then: Those of the checkpoint; a setting that an older one lacks counts as equal.
        now: Those of this run.
        fix: What to do.

    Raises:
        OldBookError: It names the first that differs, with both values.
    """
    if found := difference(then, now):
        raise OldBookError(f"the checkpoint does not fit {part}: {found}; {fix}")
