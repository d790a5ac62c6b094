"""`oldbook render`: generate images of a prompt."""

from collections.abc import Sequence

from oldbook_diffusion.commands.function_command import run_function
from oldbook_diffusion.drawing import draw


def run(arguments: Sequence[str]) -> None:
    """Generate, and print the files."""
    run_function("render", arguments, draw, "prompt", type=str, help="what the image shows")
