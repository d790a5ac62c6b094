"""The bar counts optimizer steps in a terminal; elsewhere each checkpoint has its line."""

import io
import sys

import pytest

from tests.comparing import PLAIN
from tests.conftest import Runs

SHOWN = "--trainer.enable_progress_bar=true"


class Terminal(io.StringIO):
    """Errors as a terminal shows them."""

    def isatty(self) -> bool:
        return True


def in_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal in place; within a test, since pytest changes it before."""
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


def test_a_bar_counts_optimizer_steps_and_shows_the_scores(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = in_terminal(monkeypatch)
    runs.fit(SHOWN, "--trainer.accumulate_grad_batches=2")
    shown = terminal.getvalue()
    assert "training: 100%" in shown
    assert "4/4 [" in shown
    assert "loss=" in shown
    assert "lr=" in shown
    assert "Epoch" not in shown
    assert "v_num" not in shown


def test_a_resumed_run_begins_where_it_was(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = in_terminal(monkeypatch)
    runs.fit(*PLAIN, "--trainer.max_steps=2")
    terminal.truncate(0)
    runs.fit(*PLAIN, SHOWN, "--ckpt_path=last")
    assert "| 2/4 [" in terminal.getvalue()


def test_without_a_terminal_each_checkpoint_has_a_line(
    runs: Runs, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    run = runs.fit(SHOWN)
    told = [message for message in caplog.messages if message.startswith("step ")]
    assert [line.split(":")[0] for line in told] == ["step 2 of 4", "step 4 of 4"]
    for line, step in zip(told, (2, 4), strict=True):
        assert "style " in line
        assert "prompt recall " in line
        assert line.endswith(f"samples in {run}/images/step={step:06d}")
    said = capfd.readouterr().err
    assert "training:" not in said
    assert "\x1b[" not in said


def test_no_bar_or_another_one_is_used_where_it_is_asked_for(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = in_terminal(monkeypatch)
    runs.fit(*PLAIN, "--trainer.enable_progress_bar=false")
    other = "--trainer.callbacks+=lightning.pytorch.callbacks.TQDMProgressBar"
    runs.fit(*PLAIN, SHOWN, other)
    assert "training:" not in terminal.getvalue()
