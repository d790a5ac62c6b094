"""Schedules are as long as the run, and those of the reference script."""

from collections.abc import Sequence

import pytest
import torch
from diffusers.optimization import get_scheduler
from torch.optim.lr_scheduler import LRScheduler

from oldbook_diffusion.schedules import Constant, Cosine, Linear
from tests.comparing import PLAIN
from tests.conftest import Runs


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)


def rates(schedule: LRScheduler, steps: int) -> Sequence[float]:
    found = [schedule.get_last_lr()[0]]
    for _ in range(steps):
        schedule.optimizer.step()
        schedule.step()
        found.append(schedule.get_last_lr()[0])
    return found


@pytest.mark.parametrize("warmup", [0, 5])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Cosine, "cosine"), (Linear, "linear"), (Constant, "constant_with_warmup")],
)
def test_rates_are_those_of_diffusers(ours: type[Constant], theirs: str, warmup: int) -> None:
    wanted = get_scheduler(theirs, optimizer(), num_warmup_steps=warmup, num_training_steps=40)
    found = rates(ours(optimizer(), num_steps=40, warmup_steps=warmup), 40)
    assert found == pytest.approx(rates(wanted, 40), abs=1e-12)


def test_a_schedule_stays_at_its_end() -> None:
    assert rates(Cosine(optimizer(), num_steps=4), 7)[4:] == pytest.approx([0.0] * 4)


COSINE = ("--model.lr_scheduler=Cosine", "--checkpoint.every_n_train_steps=1")


def kept_rates(runs: Runs, *options: str, steps: int) -> list[float]:
    run = runs.fit(*PLAIN, *options, f"--trainer.max_steps={steps}")
    files = (run / f"checkpoints/step={step:06d}.ckpt" for step in range(1, steps + 1))
    states = [torch.load(file, weights_only=True)["optimizer_states"][0] for file in files]
    return [state["param_groups"][0]["lr"] for state in states]


@pytest.mark.parametrize("steps", [4, 8])
def test_the_length_of_a_schedule_follows_that_of_the_run(runs: Runs, steps: int) -> None:
    found = kept_rates(runs, *COSINE, steps=steps)
    wanted = rates(Cosine(optimizer(), num_steps=steps), steps)[1:]
    assert found == pytest.approx([rate * 0.01 / 0.3 for rate in wanted])
    assert found[-1] == 0


def test_a_length_that_is_said_holds(runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    found = kept_rates(runs, *COSINE, "--model.lr_scheduler.num_steps=8", steps=4)
    assert found[-1] == pytest.approx(0.005)
    assert not [message for message in caplog.messages if "steps long" in message]


@pytest.mark.parametrize(("length", "end"), [(4, "100 %"), (16, "50 %")])
def test_a_schedule_of_torch_that_is_not_as_long_as_the_run_is_told(
    runs: Runs, caplog: pytest.LogCaptureFixture, length: int, end: str
) -> None:
    runs.fit(*PLAIN, f"--model.lr_scheduler.init_args.T_max={length}", "--trainer.max_steps=8")
    (message,) = [message for message in caplog.messages if "steps long" in message]
    assert f"{length} steps long (T_max), and the run 8" in message
    assert f"ends at {end} of its peak" in message
    caplog.clear()
    schedule = f"--model.lr_scheduler.init_args.T_max={length + 1}"
    runs.fit(*PLAIN, schedule, "--trainer.max_steps=10", "--ckpt_path=last")
    assert sum("steps long" in message for message in caplog.messages) == 1
