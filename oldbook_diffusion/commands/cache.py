"""`oldbook cache`: show or empty the cache."""

from collections.abc import Sequence

from oldbook_diffusion.cache.manage import manage_cache
from oldbook_diffusion.commands.function_command import run_function


def run(arguments: Sequence[str]) -> None:
    """Show or empty it."""
    options = {"choices": ["info", "clear"], "help": "show what it holds, or empty it"}
    run_function("cache", arguments, manage_cache, "action", **options)
