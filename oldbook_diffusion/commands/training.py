"""A training run put together from its config; the commands of a run share it."""

import sys
import warnings
from argparse import ArgumentError
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ProgressBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from oldbook_diffusion.callbacks import (
    AutoBatchSize,
    Checkpoint,
    Evaluate,
    ExportAdapter,
    ProfileRun,
    SelectCheckpoint,
    ShowResults,
    SkipNonfiniteSteps,
    WatchDivergence,
)
from oldbook_diffusion.callbacks.end_on_signal import EndOnSignal, Terminated
from oldbook_diffusion.callbacks.log_bad_samples import LogBadSamples
from oldbook_diffusion.callbacks.log_step import LogStep
from oldbook_diffusion.callbacks.run_lock import RunLock
from oldbook_diffusion.callbacks.step_timer import StepTimer
from oldbook_diffusion.callbacks.summarize import Summarize
from oldbook_diffusion.callbacks.training_bar import TrainingBar
from oldbook_diffusion.commands import COMMANDS
from oldbook_diffusion.commands.explain import explain
from oldbook_diffusion.commands.parts import PARTS
from oldbook_diffusion.commands.quiet import quiet_lightning
from oldbook_diffusion.commands.trainer_keys import check_callbacks, check_seed, check_trainer
from oldbook_diffusion.data import Illustrations
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.library_errors import blaming
from oldbook_diffusion.run.checkpoint_io import DurableCheckpointIO
from oldbook_diffusion.run.files import check_writable
from oldbook_diffusion.run.folder import RunFolder
from oldbook_diffusion.run.resume import (
    check_resumed,
    find_checkpoint,
    folder_of,
    logger_arguments,
    next_version,
    resume_in_run,
    versions,
)
from oldbook_diffusion.system import StyleDiffusion

FALSE_ALARMS = (
    r".*your dataloader is\s+not resumable",  # the datamodule keeps the position
    r"Found \d+ module\(s\) in eval mode",  # the frozen parts are meant to be
    r".*LeafSpec",  # Lightning's own affair
    r".*smaller than the logging interval",  # a short run is meant to be
    r".*sync_dist=True",  # what is logged at validation is the same in all processes
)
TRAINER_DEFAULTS: dict[str, Any] = {
    "check_val_every_n_epoch": None,
    "num_sanity_val_steps": 0,
    "enable_model_summary": False,  # Summarize tells more
    "use_distributed_sampler": False,
    "log_every_n_steps": 10,
    "logger": {
        "class_path": "lightning.pytorch.loggers.TensorBoardLogger",
        "init_args": {"save_dir": "runs", "name": "oldbook"},
    },
}
UNLOGGED = Path("runs/unlogged")  # runs without a logger
GIVEN_HERE = {
    "model",
    "dataloaders",
    "datamodule",
    "weights_only",
    "train_dataloaders",
    "val_dataloaders",
}


class TrainingCLI(LightningCLI):
    """The parts of a run: `model`, `data`, `trainer`, and a callback in each other group.

    Args:
        command: Name of the command.
        arguments: Its command line, without the name.
        method: Method of the trainer whose arguments are keys too; none when null.
    """

    def __init__(self, command: str, arguments: Sequence[str], method: str | None = None) -> None:
        self.command = command
        self.method = method
        self.method_arguments: list[str] = []
        quiet_lightning()
        for message in FALSE_ALARMS:
            warnings.filterwarnings("ignore", message=message)
        always = [AutoBatchSize(), ProfileRun(), ShowResults()]
        super().__init__(
            StyleDiffusion,
            Illustrations,
            seed_everything_default=0,
            auto_configure_optimizers=False,
            trainer_defaults={**TRAINER_DEFAULTS, "callbacks": always},
            save_config_kwargs={"overwrite": True},
            parser_kwargs={
                "prog": f"oldbook {command}",
                "usage": f"oldbook {command} [--config FILE ...] [--KEY VALUE ...]",
                "description": COMMANDS[command].summary,
                "exit_on_error": False,
                "allow_abbrev": False,
            },
            args=list(arguments),
            run=False,
        )

    def add_core_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the groups of a config, the project's own first; Lightning would begin with its."""
        parser.add_lightning_class_args(StyleDiffusion, "model")
        parser.add_lightning_class_args(Illustrations, "data")
        parser.add_lightning_class_args(Evaluate, "render")
        parser.add_lightning_class_args(Checkpoint, "checkpoint")
        parser.add_lightning_class_args(SelectCheckpoint, "selection")
        parser.add_lightning_class_args(SkipNonfiniteSteps, "bad_steps")
        parser.add_lightning_class_args(WatchDivergence, "divergence")
        parser.add_lightning_class_args(ExportAdapter, "export")
        if self.method is not None:
            self.method_arguments = parser.add_method_arguments(
                Trainer, self.method, skip=GIVEN_HERE
            )
        parser.add_lightning_class_args(Trainer, "trainer")
        defaults = {f"trainer.{name}": value for name, value in TRAINER_DEFAULTS.items()}
        parser.set_defaults(defaults)

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Let every fact be given once."""
        parser.link_arguments("seed_everything", "data.seed")
        parser.link_arguments("data.resolution", "render.sampling.resolution", compute_fn=int)
        steps = (
            "checkpoint.every_n_train_steps",
            "trainer.accumulate_grad_batches",
            "trainer.max_steps",
        )
        parser.link_arguments(steps, "trainer.val_check_interval", compute_fn=batches_between)

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse; an error becomes one sentence."""
        try:
            self.config = parser.parse_args(args)
        except ArgumentError as error:
            raise explain(error, self.command, PARTS) from error
        check_seed(self.config.seed_everything)
        check_trainer(self.config.trainer.as_dict())

    def before_instantiate_classes(self) -> None:
        """Check the runs' folder; find the checkpoint of `--ckpt_path`, and resume in its run."""
        config, self.resumed = self.config, None
        logger = logger_arguments(config.get("trainer.logger"))
        if logger is not None:
            check_writable(folder_of(logger))
        if ckpt_path := config.get("ckpt_path"):
            found = find_checkpoint(str(ckpt_path), logger, config.model.as_dict())
            config.ckpt_path = found and str(found)
            if found and self.method == "fit":
                self.resumed = resume_in_run(logger, found, str(ckpt_path))
        if self.method == "fit" and logger is not None and logger.get("version") is not None:
            (run,) = versions(logger)
            check_resumed(RunFolder(run), config.get("ckpt_path"))  # before the logger writes

    def after_instantiate_classes(self) -> None:
        """Keep what was found out of the saved config, which is to repeat the run."""
        if self.method == "fit":
            self.config.ckpt_path = None
        if self.resumed is not None:
            self.resumed.version = None

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Build the trainer with durable checkpoints, in a folder of its own, and ready to stop."""
        given = self.config_init.trainer
        plugins = [*as_list(given.plugins), DurableCheckpointIO()]
        lock = RunLock(self.config_init.get("ckpt_path"))
        callbacks = [lock, EndOnSignal(), LogBadSamples(), *as_list(given.callbacks)]
        if self.method == "fit":
            callbacks += [LogStep(), Summarize(), *bars(given.enable_progress_bar, callbacks)]
        check_callbacks(callbacks)
        kwargs |= {"plugins": plugins, "callbacks": callbacks, "max_time": None}
        with blaming("trainer"):
            if given.max_time is not None:
                callbacks.append(StepTimer(given.max_time))
            if given.fast_dev_run:
                self.scratch = TemporaryDirectory(prefix="oldbook-")
                kwargs["default_root_dir"] = self.scratch.name
            elif given.logger is False and given.default_root_dir is None:
                kwargs["default_root_dir"] = str(next_version(UNLOGGED))
            return super().instantiate_trainer(**kwargs)

    def call(self, method: Callable[..., object], **options: object) -> None:
        """Call a method of the trainer with the model and the data; exit as a signal requires."""
        given = {name: self.config_init[name] for name in self.method_arguments}
        try:
            method(self.model, datamodule=self.datamodule, **given, **options)
        except Terminated as end:
            sys.stdout.write(end.lines)
            sys.exit(end.status)


def as_list(parts: Any) -> list[Any]:
    """Parts of a trainer, which may be given as a list, alone, or not at all."""
    return parts if isinstance(parts, list) else [] if parts is None else [parts]


def bars(enabled: bool | None, callbacks: Sequence[Any]) -> list[ProgressBar]:
    """The bar of a training run, unless another one or none is asked for."""
    others = any(isinstance(one, ProgressBar) for one in callbacks)
    return [] if others or enabled is False else [TrainingBar()]


def batches_between(every_n_train_steps: int, accumulate_grad_batches: int, max_steps: int) -> int:
    """Batches between two checkpoints, or in the whole run where that is shorter.

    Raises:
        OldBookError: The run has no end.
    """
    if max_steps < 1:
        raise OldBookError("set trainer.max_steps to 1 or more: a run needs an end")
    return min(every_n_train_steps, max_steps) * accumulate_grad_batches
