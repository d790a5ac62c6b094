"""`oldbook blind`: what people see in the samples of a run."""

import json
from collections.abc import Sequence
from pathlib import Path

from oldbook_diffusion.blind.blind import blind
from oldbook_diffusion.commands.function_command import run_function

LISTS = ("--answers", "--steps")


def run(arguments: Sequence[str]) -> None:
    """Make the page of a test, or score answers, and print the file or the figures."""
    options = {"type": Path, "nargs": "*", "help": "folders of runs"}
    run_function("blind", gather(arguments), blind, "runs", **options)


def gather(arguments: Sequence[str]) -> list[str]:
    """Put the words after a key that takes a list into the one word that the parser takes."""
    gathered: list[str] = []
    words = list(arguments)
    while words:
        name, equals, first = words.pop(0).partition("=")
        if name not in LISTS or first.startswith("["):
            gathered.append(name + equals + first)
            continue
        values = [first] if equals else []
        while words and not words[0].startswith("--"):
            values.append(words.pop(0))
        gathered.append(f"{name}={json.dumps(values)}")
    return gathered
