"""Errors of the parsers of the commands, as one sentence about keys and values."""

import difflib
import inspect
import re
import sys
from argparse import ArgumentError
from collections.abc import Iterable

from oldbook_diffusion.commands.check_keys import hint
from oldbook_diffusion.errors import OldBookError, user_error

KEY = re.compile(r'Parser key "([^"]+)": ')
UNKNOWN = re.compile(r"Option '([\w.]+)' is not accepted|does not accept option '([\w.]+)'")
MISSING = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")
WITHOUT_CLASS = re.compile(r"Given value: NestedArg\(key='(\w+)'")
NO_CLASS = re.compile(r"Expected a dot import path string: (\S+)")
GIVEN = re.compile(r"(?:Got|Given) value: (.+?)(?=\. Got value: | - Expected |$)")
OUTSIDE = re.compile(
    r"Not of type \w+: (?:(\S+) does not|invalid literal .*: '(.*?)'|.*float: '(.*?)')"
)
EXPECTED = re.compile(
    r"(?:Expected an? <class '|Not of type )([\w.]+)(?:'>|:)|Expected a typing\.Literal\[([^\]]*)\]"
)
WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list",
    "dict": "a mapping",
    "NoneType": "null",
    "PositiveInt": "a whole number of 1 or more",
    "NonNegativeInt": "a whole number of 0 or more",
    "PositiveFloat": "a number above 0",
    "NonNegativeFloat": "a number of 0 or more",
    "OpenUnitInterval": "a number between 0 and 1",
    "ClosedUnitInterval": "a number from 0 to 1",
}


def explain(error: ArgumentError, command: str, parts: Iterable[type] = ()) -> OldBookError:
    """Explain an error of a parser.

    Args:
        error: What the parser has raised.
        command: The command whose keys to suggest.
        parts: Classes that a config can name, to suggest them and their arguments.
    """
    if mistake := user_error(error):
        return mistake
    message = " ".join(str(error).split())
    keys = list(KEY.finditer(message))
    key = " of ".join(dict.fromkeys(found[1] for found in reversed(keys))) or "the config"
    about = message[keys[-1].end() :] if keys else message
    if found := UNKNOWN.search(about):
        return OldBookError(unknown(key, found[1] or found[2], command, parts))
    if found := MISSING.search(about):
        names = dir(sys.modules.get(found[1]))
        return OldBookError(f"{key}: there is no {found[2]} in {found[1]}{like(found[2], names)}")
    wrong = wrong_value(key, about, parts, is_nested=len(keys) > 1)
    return OldBookError(wrong or (f"{key}: {about}" if keys else about))


def unknown(key: str, name: str, command: str, parts: Iterable[type]) -> str:
    """A key that a part or a group does not have."""
    if key == "the config":
        return f"{name} is not a key of oldbook {command}{hint(command, name)}"
    names = [argument for part in parts for argument in inspect.signature(part).parameters]
    return f"{key} has no argument {name!r}{like(name, names)}"


def wrong_value(key: str, about: str, parts: Iterable[type], is_nested: bool) -> str:
    """A value of another type than its key takes; empty where the message is about more.

    What follows the value of a nested key is about the key around it.
    """
    if not is_nested and (alone := WITHOUT_CLASS.search(about)):
        return f"{key}.{alone[1]} needs a class: set {key}.class_path before it"
    found = [match for match in (GIVEN.search(about), OUTSIDE.search(about)) if match]
    found = sorted(found, key=lambda match: match.start()) if is_nested else found
    value = found[0] if found else None
    types = EXPECTED.findall(about[: value.end()] if value else about)
    wanted = [WORDS.get(kind, "") or options.replace(", ", " or ") for kind, options in types]
    wanted = [words.replace("'", "") for words in dict.fromkeys(wanted) if words]
    no_class = NO_CLASS.search(about)
    if no_class is not None and WORDS["float"] not in wanted:
        wanted.append("the name of a class")
    value = value or no_class
    if not wanted or value is None:
        return ""
    text = next(text for text in value.groups() if text is not None)
    close = like(text, [part.__name__ for part in parts]) if no_class else ""
    return f"{key} is {text}: set it to {' or '.join(wanted)}{close}"


def like(name: str, names: Iterable[str]) -> str:
    """The name that looks most like another, in capitals or not, as a suggestion."""
    by_spelling = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), list(by_spelling), 1)
    return f"; did you mean {by_spelling[close[0]]}?" if close else ""
