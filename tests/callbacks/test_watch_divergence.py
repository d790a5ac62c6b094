"""A loss that rises and stays up is announced, once."""

import numpy as np
import pytest
import torch

from oldbook_diffusion.callbacks import WatchDivergence
from tests.comparing import PLAIN, events
from tests.conftest import Runs

QUICK = (
    *PLAIN,
    "--divergence.window=3",
    "--model.lr_scheduler=null",
    "--checkpoint.every_n_train_steps=20",
)


def rising(batch: int) -> str:
    arguments = f'"init_args": {{"batch": {batch}}}'
    return f'--model.objective={{"class_path": "tests.losses.Rising", {arguments}}}'


def test_a_risen_loss_is_warned_of_once_and_plotted_also_over_a_resume(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    logged = "--trainer.log_every_n_steps=1"
    run = runs.fit(*QUICK, logged, rising(7), "--trainer.max_steps=13")
    told = [message for message in caplog.messages if "the loss has risen" in message]
    assert len(told) == 1
    assert "by step 12" in told[0]
    curve = [event.value for event in events(run).Scalars("train/loss_rise")]
    assert curve[:8] == [1.0] * 8
    assert curve[-1] > 2
    caplog.clear()
    runs.fit(*QUICK, logged, rising(7), "--trainer.max_steps=24", "--ckpt_path=last")
    assert not [message for message in caplog.messages if "the loss has risen" in message]


def test_a_loss_as_it_is_goes_without_a_word(runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    runs.fit(*QUICK, "--divergence.factor=3", rising(100), "--trainer.max_steps=16")
    assert not [message for message in caplog.messages if "the loss has risen" in message]


def test_the_noise_of_single_plates_is_no_alarm() -> None:
    """Losses of batches of one, of a long tail: the worst that the noise of timesteps does."""

    class Module:
        def log(self, *arguments: object) -> None:
            pass

    class Trainer:
        accumulate_grad_batches = 1
        global_step = 0

    rng = np.random.default_rng(0)
    for _ in range(20):
        watch = WatchDivergence()
        losses = torch.tensor(np.exp(rng.normal(-2.6, 1.2, 5000)).clip(0, 1.2))
        for loss in losses:
            watch.on_train_batch_end(Trainer(), Module(), {"loss": loss}, None, 0)  # type: ignore[arg-type]
        assert not watch.warned
        for loss in 3 * losses[:300]:
            watch.on_train_batch_end(Trainer(), Module(), {"loss": loss}, None, 0)  # type: ignore[arg-type]
        assert watch.warned


class OfAnotherDevice(torch.Tensor):
    """A loss that cannot be stacked with those of the processor."""

    @classmethod
    def __torch_function__(
        cls, function: object, types: object, arguments: tuple = (), options: dict | None = None
    ) -> object:
        if function is torch.stack:
            raise RuntimeError("Expected all tensors to be on the same device")
        return super().__torch_function__(function, types, arguments, options)


@pytest.mark.parametrize("kept", [[0.5], torch.tensor([0.5])])
def test_losses_of_a_checkpoint_are_saved_beside_new_ones_of_a_device(kept: object) -> None:
    watch = WatchDivergence()
    watch.load_state_dict({"medians": [], "losses": kept, "rise": 1.0, "warned": False})
    watch.losses.append(torch.tensor(0.25).as_subclass(OfAnotherDevice))
    assert watch.state_dict()["losses"] == [0.5, 0.25]
    again = WatchDivergence()
    again.load_state_dict(watch.state_dict())
    assert again.state_dict() == watch.state_dict()
