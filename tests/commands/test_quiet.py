"""What Lightning says of other machines and of services is left out."""

import logging

import pytest

from tests.comparing import PLAIN
from tests.conftest import Runs


def test_messages_that_tell_nothing_are_left_out_and_others_told_once(
    runs: Runs,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
) -> None:
    runs.fit(*PLAIN)
    assert "Loading weights" not in capfd.readouterr().err
    assert not [one for one in recwarn if "logging interval" in str(one.message)]
    for noise in ("TPU", "litlogger", "GPU available", "stopped: `max_steps", "weights_only"):
        assert noise not in caplog.text, noise
    assert caplog.messages.count("Seed set to 3") == 1
    assert logging.getLogger("lightning").handlers == [], "the root logger has a handler"
