"""What may not change between a run and the run that goes on with it."""

import inspect
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from oldbook_diffusion.errors import OldBookError


def settings(name: str, part: object) -> dict[str, Any]:
    """The class and the arguments of a part, by their keys in a config, as plain data."""
    arguments = {
        f"{name}.init_args.{key}": plain(getattr(part, key, None))
        for key in inspect.signature(type(part)).parameters
    }
    return {f"{name}.class_path": type(part).__name__, **arguments}


def plain(value: Any) -> Any:
    """A value as a checkpoint can hold it: it is read back as data, never as code."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: plain(item) for key, item in asdict(value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def difference(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first setting that differs, with both values; what one side does not tell is the same."""
    for name, value in then.items():
        if name in now and now[name] != value:
            return f"it was made with {name} {value!r}, now it is {now[name]!r}"
    return ""


def check_unchanged(part: str, then: Mapping[str, Any], now: Mapping[str, Any], cure: str) -> None:
    """Refuse to go on with other settings than a checkpoint was made with.

    Args:
        part: What they are settings of.
        then: Those of the checkpoint; what an older one does not tell is taken to be the same.
        now: Those of this run.
        cure: What to do.

    Raises:
        OldBookError: It names the first that differs, with both values.
    """
    if found := difference(then, now):
        raise OldBookError(f"the checkpoint does not fit {part}: {found}; {cure}")
