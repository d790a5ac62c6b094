"""`oldbook validate-encoder`: check the style encoder alone."""

from collections.abc import Sequence

from oldbook_diffusion.commands.training import TrainingCLI


def run(arguments: Sequence[str]) -> None:
    """Run the encoder's validity checks, and print their results."""
    cli = TrainingCLI("validate-encoder", arguments)
    cli.call(cli.trainer.predict, return_predictions=False)
