"""The keys of all commands, from their parsers: `python -m oldbook_diffusion.commands.list_keys`.

It writes `keys.json`, by which `check_keys` finds a mistyped key without building a parser.
"""

import json
from importlib import import_module

from jsonargparse import capture_parser

from oldbook_diffusion.commands import COMMANDS
from oldbook_diffusion.commands.check_keys import KEYS


def list_keys() -> dict[str, list[str]]:
    """The keys of each command, as its parser has them now."""
    keys = {}
    for name, command in COMMANDS.items():
        module = import_module(f"oldbook_diffusion.commands.{command.module}")
        parser = capture_parser(module.run, ())
        options = parser._option_string_actions  # argparse has no public way to list them
        keys[name] = sorted(key.lstrip("-") for key in options if key.startswith("--"))
    return keys


if __name__ == "__main__":
    KEYS.write_text(json.dumps(list_keys(), indent=1) + "\n")
