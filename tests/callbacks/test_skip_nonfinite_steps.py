"""A loss that is NaN moves nothing, is counted and named, and ends a run that it rules."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.comparing import PLAIN, events, everything, same
from tests.conftest import Checkpoint, Runs

EACH = (*PLAIN, "--checkpoint.every_n_train_steps=1", "--model.lr_scheduler=null")
FUSED = (
    '--model.optimizer={"class_path": "torch.optim.AdamW", '
    '"init_args": {"lr": 0.01, "fused": true}}'
)


def no_number(*batches: int, value: str = ".nan") -> str:
    arguments = f'"init_args": {{"batches": {json.dumps(batches)}, "value": {value}}}'
    return f'--model.objective={{"class_path": "tests.losses.NoNumber", {arguments}}}'


SCALED = '--trainer.plugins=[{"class_path": "tests.scaling.ScaledOnTheCPU"}]'


def learnt(run: Path, step: int) -> tuple[object, object]:
    """Weights and moments."""
    content = everything(run, step)
    return content["state_dict"], content["optimizer_states"]


@pytest.mark.parametrize("options", [(), (FUSED,)])
@pytest.mark.parametrize(("accumulation", "batch"), [(1, 2), (3, 7)])
def test_a_step_whose_loss_is_nan_changes_nothing(
    runs: Runs,
    caplog: pytest.LogCaptureFixture,
    options: tuple[str, ...],
    accumulation: int,
    batch: int,
) -> None:
    accumulate = f"--trainer.accumulate_grad_batches={accumulation}"
    logged = "--trainer.log_every_n_steps=1"
    run = runs.fit(*EACH, *options, accumulate, logged, no_number(batch))
    assert same(learnt(run, 2), learnt(run, 3))
    assert not same(learnt(run, 3), learnt(run, 4))
    assert [event.value for event in events(run).Scalars("train/skipped_steps")] == [0, 0, 1, 1]
    told = [message for message in caplog.messages if "a step is skipped" in message]
    assert len(told) == 1
    assert told[0].count("seed") == 2 * accumulation
    weights = everything(run, 4)["state_dict"]
    assert isinstance(weights, dict)
    assert all(torch.isfinite(weight).all() for weight in weights.values())


def test_a_run_of_infinite_losses_ends_with_its_good_weights_saved(runs: Runs) -> None:
    options = (*PLAIN, "--trainer.max_steps=20", "--checkpoint.every_n_train_steps=20")
    bad = no_number(*range(3, 20), value=".inf")
    message = runs.refuse(*options, bad, "--bad_steps.max_consecutive=4")
    assert "4 consecutive steps are skipped, since the loss or the gradient is NaN" in message
    assert "plate" in message
    assert "--ckpt_path last" in message
    run = runs.config.parent / "run/version_0"
    short = runs.fit(*PLAIN, "--trainer.max_steps=3", no_number(), name="short")
    assert same(learnt(run, 7)[0], learnt(short, 3)[0])


def test_skips_of_a_gradient_scaler_are_counted_with_its_scale_and_the_gradient_norm(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    logged = "--trainer.log_every_n_steps=1"
    run = runs.fit(*EACH, SCALED, logged, no_number(1))
    skipped = [event.value for event in events(run).Scalars("train/skipped_steps")]
    scales = [event.value for event in events(run).Scalars("train/loss_scale")]
    assert skipped == [0, 1, 1, 1]
    assert scales == [1024, 1024, 512, 512]
    norms = [event.value for event in events(run).Scalars("train/gradient_norm")]
    assert [norm > 0 and norm < float("inf") for norm in norms] == [True, False, True, True]
    assert same(learnt(run, 1)[0], learnt(run, 2)[0])
    assert not same(learnt(run, 2)[0], learnt(run, 3)[0])
    assert sum("the gradient overflows in float16" in message for message in caplog.messages) == 1


def test_a_run_whose_scaler_skips_every_step_ends(runs: Runs) -> None:
    options = (*PLAIN, SCALED, "--trainer.max_steps=20", "--checkpoint.every_n_train_steps=20")
    message = runs.refuse(*options, no_number(*range(20)), "--bad_steps.max_consecutive=4")
    assert "4 consecutive steps are skipped, since the gradient overflows in float16" in message
    assert "bf16-mixed" in message


@pytest.mark.parametrize("algorithm", ["norm", "value"])
def test_gradients_of_a_fused_optimizer_are_clipped_where_nothing_scales_them(
    runs: Runs, weights: Callable[[Path, int], Checkpoint], algorithm: str
) -> None:
    clipped = (
        *EACH,
        "--trainer.precision=bf16-mixed",
        "--trainer.gradient_clip_val=1e-12",  # next to nothing, so that Adam's eps is seen
        f"--trainer.gradient_clip_algorithm={algorithm}",
        "--trainer.max_steps=1",
    )
    plain, fused = (
        weights(runs.fit(*clipped, *options, name=name), 1)
        for name, options in {"plain": (), "fused": (FUSED,)}.items()
    )
    moved = {name: (plain[name] - fused[name]).abs().max() for name in plain}
    assert max(moved.values()) < 1e-6
    unclipped = weights(runs.fit(*EACH, FUSED, "--trainer.max_steps=1", name="unclipped"), 1)
    assert max((plain[name] - unclipped[name]).abs().max() for name in plain) > 1e-3


def test_a_fused_optimizer_is_refused_before_anything_where_gradients_are_scaled_and_clipped(
    runs: Runs,
) -> None:
    message = runs.refuse(*PLAIN, SCALED, FUSED, "--trainer.gradient_clip_val=1")
    assert "set fused to false" in message
