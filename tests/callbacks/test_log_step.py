"""The curves of a run's steps: what was trained on, and at which rate."""

import pytest
from torch import Tensor

from oldbook_diffusion.batch import Batch
from oldbook_diffusion.system import StyleDiffusion
from tests.comparing import PLAIN, events
from tests.conftest import Runs


def test_the_loss_of_a_step_is_the_mean_over_its_batches_and_the_rate_its_own(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses: list[float] = []
    learn = StyleDiffusion.training_step

    def step(self: StyleDiffusion, batch: Batch, batch_idx: int) -> Tensor:
        loss = learn(self, batch, batch_idx)
        losses.append(float(loss))
        return loss

    monkeypatch.setattr(StyleDiffusion, "training_step", step)
    options = ("--trainer.accumulate_grad_batches=3", "--trainer.log_every_n_steps=1")
    curves = events(runs.fit(*PLAIN, *options))
    found = {
        tag: [event.value for event in curves.Scalars(tag)] for tag in ("train/loss", "train/lr")
    }
    assert len(losses) == 12
    means = [sum(losses[n : n + 3]) / 3 for n in range(0, 12, 3)]
    assert found["train/loss"] == pytest.approx(means, rel=1e-6)
    rates = [0.01, 0.00853553, 0.005, 0.00146447]  # a cosine of four steps
    assert found["train/lr"] == pytest.approx(rates, rel=1e-5)
