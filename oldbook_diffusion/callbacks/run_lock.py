"""RunLock: one run at a time in a folder."""

import logging
import shutil
import sys
from io import FileIO
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.run.exit_status import status
from oldbook_diffusion.run.folder import RunFolder
from oldbook_diffusion.run.resume import check_resumed

log = logging.getLogger(__name__)


class RunLock(Callback):
    """Hold a lock on the run's folder while the process lives; sweep what a killed one left.

    A folder of a run that ends with an error before anything was saved is removed.

    The first process takes the folder: it locks the whole file, so that an orphan of an earlier
    run is noticed, then leaves each other process a byte of it to be noticed by. A record lock,
    not `flock`: workers that decode do not inherit it, so that it is released when the training
    process dies.

    Args:
        checkpoint: What the run is resumed from; null where it is a new one.
    """

    def __init__(self, checkpoint: str | Path | None = None) -> None:
        self.checkpoint = checkpoint  # Lightning tells it only later
        self.file: FileIO | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Take the folder of a training run.

        Raises:
            OldBookError: It holds a run that is not resumed, or another process is writing to it.
        """
        if stage != "fit":
            return
        folder = trainer.strategy.broadcast(RunContext(trainer).folder)
        check_resumed(folder, self.checkpoint)
        free = trainer.strategy.broadcast(trainer.is_global_zero and self.take(folder, 0))
        if free and not trainer.is_global_zero:
            free = self.take(folder, trainer.global_rank)
        if not trainer.strategy.reduce_boolean_decision(free, all=True):
            if not trainer.is_global_zero:
                sys.exit(status(trainer, 1))  # the main process prints why
            raise OldBookError(
                f"another process is writing to {folder.path}: wait for it, or stop it, or "
                "start a run of its own without --ckpt_path"
            )
        if trainer.is_global_zero:
            sweep(folder)

    def take(self, folder: RunFolder, rank: int) -> bool:
        """Lock the byte of a process; false where another has it, true where locks do not exist."""
        folder.path.mkdir(parents=True, exist_ok=True)
        self.file = folder.lock.open("ab", buffering=0)
        try:
            lock(self.file, rank)
        except (BlockingIOError, PermissionError):  # which of the two depends on the system
            return False
        except (OSError, ImportError) as error:  # some filesystems of clusters know no locks
            if rank == 0:
                log.warning(
                    "%s cannot be locked (%s): see to it that no other run writes there",
                    folder.path,
                    error,
                )
        return True

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave the folder to others."""
        self.release()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Leave the folder to others, and none where an error came before the first step."""
        folder = RunContext(trainer).folder
        mine = self.file is not None or not folder.lock.exists()
        failed = isinstance(exception, Exception)  # a signal is none, and its run can be repeated
        begun = trainer.global_step > 0 or not folder.is_unused
        self.release()
        if mine and failed and not begun and trainer.is_global_zero:
            shutil.rmtree(folder.path, ignore_errors=True)

    def release(self) -> None:
        """Unlock."""
        if self.file is not None:
            self.file.close()
            self.file = None


def lock(file: FileIO, rank: int) -> None:
    """Lock the whole file for a moment and then the byte of a process.

    Raises:
        BlockingIOError: Another process has locked some of it; or `PermissionError`.
        OSError: It cannot be locked.
    """
    import fcntl  # here: Windows has none, and reads reports too

    if rank == 0:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(file, fcntl.LOCK_UN, 0, 1)
    else:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, rank)


def sweep(folder: RunFolder) -> None:
    """Remove what a process left half written when it was killed."""
    for draft in folder.drafts:
        draft.unlink(missing_ok=True)
