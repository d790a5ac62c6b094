"""A command that is one function: its arguments are keys, and what it returns is printed."""

import sys
from argparse import ArgumentError
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jsonargparse import ArgumentParser

from oldbook_diffusion.commands import COMMANDS
from oldbook_diffusion.commands.explain import explain


def run_function(
    command: str,
    arguments: Sequence[str],
    function: Callable[..., Iterable[object]],
    positional: str,
    **options: Any,
) -> None:
    """Parse the arguments of a function, call it, and print a line for each thing it returns.

    Args:
        command: Name of the command.
        arguments: Its command line, without the name.
        function: Does the work.
        positional: The parameter that is given without a key.
        options: How it is parsed, as `add_argument` takes it.
    """
    parser = ArgumentParser(
        prog=f"oldbook {command}",
        description=COMMANDS[command].summary,
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument(positional, **options)
    parser.add_function_arguments(function, as_group=False, skip={positional})
    try:
        given = parser.parse_args(list(arguments))
    except ArgumentError as error:
        raise explain(error, command) from error
    for line in function(**parser.instantiate(given).as_dict()):
        sys.stdout.write(f"{line}\n")
