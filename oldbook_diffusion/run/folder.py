"""Where a run keeps what it makes."""

from pathlib import Path

from lightning.pytorch import Trainer

from oldbook_diffusion.errors import OldBookError


def run_folder(trainer: Trainer) -> Path:
    """The folder of a run: `SAVE_DIR/NAME/version_N` of its logger, as the first process has it.

    Another process may count the versions differently. `trainer.log_dir` asks the first one, and
    stalls where not all of them ask.
    """
    named = (getattr(trainer.logger, name, None) for name in ("log_dir", "save_dir"))
    return Path(next(filter(None, named), trainer.default_root_dir))


def going_on(trainer: Trainer, saves: bool) -> str:
    """The command that goes on with a run, or begins it anew.

    Args:
        trainer: Of the run.
        saves: Whether the run is about to be saved.
    """
    folder = run_folder(trainer)
    there = saves or any(folder.glob("checkpoints/*.ckpt"))
    start = folder if there else trainer.ckpt_path  # which may be of another run
    command = f"oldbook fit --config {folder / 'config.yaml'}"
    return f"{command} --ckpt_path {start}" if start else command


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written, before anything is loaded.

    Raises:
        OldBookError: It says why, and how to take another folder.
    """
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink(missing_ok=True)  # another process probes too
    except OSError as error:
        raise OldBookError(
            f"cannot write to the runs' folder {folder} ({error.strerror}); "
            "choose another with trainer.logger.init_args.save_dir"
        ) from error
