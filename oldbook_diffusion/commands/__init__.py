"""The commands of `oldbook`, one module each; a module is imported when its command runs."""

from pathlib import Path
from typing import NamedTuple

HELP = Path(__file__).with_name("help")  # a text for each command that trains nothing


class Command(NamedTuple):
    """A command of the command line."""

    module: str  # in this package; its `run(arguments)` runs the command
    summary: str
    trains: bool = False  # whether it takes the config of a training run


COMMANDS = {
    "fit": Command("fit", "Fine-tune a model on a style.", trains=True),
    "validate": Command("validate", "Sample from a checkpoint and score it.", trains=True),
    "validate-encoder": Command(
        "validate_encoder", "Check whether the style encoder can score this style.", trains=True
    ),
    "prepare": Command(
        "prepare", "Fill the cache of latents and text embeddings, before a run.", trains=True
    ),
    "render": Command("render", "Generate images of a prompt, with an adapter and without."),
    "export": Command("export", "Write the trained weights of a checkpoint in other formats."),
    "report": Command("report", "Show what runs have done on one page."),
    "blind": Command("blind", "Ask people what they see in samples, and score their answers."),
    "cache": Command("cache", "Show or empty the cache of latents and text embeddings."),
}
