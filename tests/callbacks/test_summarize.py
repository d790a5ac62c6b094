"""A run says what it is going to do."""

import pytest

from tests.comparing import PLAIN
from tests.conftest import Runs


def test_a_run_tells_what_is_trained_on_what_and_where(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    run = runs.fit(*PLAIN, "--trainer.accumulate_grad_batches=3")
    first, second, third = (
        next(line for line in caplog.messages if word in line)
        for word in ("parameters are trained", "steps of", "precision")
    )
    assert first.startswith("LoRA on StableDiffusion ")
    assert "2,048 parameters are trained, 3.1% of the denoiser's" in first
    assert second.startswith("4 steps of 6 plates (2 at once, 3 times, 1 devices), from step 0 on")
    assert "12 plates held out" in second
    assert third == f"cpu, precision 32-true; {run}"
