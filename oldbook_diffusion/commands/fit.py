"""`oldbook fit`: train a run, or resume one."""

from collections.abc import Sequence

from oldbook_diffusion.commands.training import TrainingCLI


def run(arguments: Sequence[str]) -> None:
    """Train."""
    cli = TrainingCLI("fit", arguments, method="fit")
    cli.call(cli.trainer.fit)
