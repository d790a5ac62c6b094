"""What libraries raise at a user's mistake is told in one sentence; bugs keep their traceback."""

import errno
import json
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback

from oldbook_diffusion.library_errors import translate
from tests.comparing import PLAIN
from tests.conftest import Runs

SCHEDULE = "torch.optim.lr_scheduler"


def part(class_path: str, **arguments: object) -> str:
    """A part of a config, on the command line."""
    return json.dumps({"class_path": class_path, "init_args": arguments})


MISTAKES = {
    "--trainer.accelerator=tpu": "set trainer.accelerator to auto",
    "--trainer.accelerator=quantum": "set trainer.accelerator to auto",
    "--trainer.enable_checkpointing=false": "leave trainer.enable_checkpointing out",
    "--trainer.precision=transformer-engine": "set trainer.precision to 32-true or bf16-mixed",
    "--trainer.precision=8": "trainer.precision is 8: set it to",
    "--trainer.strategy=deepspeed": "set trainer.strategy to auto",
    "--trainer.strategy=nowhere": "set trainer.strategy to auto",
    "--trainer.num_nodes=0": "`num_nodes` must be a positive integer",
    "--trainer.max_time=soon": "set trainer.max_time to one such as",
    "--trainer.limit_train_batches=-2": "trainer.limit_train_batches is -2",
    "--trainer.profiler=mine": "['simple', 'advanced', 'pytorch', 'xla']",
    "--trainer.gradient_clip_algorithm=most": "gradient_clip_algorithm to norm or value",
    "--trainer.logger=lightning.pytorch.loggers.CometLogger": "pip install comet-ml",
    "--trainer.callbacks+=lightning.pytorch.callbacks.RichProgressBar": (
        "set trainer.enable_progress_bar to true"
    ),
    "--trainer.callbacks+=lightning.pytorch.callbacks.EMAWeightAveraging": "leave it out",
    "--trainer.callbacks+="
    + part("lightning.pytorch.callbacks.StochasticWeightAveraging", swa_lrs=0.1): "leave it out",
    "--trainer.callbacks+="
    + part("lightning.pytorch.callbacks.EarlyStopping", monitor="nothing"): "one of these curves",
    "--seed_everything=-5": "set it to a number from 0 to 4294967295",
    "--model.optimizer.init_args.lr=-1": "model.optimizer: Invalid learning rate: -1.0; set lr to",
    "--model.optimizer.init_args.betas=[2,2]": "set betas to two numbers",
    "--model.optimizer.init_args.weight_decay=-1": "set weight_decay to 0 or more",
    "--model.optimizer=" + part("torch.optim.SparseAdam", lr=0.1): "torch.optim.AdamW",
    "--model.optimizer=" + part("torch.optim.SGD", lr=0.1, nesterov=True): "Nesterov momentum",
    "--model.lr_scheduler=" + part(f"{SCHEDULE}.ReduceLROnPlateau"): "follows steps alone",
    "--model.lr_scheduler="
    + part(f"{SCHEDULE}.OneCycleLR", max_lr=0.1, total_steps=2): "trainer.max_steps or more",
    "--model.lr_scheduler=" + part(f"{SCHEDULE}.StepLR", step_size=0): "model.lr_scheduler: ",
    "--model.lr_scheduler="
    + part(f"{SCHEDULE}.CosineAnnealingWarmRestarts", T_0=0): "Expected positive integer T_0",
}
NO_GPU = {
    "--trainer.accelerator=gpu": "set trainer.accelerator to auto",
    "--trainer.accelerator=mps": "set trainer.accelerator to auto",
    "--trainer.strategy=fsdp": "set trainer.accelerator to auto",
    "--trainer.devices=[0]": "set trainer.devices to 1 or more on a CPU",
    "--trainer.devices=-1": "set trainer.devices to 1 or more on a CPU",
    "--trainer.devices=0": "set trainer.devices to 1 or more on a CPU",
}


@pytest.mark.parametrize("argument", MISTAKES)
def test_a_mistake_that_a_library_notices_is_told_in_one_sentence(
    runs: Runs, argument: str
) -> None:
    named = () if "CometLogger" in argument else ("--trainer.logger.init_args.name=run",)
    assert MISTAKES[argument] in refuse(runs, *PLAIN, *named, argument)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("argument", NO_GPU)
def test_devices_that_a_machine_has_not_are_told_in_one_sentence(runs: Runs, argument: str) -> None:
    assert NO_GPU[argument] in refuse(runs, *PLAIN, argument)


def refuse(runs: Runs, *arguments: str) -> str:
    """What is said about a run that cannot be, in one line."""
    with pytest.raises(SystemExit) as stop:
        runs.command("fit", *arguments)
    message = str(stop.value.code)
    assert message.startswith("oldbook: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("model: {}\n".encode("utf-16"), "not in UTF-8: save it as UTF-8"),
        ("# é\n".encode("latin-1"), "not in UTF-8: save it as UTF-8"),
        (b"- 1\n", "write them as KEY: VALUE"),
        (b"hello\n", "write them as KEY: VALUE"),
        (b"a: [\n", "is not YAML"),
        (None, "Is a directory"),
    ],
)
def test_a_file_that_is_no_config_is_refused(
    runs: Runs, tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "overlay.yaml"
    file.mkdir() if content is None else file.write_bytes(content)
    assert told in runs.refuse(f"--config={file}")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        MemoryError(),
    ],
)
def test_memory_that_cannot_be_had_names_the_keys_to_lower(error: Exception) -> None:
    assert "lower data.batch_size" in str(translate(error))


def test_the_cpus_own_allocator_is_out_of_memory_too() -> None:
    with pytest.raises(RuntimeError) as failure:
        torch.empty(2**55)
    assert "lower data.batch_size" in str(translate(failure.value))


def test_a_full_disk_names_the_folders() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/runs/x")
    assert "cannot write /runs/x (No space left on device)" in str(translate(full))


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("y"), RuntimeError("shape")])
def test_an_error_that_is_not_known_keeps_its_traceback(error: Exception) -> None:
    assert translate(error) is None


def test_a_bug_of_a_users_part_keeps_its_traceback(runs: Runs, tmp_path: Path) -> None:
    bug = "--trainer.callbacks+=tests.test_library_errors.Buggy"
    with pytest.raises(ZeroDivisionError):
        runs.command("fit", *PLAIN, bug)


class Buggy(Callback):
    """A callback with a bug."""

    def on_train_start(self, *_: object) -> None:
        """Fail."""
        raise ZeroDivisionError
