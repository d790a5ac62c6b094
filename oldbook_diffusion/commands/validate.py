"""`oldbook validate`: sample from a checkpoint, and score it."""

from collections.abc import Sequence

from oldbook_diffusion.commands.training import TrainingCLI


def run(arguments: Sequence[str]) -> None:
    """Sample and score."""
    cli = TrainingCLI("validate", arguments, method="validate")
    cli.call(cli.trainer.validate)
