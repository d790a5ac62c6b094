"""A run that is told to end saves, says how to go on, and goes on as if it had not ended."""

import errno
import fcntl
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from torch import Tensor

from oldbook_diffusion.batch import Batch
from oldbook_diffusion.system import StyleDiffusion
from tests.comparing import PLAIN, everything, same
from tests.conftest import Runs
from tests.processes import Fit

LONG = (*PLAIN, "--trainer.max_steps=400")


def folder(runs: Runs, name: str = "run") -> Path:
    return runs.config.parent / name / "version_0"


def has_learnt(fit: Fit, run: Path) -> bool:
    """Wait until the run has saved once."""
    return fit.wait_until(lambda: any(run.glob("checkpoints/step=*.ckpt")))


def test_sigterm_in_a_real_process_saves_and_prints_how_to_resume(runs: Runs) -> None:
    command = [sys.executable, "-m", "oldbook_diffusion", "fit", f"--config={runs.config}"]
    options = (*PLAIN, "--trainer.max_steps=4000", "--checkpoint.every_n_train_steps=50")
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 120
        run = folder(runs)
        while not any(run.glob("checkpoints/last.ckpt")) and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=120)[0].splitlines()
    assert process.returncode == 143
    assert said[-1] == f"oldbook fit --config {run}/config.yaml --ckpt_path {run}"
    steps = sorted(int(file.stem[5:]) for file in run.glob("checkpoints/step=*.ckpt"))
    assert steps[-1] % 50, "it was saved where it stood"
    longer = f"--trainer.max_steps={steps[-1] + 2}"
    runs.command("fit", *shlex.split(said[-1])[2:], longer)
    assert (run / f"checkpoints/step={steps[-1] + 2:06d}.ckpt").is_file()


@pytest.mark.parametrize(
    ("number", "workers", "accumulation"), [(signal.SIGUSR1, 0, 3), (signal.SIGTERM, 2, 1)]
)
def test_a_run_told_to_end_goes_on_as_if_it_had_not(
    runs: Runs, number: signal.Signals, workers: int, accumulation: int
) -> None:
    options = (
        *LONG,
        "--model.lr_scheduler=null",
        f"--data.num_workers={workers}",
        f"--trainer.accumulate_grad_batches={accumulation}",
        "--checkpoint.every_n_train_steps=7",
    )
    fit = Fit.start(runs.config, *options, "--ckpt_path=auto")
    run = folder(runs)
    assert has_learnt(fit, run)
    fit.tell(number)
    assert fit.end() == 143
    assert fit.said[-1].endswith(f"--ckpt_path {run}")
    step = max(int(file.stem[5:]) for file in run.glob("checkpoints/step=*.ckpt"))
    last = f"--trainer.max_steps={step + 3}"
    resumed = runs.fit(*options, last, "--ckpt_path=auto")
    assert resumed == run
    whole = runs.fit(*options, last, name="whole")
    assert same(everything(whole, step + 3), everything(run, step + 3))


def test_sampling_is_interrupted_and_repeated_by_the_resumed_run(runs: Runs) -> None:
    drawn = ("--render.sampling.num_inference_steps=6", "--checkpoint.every_n_train_steps=1")
    options = (*drawn, "--trainer.max_steps=3", "--data.num_workers=2")
    fit = Fit.start(runs.config, *options)
    run = folder(runs)
    assert fit.wait_until(lambda: (run / "checkpoints/step=000002.ckpt").is_file())
    fit.tell(signal.SIGTERM)
    assert fit.end() == 143
    assert not (run / "checkpoints/step=000003.ckpt").exists()
    assert not (run / "images/step=000002").exists()
    resumed = runs.fit(*options, "--ckpt_path=auto")
    assert resumed == run
    whole = runs.fit(*options, name="whole")
    assert same(everything(whole, 3), everything(run, 3))
    drawings = sorted(whole.glob("images/step=*/*.png"))
    assert len(drawings) == 3 * 4
    for drawing in drawings:
        assert (run / drawing.relative_to(whole)).read_bytes() == drawing.read_bytes()


def test_a_run_told_to_end_before_its_first_step_has_nothing_to_save(runs: Runs) -> None:
    fit = Fit.start(runs.config, "--render.sampling.num_inference_steps=1000")
    run = folder(runs)
    assert fit.wait_until(lambda: (run / "config.yaml").is_file())
    time.sleep(3)  # now it draws with the base model
    fit.tell(signal.SIGTERM)
    assert fit.end() == 143
    assert not list(run.glob("checkpoints/*.ckpt"))
    assert fit.said[-1] == f"oldbook fit --config {run}/config.yaml", (
        "there is nothing to go on from"
    )
    assert runs.fit(*PLAIN, "--ckpt_path=auto").name == "version_1"


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), KeyboardInterrupt()]
)
def test_a_step_that_fails_leaves_what_was_learnt_before_it(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    options = (*PLAIN, "--trainer.accumulate_grad_batches=2", "--checkpoint.every_n_train_steps=50")
    learn = StyleDiffusion.training_step

    def step(self: StyleDiffusion, batch: Batch, batch_idx: int) -> Tensor:
        if batch_idx == 5:  # in the middle of the third step
            raise error
        return learn(self, batch, batch_idx)

    with monkeypatch.context() as patched:
        patched.setattr(StyleDiffusion, "training_step", step)
        with pytest.raises(SystemExit):
            runs.fit(*options)
    run = folder(runs)
    assert [file.stem for file in run.glob("checkpoints/step=*.ckpt")] == ["step=000002"]
    resumed = runs.fit(*options, "--ckpt_path=last")
    assert resumed == run
    whole = runs.fit(*options, name="whole")
    assert same(everything(whole, 4), everything(run, 4))


def test_a_second_run_in_the_same_folder_is_refused(runs: Runs) -> None:
    fit = Fit.start(runs.config, *LONG, "--checkpoint.every_n_train_steps=2")
    run = folder(runs)
    assert has_learnt(fit, run)
    kept = (run / "config.yaml").read_bytes()
    message = runs.refuse(*LONG, "--ckpt_path=last", "--model.gradient_checkpointing=true")
    assert f"another process is writing to {run}" in message
    assert (run / "config.yaml").read_bytes() == kept
    fit.kill()
    runs.fit(*PLAIN, "--model.lr_scheduler=null", "--ckpt_path=last")


def test_a_folder_that_cannot_be_locked_is_told_once_and_trained_in(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def lock(*arguments: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", lock)
    run = runs.fit(*PLAIN)
    assert (run / "checkpoints/step=000004.ckpt").is_file()
    told = [message for message in caplog.messages if "cannot be locked" in message]
    assert len(told) == 1
    assert str(run) in told[0]
