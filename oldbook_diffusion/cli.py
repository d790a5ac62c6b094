"""The command line: `oldbook fit --config configs/nano.yaml`."""

import difflib
import inspect
import logging
import re
import sys
import warnings
from argparse import ArgumentError
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI

from oldbook_diffusion.adapter import LoRA
from oldbook_diffusion.cache.commands import manage_cache
from oldbook_diffusion.callbacks import (
    AccountForTime,
    Checkpoint,
    ChooseCheckpoint,
    ExportAdapter,
    FitBatch,
    RenderPrompts,
    ShowResults,
    SkipBadSteps,
    WatchDivergence,
)
from oldbook_diffusion.callbacks.checkpoint_file import DurableCheckpointIO
from oldbook_diffusion.callbacks.end_on_signal import EndOnSignal, Terminated
from oldbook_diffusion.callbacks.keep_faults import KeepFaults
from oldbook_diffusion.callbacks.resumption import enter, find_checkpoint, folder_of, place_of
from oldbook_diffusion.callbacks.run_folder import check_writable
from oldbook_diffusion.callbacks.run_lock import RunLock
from oldbook_diffusion.data import Illustrations
from oldbook_diffusion.drawing import draw
from oldbook_diffusion.errors import OldBookError, mendable
from oldbook_diffusion.fill_cache import fill_cache
from oldbook_diffusion.loss import DenoisingLoss
from oldbook_diffusion.metrics import (
    CSDEncoder,
    DINOv2Encoder,
    GaborTextures,
    OpenCLIPEncoder,
    RandomTextures,
)
from oldbook_diffusion.report import report
from oldbook_diffusion.system import StyleDiffusion

ENCODERS = (OpenCLIPEncoder, DINOv2Encoder, CSDEncoder, RandomTextures, GaborTextures)
PARTS = (LoRA, DenoisingLoss, *ENCODERS)  # known by their bare names in a class_path
FALSE_ALARMS = (
    r".*your dataloader is\s+not resumable",  # the datamodule keeps the position
    r"Found \d+ module\(s\) in eval mode",  # the frozen parts are meant to be
    r".*LeafSpec",  # Lightning's own affair
    r".*sync_dist=True",  # what is logged at validation is the same in all processes
)
TRAINER_DEFAULTS: dict[str, Any] = {
    "check_val_every_n_epoch": None,
    "num_sanity_val_steps": 0,
    "use_distributed_sampler": False,
    "log_every_n_steps": 10,
    "logger": {
        "class_path": "lightning.pytorch.loggers.TensorBoardLogger",
        "init_args": {"save_dir": "runs", "name": "oldbook"},
    },
}

EXAMINE = "validate-encoder"
PREPARE = "prepare"
CONFIG_COMMANDS = {
    EXAMINE: "Ask whether the style encoder can judge this style, before a run.",
    PREPARE: "Fill the cache of latents and text embeddings, before a run.",
}
OWN_COMMANDS: dict[str, tuple[Callable[..., Sequence[Path | str]], str, dict[str, Any]]] = {
    "render": (
        draw,
        "Draw any prompt.",
        {"name": "prompt", "options": {"type": str, "help": "what to draw"}},
    ),
    "report": (
        report,
        "Show what runs have done on one page.",
        {"name": "runs", "options": {"type": Path, "nargs": "+", "help": "folders of runs"}},
    ),
    "cache": (
        manage_cache,
        "Say what the cache of latents and text embeddings holds, or empty it.",
        {"name": "action", "options": {"choices": ["info", "clear"], "help": "look or empty"}},
    ),
}


class OldBookCLI(LightningCLI):
    """The groups of a config: `model`, `data`, `trainer`, and a callback's in each other."""

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """What the trainer does here; drawing by itself is added below."""
        skipped = {"model", "dataloaders", "datamodule", "weights_only"}
        return {
            "fit": skipped | {"train_dataloaders", "val_dataloaders"},
            "validate": skipped,
        }

    def _add_subcommands(self, parser: LightningArgumentParser, **kwargs: Any) -> None:
        super()._add_subcommands(parser, **kwargs)
        assert parser._subcommands_action is not None
        for name, about in CONFIG_COMMANDS.items():
            like_a_run = self.init_parser(exit_on_error=False, description=about)
            self._add_arguments(like_a_run)
            self._subcommand_parsers[name] = like_a_run
            parser._subcommands_action.add_subcommand(name, like_a_run, help=about)
        for name, (command, about, positional) in OWN_COMMANDS.items():
            own = self.init_parser(exit_on_error=False, description=about)
            own.add_argument(positional["name"], **positional["options"])
            own.add_function_arguments(command, as_group=False, skip={positional["name"]})
            self._subcommand_parsers[name] = own
            parser._subcommands_action.add_subcommand(name, own, help=about)

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Parse; a mistake becomes one sentence."""
        try:
            super().parse_arguments(parser, args)
        except ArgumentError as error:
            if mistake := mendable(error):
                raise mistake from error
            message = " ".join(str(error).split())
            hint = nearest(message, self._subcommand_parsers.values())
            raise OldBookError(f"{message}{hint}") from error

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Name the callbacks that every run has, and let every fact be said once."""
        parser.add_lightning_class_args(RenderPrompts, "render")
        parser.add_lightning_class_args(Checkpoint, "checkpoint")
        parser.add_lightning_class_args(ChooseCheckpoint, "choose")
        parser.add_lightning_class_args(SkipBadSteps, "bad_steps")
        parser.add_lightning_class_args(WatchDivergence, "divergence")
        parser.link_arguments("seed_everything", "data.seed")
        parser.link_arguments("data.resolution", "render.sampling.resolution")
        clock = ("checkpoint.every_n_steps", "trainer.accumulate_grad_batches", "trainer.max_steps")
        parser.link_arguments(clock, "trainer.val_check_interval", compute_fn=batches_between)

    def before_instantiate_classes(self) -> None:
        """Look at the runs' folder; find what `--ckpt_path` means, and go on in its place."""
        config, self.entered = self.config[self.config.subcommand], None
        place = place_of(config.get("trainer.logger"))
        if place is not None:
            check_writable(folder_of(place))
        if asked := config.get("ckpt_path"):
            found = find_checkpoint(str(asked), place, config.model.as_dict())
            config.ckpt_path = found and str(found)
            if found and self.subcommand == "fit":
                self.entered = enter(place, found, str(asked))

    def after_instantiate_classes(self) -> None:
        """Keep what was found out of the saved config, which is to repeat the run."""
        if self.subcommand == "fit":
            self.config.fit.ckpt_path = None
        if self.entered is not None:
            self.entered.version = None

    def instantiate_classes(self) -> None:
        """Build the parts, but for a command that builds its own."""
        if self.config.subcommand not in OWN_COMMANDS:
            super().instantiate_classes()

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Build the trainer with durable checkpoints, in a folder of its own, and ready to end."""
        asked = self._get(self.config_init, "trainer")
        plugins = [*(asked.plugins or []), DurableCheckpointIO()]
        callbacks = [RunLock(), EndOnSignal(), KeepFaults(), *(asked.callbacks or [])]
        return super().instantiate_trainer(plugins=plugins, callbacks=callbacks, **kwargs)

    def _run_subcommand(self, subcommand: str) -> None:
        if subcommand == EXAMINE:
            self.trainer.predict(self.model, datamodule=self.datamodule, return_predictions=False)
        elif subcommand == PREPARE:
            fill_cache(self.trainer, self.model, self.datamodule)
        elif subcommand in OWN_COMMANDS:
            self.run_own(subcommand)
        else:
            super()._run_subcommand(subcommand)

    def run_own(self, subcommand: str) -> None:
        """Run a command that builds its own parts, and show what it gives: files, or lines."""
        arguments = self.config[subcommand].as_dict()
        for name in ("config", "seed_everything"):
            arguments.pop(name, None)
        for line in OWN_COMMANDS[subcommand][0](**arguments):
            sys.stdout.write(f"{line}\n")

    def _parse_ckpt_path(self) -> None:
        """Leave the config as it was said: a checkpoint does not overrule the command line."""


def batches_between(every_n_steps: int, accumulate_grad_batches: int, max_steps: int) -> int:
    """Batches between two checkpoints, or in the whole run where that is shorter.

    Raises:
        OldBookError: The run has no end.
    """
    if max_steps < 1:
        raise OldBookError("say how long to train: set trainer.max_steps to 1 or more")
    return min(every_n_steps, max_steps) * accumulate_grad_batches


def nearest(message: str, parsers: Iterable[LightningArgumentParser]) -> str:
    """Offer the known key that looks most like the unknown one in a parser's message."""
    known = {key.lstrip("-") for parser in parsers for key in parser._option_string_actions}
    known |= {name for part in PARTS for name in inspect.signature(part).parameters}
    for word in re.findall(r"--([\w.]+)|['\"]([\w.]+)['\"]", message):
        unknown = "".join(word)
        if unknown not in known and (close := difflib.get_close_matches(unknown, known, 1)):
            return f"; did you mean {close[0]}?"
    return ""


def tell() -> None:
    """Show what the package has to say on the terminal, beside what Lightning says."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("oldbook_diffusion").setLevel(logging.INFO)


def main(args: ArgsType = None) -> None:
    """Run a subcommand; end with one sentence where the user can mend what is wrong."""
    parser_kwargs = {name: {"exit_on_error": False} for name in OldBookCLI.subcommands()}
    for message in FALSE_ALARMS:
        warnings.filterwarnings("ignore", message=message)
    own = [FitBatch(), ExportAdapter(), AccountForTime(), ShowResults()]
    tell()
    try:
        OldBookCLI(
            StyleDiffusion,
            Illustrations,
            seed_everything_default=0,
            auto_configure_optimizers=False,
            trainer_defaults={**TRAINER_DEFAULTS, "callbacks": own},
            save_config_kwargs={"overwrite": True},
            parser_kwargs={**parser_kwargs, "exit_on_error": False},
            args=args,
        )
    except Terminated as end:
        sys.stdout.write(end.lines)
        sys.exit(end.status)
    except Exception as error:
        if (mistake := mendable(error)) is None:
            raise
        sys.exit(f"oldbook: {mistake}")
