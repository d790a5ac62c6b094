"""`oldbook report`: one page about runs."""

from collections.abc import Sequence
from pathlib import Path

from oldbook_diffusion.commands.function_command import run_function
from oldbook_diffusion.report import report


def run(arguments: Sequence[str]) -> None:
    """Write the page, and print where."""
    run_function("report", arguments, report, "runs", type=Path, nargs="+", help="folders of runs")
