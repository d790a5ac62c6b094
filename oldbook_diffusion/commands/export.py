"""`oldbook export`: write the trained weights of a checkpoint in a format of other programs."""

from argparse import ArgumentError
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import yaml
from jsonargparse import ArgumentParser

from oldbook_diffusion.commands.explain import explain
from oldbook_diffusion.commands.function_command import run_function
from oldbook_diffusion.commands.parts import PARTS
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.export import FORMATS, Exporter, attach_layers, export, read_layers
from oldbook_diffusion.export.base import check_exportable
from oldbook_diffusion.methods import Method
from oldbook_diffusion.models import BaseModel, load_model
from oldbook_diffusion.run.checkpoint_io import read_checkpoint
from oldbook_diffusion.run.layout import RunLayout
from oldbook_diffusion.system import StyleDiffusion

TRAINING = {"optimizer", "lr_scheduler", "compile", "gradient_checkpointing"}  # no part of a model
START = "method.init_args.init_from"  # the checkpoint holds what became of it
BY_WORD = {one.word: one for one in FORMATS}


def run(arguments: Sequence[str]) -> None:
    """Export, and print the files."""
    what = "file of a checkpoint in a run's folder, a run's folder, or with --base an adapter"
    options = {"type": Path, "help": what}
    run_function("export", joined(arguments), export_checkpoint, "checkpoint", **options)


def joined(arguments: Sequence[str]) -> list[str]:
    """The arguments with the words after `--to` as one list, as the parser takes it."""
    given = list(arguments)
    if "--to" not in given:
        return given
    start = given.index("--to")
    words = list(takewhile(lambda word: not word.startswith("-"), given[start + 1 :]))
    return [*given[:start], f"--to=[{','.join(words)}]", *given[start + 1 + len(words) :]]


def export_checkpoint(
    checkpoint: Path,
    to: list[str] | None = None,
    format: Exporter | None = None,
    out: Path | None = None,
    run_config: Path | None = None,
    base: BaseModel | str | None = None,
) -> list[Path]:
    """Write the trained weights of a checkpoint, and list the files.

    Args:
        checkpoint: File of a checkpoint in a run's folder, or a run's folder: its selected or else
            its last checkpoint. With a base, a LoRA of diffusers, peft or kohya's scripts.
        to: Formats to write, of peft, diffusers, kohya, merged, single-file and denoiser.
        format: Format by its class; where neither is given, all adapters that can hold what was
            trained.
        out: Folder to write into; beside the checkpoint, with its name, when null.
        run_config: Config that the run was started with; the one in the run's folder when null.
        base: Base model of an adapter that comes without a run, as `oldbook render` takes it.

    Raises:
        OldBookError: The checkpoint or its config cannot be read, or the format does not support
            what was trained.
    """
    wanted = [*named(to or []), *([format] if format else [])]
    if base is None and checkpoint.is_dir():
        checkpoint = checkpoint_of(RunLayout(checkpoint))
    trained = read_trained(checkpoint, run_config, base)
    beside = f"{checkpoint.resolve().with_suffix('')}{'_exported' if base else ''}"
    return write_all(wanted or default_formats(trained), trained, out or Path(beside))


class Trained(NamedTuple):
    """A model with a method attached, and what it has learned."""

    method: Method
    model: BaseModel


def read_trained(path: Path, run_config: Path | None, base: BaseModel | str | None) -> Trained:
    """What a checkpoint holds; with a base model, what the file of a LoRA does."""
    if base is None:
        system = read_system(path, run_config)
        return Trained(system.method, system.model)
    model = load_model(base) if isinstance(base, str) else base
    return Trained(attach_layers(model, read_layers(model, path, FORMATS)), model)


def default_formats(trained: Trained) -> list[Exporter]:
    """The formats of a checkpoint that can hold what was trained.

    Raises:
        OldBookError: There is none.
    """
    default = [one for one in FORMATS if one.by_default]
    formats = [one for one in default if one.supports(*trained)]
    if not formats:
        raise OldBookError(
            f"no format holds what {type(trained.method).__name__} trains: give one of your own "
            "with --format"
        )
    return formats


def write_all(formats: list[Exporter], trained: Trained, folder: Path) -> list[Path]:
    """Write all formats into a folder, or none if one of them cannot hold what was trained."""
    for exporter in formats:
        check_exportable(exporter, *trained)
    written = [export(one, *trained, folder) for one in formats]
    return [file for files in written for file in files]


def named(words: list[str]) -> list[Exporter]:
    """The formats of these words.

    Raises:
        OldBookError: There is no such format, or none at all.
    """
    unknown = [word for word in words if word not in BY_WORD]
    if unknown:
        raise OldBookError(
            f"--to: there is no format {unknown[0]!r}, take some of {', '.join(BY_WORD)}"
        )
    return [BY_WORD[word] for word in dict.fromkeys(words)]


def checkpoint_of(run: RunLayout) -> Path:
    """The selected checkpoint of a run, or else its last.

    Raises:
        OldBookError: It has none.
    """
    if run.best_checkpoint.exists():
        return run.best_checkpoint
    if not run.checkpoint_files:
        raise OldBookError(f"there is no checkpoint of a run in {run.path}: give a file of one")
    return run.checkpoint_files[-1]


def read_system(checkpoint: Path, run_config: Path | None) -> StyleDiffusion:
    """The system of a run, as a checkpoint has kept it."""
    content = read_checkpoint(checkpoint)
    content.get("model", {}).pop(START, None)  # the start of the run may be gone
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
    (given["method"].get("init_args") or {}).pop("init_from", None)
    try:
        parsed = parser.parse_object({"model": given})
    except ArgumentError as error:
        raise explain(error, "export", PARTS) from error
    return parser.instantiate(parsed).model
