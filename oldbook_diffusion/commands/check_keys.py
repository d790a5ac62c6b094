"""Check of the keys of a command, on its command line and in its config files.

It needs no parser and imports nothing large: the keys of each command are stored in `keys.json`,
which `python -m oldbook_diffusion.commands.list_keys` writes anew and a test compares with the
parsers. Values are checked by the parsers, and so is what lies below a key of any class.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.renamed_keys import advice, renamed

KEYS = Path(__file__).with_name("keys.json")
CONFIG = ("--config", "-c")


@cache
def known_keys(command: str) -> frozenset[str]:
    """The keys of a command, without dashes."""
    return frozenset(json.loads(KEYS.read_text())[command])


def check_keys(command: str, arguments: Sequence[str]) -> None:
    """Refuse a key that the command does not know.

    Raises:
        OldBookError: It gives the key to use instead where there is one.
    """
    for key, source in given_keys(arguments):
        if renamed(key) == key and is_known(key, known_keys(command)):
            continue
        raise OldBookError(f"{source}{key} is not a key of oldbook {command}{hint(command, key)}")


def hint(command: str, key: str) -> str:
    """The key to use instead, by name or by spelling."""
    if key_instead := advice(command, key):
        return f": {key_instead}"
    known = [name for name in known_keys(command) if not name.endswith(".help")]
    same_end = sorted((name for name in known if name.split(".")[-1] == key), key=len)
    close = same_end or difflib.get_close_matches(key, known, 1)
    return f"; did you mean {close[0]}?" if close else f": oldbook {command} --help lists them"


def is_known(key: str, known: frozenset[str]) -> bool:
    """Whether a key is known, a group of known keys, or below a key that takes any class."""
    if key in known or any(name.startswith(f"{key}.") for name in known):
        return True
    parts = key.split(".")
    parents = (".".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
    return any(parent in known and not is_group(parent, known) for parent in parents)


def is_group(key: str, known: frozenset[str]) -> bool:
    """Whether all keys below a key are known."""
    return any(name.startswith(f"{key}.") and name != f"{key}.help" for name in known)


def given_keys(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The keys of a command line and of the files that it names, each with where it stands."""
    words = iter(arguments)
    for word in words:
        name, equals, value = word.partition("=")
        if name in CONFIG:
            yield from keys_of_file(value if equals else next(words, ""))
        elif name.startswith("--"):
            key = name.removeprefix("--").removesuffix("+")
            yield key, "--"
            if value.startswith("{"):
                yield from ((below, "--") for below in keys_within(parsed(value), f"{key}."))


def keys_of_file(name: str) -> Iterator[tuple[str, str]]:
    """The keys of a config file.

    Raises:
        OldBookError: There is no such file, or it is not a mapping in YAML.
    """
    try:
        content = yaml.safe_load(Path(name).read_text())
    except OSError as error:
        raise OldBookError(f"cannot read the config file {name!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise OldBookError(f"the config file {name} is not in UTF-8: save it as UTF-8") from error
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise OldBookError(f"the config file {name} is not YAML: {told}") from error
    if not isinstance(content, Mapping | None):
        raise OldBookError(f"the config file {name} holds no keys: write them as KEY: VALUE")
    yield from ((key, f"{name}: ") for key in keys_within(content))


def parsed(value: str) -> Any:
    """The content of a mapping on the command line; nothing where it is none."""
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        return None


def keys_within(content: Any, group: str = "") -> Iterator[str]:
    """The dotted keys of nested mappings, groups before what is in them."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield f"{group}{name}"
            yield from keys_within(value, f"{group}{name}.")
