"""Keys of the trainer work exactly, or are refused."""

from pathlib import Path

import pytest

from tests.comparing import PLAIN, everything, same
from tests.conftest import Runs


@pytest.mark.parametrize(
    ("key", "value", "cure"),
    [
        ("limit_train_batches", "3", "trainer.max_steps"),
        ("limit_train_batches", "0.5", "trainer.max_steps"),
        ("limit_val_batches", "1", "data.held_out.num_monitored"),
        ("limit_val_batches", "0", "data.held_out.num_monitored"),
        ("overfit_batches", "2", "data.path"),
        ("overfit_batches", "0.1", "data.path"),
        ("max_epochs", "3", "trainer.max_steps"),
        ("min_epochs", "3", "trainer.min_steps"),
        ("check_val_every_n_epoch", "1", "checkpoint.every_n_train_steps"),
        ("val_check_interval", "3", "checkpoint.every_n_train_steps"),
        ("reload_dataloaders_every_n_epochs", "1", "no epochs"),
        ("accumulate_grad_batches", "0", "1 or more"),
        ("gradient_clip_val", "-1.0", "above 0"),
        ("precision", "16-true", "16-mixed"),
    ],
)
def test_a_key_that_would_be_ignored_or_spoil_a_run_is_refused(
    runs: Runs, key: str, value: str, cure: str
) -> None:
    message = runs.refuse(f"--trainer.{key}={value}")
    assert f"trainer.{key}" in message
    assert cure in message
    assert not (runs.config.parent / "run").exists(), "no empty folder of a run is left"


def test_values_that_mean_what_happens_anyway_are_accepted(runs: Runs) -> None:
    runs.fit(
        *PLAIN,
        "--trainer.limit_train_batches=1.0",
        "--trainer.limit_val_batches=1.0",
        "--trainer.overfit_batches=0",
        "--trainer.max_epochs=-1",
        "--trainer.gradient_clip_val=0",
    )


def test_bf16_true_is_explained(runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    runs.fit(*PLAIN, "--trainer.precision=bf16-true")
    assert any("small updates are lost" in message for message in caplog.messages)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("number", ["true", "2"])
def test_a_development_run_writes_nothing(
    runs: Runs, here: Path, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    runs.command("fit", f"--trainer.fast_dev_run={number}")
    assert list(here.iterdir()) == []
    assert not list((runs.config.parent / "run").glob("*"))
    said = capsys.readouterr().out
    assert said == "Every part ran, as trainer.fast_dev_run asks; nothing was kept.\n"


def test_runs_without_a_logger_are_kept_each_in_a_folder_of_its_own(
    runs: Runs, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in (0, 1):
        runs.command("fit", *PLAIN, "--trainer.logger=false")
        run = here / f"runs/unlogged/version_{version}"
        assert (run / "checkpoints/step=000004.ckpt").is_file()
        assert (run / "config.yaml").is_file()
    assert [path.name for path in here.iterdir()] == ["runs"]
    assert "tensorboard" not in capsys.readouterr().out


def test_time_ends_a_run_at_an_optimizer_step_from_which_it_resumes(runs: Runs) -> None:
    options = (
        *PLAIN,
        "--model.lr_scheduler=null",
        "--trainer.accumulate_grad_batches=3",
        "--checkpoint.every_n_train_steps=100",
    )
    run = runs.fit(*options, "--trainer.max_steps=4000", "--trainer.max_time=00:00:00:01")
    (step,) = (int(file.stem[5:]) for file in run.glob("checkpoints/step=*.ckpt"))
    assert 0 < step < 4000
    last = f"--trainer.max_steps={step + 2}"
    resumed = runs.fit(*options, last, f"--ckpt_path={run}")
    assert resumed == run
    whole = runs.fit(*options, last, name="whole")
    assert same(everything(whole, step + 2), everything(run, step + 2))


def test_a_timer_that_stops_between_batches_is_refused(runs: Runs) -> None:
    message = runs.refuse(
        "--trainer.callbacks=[{class_path: Timer, init_args: {duration: null, interval: step}}]"
    )
    assert "set trainer.max_time" in message
