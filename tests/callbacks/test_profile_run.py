"""A run says where its time and memory went."""

import time
from pathlib import Path

import pytest

from oldbook_diffusion.callbacks import auto_batch_size
from oldbook_diffusion.data.loader import PlateLoader
from oldbook_diffusion.run.profile import summary
from tests.comparing import PLAIN, events, everything, same
from tests.conftest import Runs

SPENT = ("training", "data_wait", "validation", "sampling", "scoring", "checkpoint")


def seconds(run: Path, part: str) -> list[float]:
    return [event.value for event in events(run).Scalars(f"perf/{part}_seconds")]


def test_curves_say_what_each_interval_went_into(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "oldbook_diffusion")
    start = time.monotonic()
    run = runs.fit("--trainer.max_steps=5")
    wall = time.monotonic() - start
    reader = events(run)
    for name in (*(f"{part}_seconds" for part in SPENT), "ms_per_step", "peak_memory_gb"):
        assert [event.step for event in reader.Scalars(f"perf/{name}")] == [2, 4], name
        assert all(event.value > 0 for event in reader.Scalars(f"perf/{name}")), name
    assert sum(sum(seconds(run, part)) for part in SPENT) < wall
    peak = reader.Scalars("perf/peak_memory_gb")[-1].value
    assert 0.3 < peak < 16
    (line,) = [message for message in caplog.messages if message.startswith("The run took")]
    assert "training" in line
    assert "setup" in line


def test_a_run_that_waits_for_its_data_says_so(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "oldbook_diffusion")
    batches = PlateLoader.__iter__

    def slowly(self: PlateLoader) -> object:
        for batch in batches(self):
            time.sleep(2.0 * self.decode.training)
            yield batch

    monkeypatch.setattr(PlateLoader, "__iter__", slowly)
    run = runs.fit(*PLAIN, "--checkpoint.every_n_train_steps=4")
    assert seconds(run, "data_wait")[0] >= 5.9
    assert seconds(run, "training")[0] < 5.9
    (line,) = [message for message in caplog.messages if message.startswith("The run took")]
    assert line.endswith("waiting for data took more than 10%: raise data.num_workers")


def test_a_run_that_has_nothing_to_change_is_told_nothing() -> None:
    line = summary({"checkpoint": 0.4, "training": 90.0, "sampling": 29.6})
    assert line == "The run took 2 min: training 75%, sampling 25%"


FOUR = (*PLAIN, "--data.global_batch_size=4")


def learnt(run: Path, step: int = 4) -> object:
    content = everything(run, step)
    return content["state_dict"], content["optimizer_states"], content["lr_schedulers"]


@pytest.mark.parametrize("free", [1e12, -1.0])
def test_a_size_that_was_tried_trains_as_one_that_was_given(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, free: float
) -> None:
    caplog.set_level("INFO", "oldbook_diffusion")
    monkeypatch.setattr(auto_batch_size, "room", lambda device: free)
    size = 4 if free > 0 else 1
    given = runs.fit(
        *PLAIN,
        f"--data.batch_size={size}",
        f"--trainer.accumulate_grad_batches={4 // size}",
        name="given",
    )
    tried = runs.fit(*FOUR, "--data.batch_size=auto", name="tried")
    assert f"{size} of the 4 plates of a step fit in memory at once" in caplog.messages
    assert same(learnt(given), learnt(tried))
    assert [event.step for event in events(tried).Scalars("val/loss")] == [2, 4]


def test_a_run_goes_on_with_the_size_that_it_had(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(auto_batch_size, "room", lambda device: -1.0)
    auto = (*FOUR, "--data.batch_size=auto", "--model.lr_scheduler=null")
    whole = runs.fit(*auto, name="whole")
    runs.fit(*auto, "--trainer.max_steps=2", name="half")
    caplog.clear()
    monkeypatch.setattr(auto_batch_size, "room", lambda device: 1e12)
    resumed = runs.fit(*auto, "--ckpt_path=last", name="half")
    assert not [message for message in caplog.messages if "fit in memory" in message]
    assert same(everything(whole, 4), everything(resumed, 4))


def test_a_size_that_no_longer_divides_a_step_is_divided_and_checkpoints_keep_their_steps(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto_batch_size, "room", lambda device: 1e12)
    auto = (*PLAIN, "--data.batch_size=auto", "--model.lr_scheduler=null")
    runs.fit(*auto, "--data.global_batch_size=4")
    other = ("--data.global_batch_size=6", "--data.stream.allow_changes=true", "--ckpt_path=last")
    run = runs.fit(*auto, *other, "--trainer.max_steps=9")
    steps = sorted(int(file.stem[5:]) for file in run.glob("checkpoints/step=*.ckpt"))
    assert steps == [2, 4, 6, 8, 9]
    assert everything(run, 9)["Illustrations"]["batch_size"] == 2  # type: ignore[index]


def test_a_global_batch_is_made_up_of_whole_batches(runs: Runs) -> None:
    given = runs.fit(*PLAIN, "--trainer.accumulate_grad_batches=2", name="given")
    named = runs.fit(*FOUR, name="named")
    assert same(learnt(given), learnt(named))
    runs.fit(*FOUR, "--trainer.max_steps=6", "--ckpt_path=last", name="named")
    assert "set data.global_batch_size to the plates of an optimizer step" in runs.refuse(
        "--data.batch_size=auto"
    )
    message = runs.refuse("--data.batch_size=3", "--data.global_batch_size=4")
    assert "set data.batch_size to one of its divisors, or to auto" in message
