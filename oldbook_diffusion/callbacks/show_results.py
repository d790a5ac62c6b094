"""ShowResults: what to open when a run is over."""

import logging
import shlex
import sys

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.export.diffusers import FILE
from oldbook_diffusion.report import report
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.run.folder import RunFolder

log = logging.getLogger(__name__)


class ShowResults(Callback):
    """Print the paths of all results at the end of a run."""

    @rank_zero_only
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write a line for each thing to open, when everything else is written."""
        if stage != "fit":
            return
        if trainer.fast_dev_run:  # type: ignore[attr-defined]
            sys.stdout.write("Every part ran, as trainer.fast_dev_run asks; nothing was kept.\n")
            return
        context = RunContext(trainer)
        folder, step = context.folder, trainer.global_step
        adapter = folder.best_adapter if folder.best_adapter.exists() else folder.adapter(step)
        self.write_report(folder)
        files = {
            "report": folder.report,
            "before/after": folder.before_after,
            "samples": folder.images,
            "adapter": adapter / FILE if (adapter / FILE).exists() else adapter,
        }
        curves = shlex.join(["tensorboard", "--logdir", str(folder.path)])
        lines = {
            **({"curves": curves} if trainer.loggers else {}),
            **{name: file for name, file in files.items() if file.exists()},
            "resume": context.resume_command(saves=False),
        }
        sys.stdout.write("\n" + "".join(f"{name:>14}  {what}\n" for name, what in lines.items()))

    def write_report(self, folder: RunFolder) -> None:
        """Write the report; a run without samples, or a full disk, goes without."""
        try:
            report([folder.path])
        except (OldBookError, OSError) as error:
            log.info("no report is written: %s", error)
