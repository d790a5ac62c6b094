"""The keys and the help of the commands: `python -m oldbook_diffusion.commands.list_keys`.

It writes `keys.json`, by which `check_keys` finds a mistyped key without building a parser, and a
text in `help/` for each command that trains nothing, which is shown without importing the command.
"""

import json
from importlib import import_module

from jsonargparse import ArgumentParser, capture_parser

from oldbook_diffusion.commands import COMMANDS, HELP
from oldbook_diffusion.commands.check_keys import KEYS


def parser_of(name: str) -> ArgumentParser:
    """The parser of a command."""
    module = import_module(f"oldbook_diffusion.commands.{COMMANDS[name].module}")
    return capture_parser(module.run, ())


def list_keys() -> dict[str, list[str]]:
    """The keys of each command, as its parser has them now."""
    keys = {}
    for name in COMMANDS:
        options = parser_of(name)._option_string_actions  # private: argparse lists them nowhere
        keys[name] = sorted(key.lstrip("-") for key in options if key.startswith("--"))
    return keys


def list_help() -> dict[str, str]:
    """The help of each command that trains nothing, as wide as `COLUMNS` says."""
    names = (name for name, command in COMMANDS.items() if not command.trains)
    return {name: parser_of(name).format_help() for name in names}


if __name__ == "__main__":
    KEYS.write_text(json.dumps(list_keys(), indent=1) + "\n")
    for name, text in list_help().items():
        (HELP / f"{name}.txt").write_text(text)
