"""`oldbook export`: write the trained weights of a checkpoint in a format of other programs."""

from argparse import ArgumentError
from collections.abc import Sequence
from pathlib import Path

import yaml
from jsonargparse import ArgumentParser

from oldbook_diffusion.commands.explain import explain
from oldbook_diffusion.commands.function_command import run_function
from oldbook_diffusion.commands.parts import PARTS
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.export import FORMATS, Exporter, export
from oldbook_diffusion.run.checkpoint_io import read_checkpoint
from oldbook_diffusion.run.layout import RunLayout
from oldbook_diffusion.system import StyleDiffusion

TRAINING = {"optimizer", "lr_scheduler", "compile", "gradient_checkpointing"}  # no part of a model


def run(arguments: Sequence[str]) -> None:
    """Export, and print the files."""
    options = {"type": Path, "help": "file of a checkpoint in a run's folder"}
    run_function("export", arguments, export_checkpoint, "checkpoint", **options)


def export_checkpoint(
    checkpoint: Path,
    format: Exporter | None = None,
    out: Path | None = None,
    run_config: Path | None = None,
) -> list[Path]:
    """Write the trained weights of a checkpoint, and list the files.

    Args:
        checkpoint: File of a checkpoint in a run's folder.
        format: Format to write; all that can hold what was trained when null.
        out: Folder to write into; beside the checkpoint, with its name, when null.
        run_config: Config that the run was started with; the one in the run's folder when null.

    Raises:
        OldBookError: The checkpoint or its config cannot be read, or the format does not support
            what was trained.
    """
    system = read_system(checkpoint, run_config)
    folder = out or checkpoint.with_suffix("")
    formats = [one for one in FORMATS if one.supports(system.method, system.model)]
    files: list[Path] = []
    for exporter in formats if format is None else [format]:
        files += export(exporter, system.method, system.model, folder)
    if not files:
        raise OldBookError(
            f"no format holds what {type(system.method).__name__} trains: give one of your own "
            "with --format"
        )
    return files


def read_system(checkpoint: Path, run_config: Path | None) -> StyleDiffusion:
    """The system of a run, as a checkpoint has kept it."""
    content = read_checkpoint(checkpoint)
    system = build_system(run_config or RunLayout.of_checkpoint(checkpoint).config)
    system.on_load_checkpoint(content)
    system.load_state_dict(content["state_dict"])
    return system


def build_system(run_config: Path) -> StyleDiffusion:
    """The system of a run, without what is only for training.

    Raises:
        OldBookError: The config cannot be read, or is not of a run.
    """
    try:
        config = yaml.safe_load(run_config.read_text())
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise OldBookError(
            f"cannot read the config of the run, {run_config}: give it with --run_config"
        ) from error
    model = config.get("model") if isinstance(config, dict) else None
    if not isinstance(model, dict):
        raise OldBookError(f"{run_config} is not the config of a run: it has no group model")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(StyleDiffusion, "model", skip=TRAINING)
    given = {name: value for name, value in model.items() if name not in TRAINING}
    try:
        parsed = parser.parse_object({"model": given})
    except ArgumentError as error:
        raise explain(error, "export", PARTS) from error
    return parser.instantiate(parsed).model
