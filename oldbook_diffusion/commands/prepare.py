"""`oldbook prepare`: fill the cache of latents and text embeddings."""

from collections.abc import Sequence

from oldbook_diffusion.commands.training import TrainingCLI
from oldbook_diffusion.fill_cache import fill_cache


def run(arguments: Sequence[str]) -> None:
    """Encode every image and prompt that training may need."""
    cli = TrainingCLI("prepare", arguments)
    fill_cache(cli.trainer, cli.model, cli.datamodule)
