"""The command line: `oldbook fit --config configs/nano.yaml`.

The command's name and its keys are checked before anything large is imported, so that help and
mistakes are answered at once. Each command is a module of `commands` with a function `run`.
"""

import difflib
import logging
import sys
from collections.abc import Sequence
from importlib import import_module

from oldbook_diffusion import __version__
from oldbook_diffusion.commands import COMMANDS, HELP
from oldbook_diffusion.commands.check_keys import check_keys
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.library_errors import translate

USAGE = """usage: oldbook COMMAND [--config FILE ...] [--KEY VALUE ...]

Fine-tune Stable Diffusion on old book illustrations, and measure whether it worked.

commands:
{commands}

oldbook COMMAND --help lists the keys of a command; oldbook --version tells the version.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an error that the user can fix ends it with one sentence and status 1."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("oldbook_diffusion").setLevel(logging.INFO)
    try:
        if words[:1] in (["--help"], ["-h"]):
            sys.stdout.write(usage())
        elif words[:1] == ["--version"]:
            sys.stdout.write(f"oldbook {__version__}\n")
        else:
            run(words)
    except Exception as error:
        if (mistake := translate(error)) is None:
            raise
        sys.exit(f"oldbook: {mistake}")


def run(words: Sequence[str]) -> None:
    """Check the command and its keys, then import and run it.

    Raises:
        OldBookError: There is no such command, or it has no such key.
    """
    if not words:
        raise OldBookError(
            "name a command, such as oldbook fit --config configs/nano.yaml; oldbook --help lists "
            "them"
        )
    command, *rest = words
    if command not in COMMANDS:
        close = difflib.get_close_matches(command, COMMANDS, 1)
        hint = f"did you mean {close[0]}?" if close else f"take one of {', '.join(COMMANDS)}"
        raise OldBookError(f"there is no command {command!r}: {hint}")
    check_keys(command, rest)
    if {"--help", "-h"} & set(rest) and not COMMANDS[command].trains:
        sys.stdout.write((HELP / f"{command}.txt").read_text())
        return
    import_module(f"oldbook_diffusion.commands.{COMMANDS[command].module}").run(rest)


def usage() -> str:
    """The help of `oldbook` itself."""
    lines = (f"  {name:18}{command.summary}" for name, command in COMMANDS.items())
    return USAGE.format(commands="\n".join(lines))
