"""Interrupted and resumed is the same as uninterrupted, bit for bit."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from oldbook_diffusion.cli import main
from tests.comparing import PLAIN, Killed, everything, same
from tests.conftest import Runs
from tests.plates import write_folder

Weights = Callable[[Path, int], dict[str, torch.Tensor]]


@pytest.mark.parametrize(
    ("killed_at", "workers", "accumulation"),
    [(3, 0, 1), (5, 0, 1), (4, 2, 1), (5, 0, 2), (7, 2, 2), (9, 0, 2)],
)
def test_a_killed_run_resumes_as_if_nothing_had_happened(
    runs: Runs,
    kill: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    recwarn: pytest.WarningsRecorder,
    killed_at: int,
    workers: int,
    accumulation: int,
) -> None:
    options = (
        *PLAIN,
        f"--data.num_workers={workers}",
        f"--trainer.accumulate_grad_batches={accumulation}",
        "--trainer.max_steps=6",
    )
    whole = runs.fit(*options, name="whole")
    kill(killed_at)
    with pytest.raises(Killed):
        runs.fit(*options, name="killed")
    monkeypatch.undo()
    assert not (whole.parent.parent / "killed/version_0/checkpoints/step=000006.ckpt").exists()
    resumed = runs.fit(*options, "--ckpt_path=last", name="killed")
    assert resumed.name == "version_0", "a resumed run goes on in its own folder"
    assert same(everything(whole, 6), everything(resumed, 6))
    assert not [warning for warning in recwarn if "not resumable" in str(warning.message)]


def test_a_longer_run_starts_with_the_shorter_one(runs: Runs) -> None:
    constant = "--model.lr_scheduler=null"
    short = runs.fit(*PLAIN, constant, name="short")
    long = runs.fit(*PLAIN, constant, "--trainer.max_steps=8", name="long")
    assert same(everything(short, 4), everything(long, 4))


def test_a_finished_run_can_be_made_longer(runs: Runs) -> None:
    constant = "--model.lr_scheduler=null"
    whole = runs.fit(*PLAIN, constant, "--trainer.max_steps=8", name="whole")
    runs.fit(*PLAIN, constant, name="short")
    longer = runs.fit(*PLAIN, constant, "--trainer.max_steps=8", "--ckpt_path=last", name="short")
    assert same(everything(whole, 8), everything(longer, 8))


def test_resuming_with_sampling_on_changes_nothing(runs: Runs) -> None:
    whole = runs.fit("--trainer.max_steps=6", name="whole")
    runs.fit("--trainer.max_steps=2", name="cut")
    resumed = runs.fit("--trainer.max_steps=6", "--ckpt_path=last", name="cut")
    assert same(everything(whole, 6), everything(resumed, 6))


def test_the_number_of_workers_changes_nothing(runs: Runs) -> None:
    none = runs.fit(*PLAIN, name="none")
    two = runs.fit(*PLAIN, "--data.num_workers=2", name="two")
    assert same(everything(none, 4), everything(two, 4))


def test_last_finds_nothing_where_no_run_was(runs: Runs) -> None:
    message = runs.refuse("--ckpt_path=last")
    assert "there is no run to resume" in message


def name_of(step: int) -> str:
    return f"checkpoints/step={step:06d}.ckpt"


def test_a_runs_folder_is_gone_on_with_in_place_also_where_a_newer_run_has_its_name(
    runs: Runs,
) -> None:
    constant = "--model.lr_scheduler=null"
    older = runs.fit(*PLAIN, constant)
    newer = runs.fit(*PLAIN, constant, "--seed_everything=4")
    start = f"--ckpt_path={older}"
    main(["fit", f"--config={older / 'config.yaml'}", start, "--trainer.max_steps=6"])
    assert (older / name_of(6)).is_file()
    assert not (newer / name_of(6)).exists()
    other = runs.fit(*PLAIN, constant, start, "--trainer.max_steps=8", name="other")
    files = {file.name for file in other.glob("checkpoints/step=*.ckpt")}
    assert files == {"step=000008.ckpt"}, "a run of another name begins where that one stands"
    assert "no whole checkpoint in" in runs.refuse(*PLAIN, f"--ckpt_path={older.parent}")


def test_the_config_of_a_resumed_run_repeats_the_run(runs: Runs) -> None:
    run = runs.fit(*PLAIN)
    runs.fit(*PLAIN, "--trainer.max_steps=6", "--model.lr_scheduler=null", "--ckpt_path=last")
    kept = yaml.safe_load((run / "config.yaml").read_text())
    assert kept["ckpt_path"] is None
    assert kept["trainer"]["logger"]["init_args"]["version"] is None
    assert kept["trainer"]["max_steps"] == 6
    main(["fit", f"--config={run / 'config.yaml'}"])
    again = run.with_name("version_1")
    steps = sorted(int(file.stem[5:]) for file in again.glob("checkpoints/step=*.ckpt"))
    assert steps == [2, 4, 6]


def test_a_version_that_the_config_names_is_the_one_to_go_on_with(runs: Runs) -> None:
    version = "--trainer.logger.init_args.version="
    assert runs.fit(*PLAIN, f"{version}0", "--ckpt_path=auto").name == "version_0"
    runs.fit(*PLAIN, f"{version}1", "--seed_everything=4", "--ckpt_path=auto")
    more = ("--model.lr_scheduler=null", "--trainer.max_steps=6", "--ckpt_path=last")
    runs.fit(*PLAIN, f"{version}version_0", *more)
    folder = runs.config.parent / "run"
    assert (folder / "version_0" / name_of(6)).is_file()
    assert not (folder / "version_1" / name_of(6)).exists()
    kept = yaml.safe_load((folder / "version_0/config.yaml").read_text())
    assert kept["trainer"]["logger"]["init_args"]["version"] == "version_0"
    assert "no whole checkpoint under" in runs.refuse(*PLAIN, f"{version}7", "--ckpt_path=last")


def test_the_first_of_several_loggers_names_the_runs(runs: Runs) -> None:
    place = {"save_dir": str(runs.config.parent), "name": "several"}
    loggers = [
        {"class_path": f"lightning.pytorch.loggers.{name}Logger", "init_args": place}
        for name in ("TensorBoard", "CSV")
    ]
    options = (*PLAIN, "--model.lr_scheduler=null", f"--trainer.logger={json.dumps(loggers)}")
    main(["fit", f"--config={runs.config}", *options])
    main(["fit", f"--config={runs.config}", *options, "--trainer.max_steps=6", "--ckpt_path=last"])
    run = runs.config.parent / "several/version_0"
    assert (run / name_of(6)).is_file()


@pytest.mark.parametrize("asked", ["last", "auto"])
@pytest.mark.parametrize("logger", ["false", "true"])
def test_without_a_folder_of_runs_the_newest_is_not_guessed(
    runs: Runs, asked: str, logger: str
) -> None:
    command = ["fit", f"--config={runs.config}", f"--trainer.logger={logger}"]
    with pytest.raises(SystemExit, match="cannot know the runs' folder"):
        main([*command, f"--ckpt_path={asked}"])


def test_a_checkpoint_of_another_rank_is_refused(runs: Runs) -> None:
    run = runs.fit(*PLAIN)
    checkpoint = run / "checkpoints" / "step=000002.ckpt"
    message = runs.refuse(*PLAIN, f"--ckpt_path={checkpoint}", "--model.method.init_args.rank=3")
    assert "does not fit model.method" in message
    assert "rank" in message


def test_a_checkpoint_of_another_base_model_is_refused(runs: Runs, tmp_path: Path) -> None:
    from tests import tiny

    run = runs.fit(*PLAIN)
    other = tiny.write_pipeline(tmp_path / "other", seed=5)
    checkpoint = run / "checkpoints" / "step=000002.ckpt"
    message = runs.refuse(*PLAIN, f"--ckpt_path={checkpoint}", f"--model.pretrained={other}")
    assert "another base model" in message


@pytest.mark.parametrize("damage", ["cut", "empty"])
def test_a_damaged_checkpoint_is_refused(runs: Runs, damage: str) -> None:
    run = runs.fit(*PLAIN)
    checkpoint = run / "checkpoints" / "step=000002.ckpt"
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    assert "damaged" in runs.refuse(*PLAIN, f"--ckpt_path={checkpoint}")


def test_a_dataset_in_another_order_is_refused(runs: Runs) -> None:
    run = runs.fit(*PLAIN)
    checkpoint = run / "checkpoints" / "step=000002.ckpt"
    message = runs.refuse(
        *PLAIN, f"--ckpt_path={checkpoint}", "--data.stream.shuffle_buffer_size=7"
    )
    assert "shuffle_buffer_size" in message


def add_a_picture(folder: Path) -> None:
    (folder / "24.png").write_bytes((folder / "0.png").read_bytes())
    with (folder / "metadata.jsonl").open("a") as file:
        file.write('\n{"file_name": "24.png", "caption": "plate 24", "book": "book 2"}')


def test_other_data_under_the_same_name_is_refused_unless_that_is_said(
    runs: Runs, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "pictures")
    options = (*PLAIN, f"--data.path={folder}", "--model.lr_scheduler=null")
    runs.fit(*options)
    (folder / ".thumbnails").write_bytes(b"of no interest")
    longer = (*options, "--ckpt_path=last", "--trainer.max_steps=6")
    run = runs.fit(*longer)
    add_a_picture(folder)
    message = runs.refuse(*longer, "--trainer.max_steps=8")
    assert "contents of data.path '24 files of" in message
    assert "now it is '25 files of" in message
    assert "data.stream.allow_changes" in message
    runs.fit(*longer, "--trainer.max_steps=8", "--data.stream.allow_changes=true")
    assert (run / name_of(8)).is_file()


def test_a_checkpoint_that_does_not_tell_its_data_is_gone_on_with(runs: Runs) -> None:
    run = runs.fit(*PLAIN)
    content = torch.load(run / name_of(4), weights_only=True)
    del content["Illustrations"]["order"]["contents of data.path"]
    torch.save(content, run / name_of(4))
    runs.fit(*PLAIN, "--model.lr_scheduler=null", "--ckpt_path=last", "--trainer.max_steps=6")
    assert (run / name_of(6)).is_file()


def test_a_changed_model_or_changed_batches_are_refused_by_name(runs: Runs) -> None:
    run = runs.fit(*PLAIN)
    last = (*PLAIN, f"--ckpt_path={run / 'checkpoints/step=000002.ckpt'}")
    said = {
        "--model.method.init_args.alpha=7.5": ("model.method", "init_args.alpha None", "7.5"),
        "--model.method.init_args.dropout=0.3": ("model.method", "init_args.dropout 0.1", "0.3"),
        "--model.method.init_args.target_modules=['to_q']": (
            "target_modules",
            "attention",
            "['to_q']",
        ),
        "--model.objective={'class_path': 'DenoisingLoss', 'init_args': {'snr_gamma': 5}}": (
            "model.objective",
            "init_args.snr_gamma None",
            "5",
        ),
        "--data.batch_size=3": ("data.batch_size", "2, now it is 3", "data.stream.allow_changes"),
        "--trainer.accumulate_grad_batches=2": ("accumulate_grad_batches", "2, now it is 4"),
        "--data.captions.dropout=0.5": ("data.captions", "0.2", "0.5", "data.stream.allow_changes"),
    }
    for argument, parts in said.items():
        message = runs.refuse(*last, argument)
        assert all(part in message for part in parts), message


def test_batches_may_change_where_that_is_said_and_the_optimizer_freely(runs: Runs) -> None:
    constant = "--model.lr_scheduler=null"
    runs.fit(*PLAIN, constant, "--trainer.accumulate_grad_batches=4")
    run = runs.fit(
        *PLAIN, constant, "--ckpt_path=last", "--data.stream.allow_changes=true",
        "--data.batch_size=3",
        "--trainer.accumulate_grad_batches=1", "--trainer.max_steps=8",
        "--model.optimizer.init_args.lr=0.001",
    )  # fmt: skip
    assert everything(run, 8)["global_step"] == 8
    assert (run / "checkpoints/step=000006.ckpt").is_file()


@pytest.mark.parametrize(
    "optimizer",
    [
        '{"class_path": "torch.optim.AdamW", "init_args": {"lr": 0.01, "fused": true}}',
        '{"class_path": "bitsandbytes.optim.AdamW8bit", "init_args": {"lr": 0.01, '
        '"min_8bit_size": 16}}',
    ],
)
def test_a_run_with_this_optimizer_goes_on_as_if_it_had_not_ended(
    runs: Runs, optimizer: str
) -> None:
    if "bitsandbytes" in optimizer:
        pytest.importorskip("bitsandbytes")
    options = (*PLAIN, f"--model.optimizer={optimizer}", "--model.lr_scheduler=null")
    whole = runs.fit(*options, name="whole")
    runs.fit(*options, "--trainer.max_steps=2", name="half")
    resumed = runs.fit(*options, "--ckpt_path=last", name="half")
    assert not same(everything(whole, 2)["state_dict"], everything(whole, 4)["state_dict"])
    assert same(everything(whole, 4), everything(resumed, 4))


def groups(run: Path, step: int) -> list[dict[str, Any]]:
    file = run / f"checkpoints/step={step:06d}.ckpt"
    return torch.load(file, weights_only=True)["optimizer_states"][0]["param_groups"]


def test_changed_settings_of_the_optimizer_take_effect_and_are_told(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    constant = (*PLAIN, "--model.lr_scheduler=null")
    runs.fit(*constant)
    changed = (
        "--model.optimizer.init_args.lr=0.001",
        "--model.optimizer.init_args.weight_decay=0.5",
    )
    run = runs.fit(*constant, *changed, "--ckpt_path=last", "--trainer.max_steps=6")
    assert all(group["lr"] == 0.001 for group in groups(run, 6))
    assert all(group["weight_decay"] == 0.5 for group in groups(run, 6))
    assert yaml.safe_load((run / "config.yaml").read_text())["model"]["optimizer"]["init_args"][
        "lr"
    ] == pytest.approx(0.001)
    assert "the learning rate goes on at 0.001" in caplog.text


def test_a_run_resumed_with_another_rate_is_as_one_trained_by_hand(
    runs: Runs, weights: Weights
) -> None:
    constant = (*PLAIN, "--model.lr_scheduler=null")
    runs.fit(*constant, name="changed")
    changed = runs.fit(
        *constant,
        "--model.optimizer.init_args.lr=0",
        "--ckpt_path=last",
        "--trainer.max_steps=6",
        "--model.optimizer.init_args.weight_decay=0",
        name="changed",
    )
    assert same(weights(changed, 4), weights(changed, 6)), "a rate of 0 moves nothing"


@pytest.mark.parametrize(
    ("before", "after", "rate"),
    [
        ("null", "Cosine", 0.01 * 0.25),
        ("Cosine", "null", 0.01),
        ("Cosine", "Linear", 0.01 / 3),
        ("Cosine", "Cosine", 0.01 * 0.25),
    ],
)
def test_a_changed_schedule_takes_effect_at_the_step_of_the_checkpoint(
    runs: Runs, before: str, after: str, rate: float
) -> None:
    options = (*PLAIN, "--checkpoint.every_n_train_steps=1")
    runs.fit(*options, f"--model.lr_scheduler={before}", "--trainer.max_steps=2")
    run = runs.fit(
        *options, f"--model.lr_scheduler={after}", "--ckpt_path=last", "--trainer.max_steps=6"
    )
    assert groups(run, 4)[0]["lr"] == pytest.approx(rate)


def test_another_optimizer_is_refused_by_name(runs: Runs) -> None:
    constant = (*PLAIN, "--model.lr_scheduler=null")
    runs.fit(*constant)
    message = runs.refuse(
        *constant,
        "--model.optimizer=torch.optim.SGD",
        "--model.optimizer.lr=0.1",
        "--ckpt_path=last",
    )
    assert "trained with AdamW, now it is SGD" in message


def test_what_an_optimizer_has_adapted_is_kept(runs: Runs) -> None:
    constant = (*PLAIN, "--model.lr_scheduler=null", "--model.optimizer=torch.optim.Adafactor")
    whole = runs.fit(*constant, "--trainer.max_steps=6", name="whole")
    runs.fit(*constant, name="cut")
    cut = runs.fit(*constant, "--trainer.max_steps=6", "--ckpt_path=last", name="cut")
    assert same(everything(whole, 6), everything(cut, 6))


def test_the_last_step_is_resumed_whatever_the_times_of_the_files(runs: Runs) -> None:
    constant = (*PLAIN, "--model.lr_scheduler=null")
    run = runs.fit(*constant)
    os.utime(run / "checkpoints/step=000002.ckpt")
    whole = runs.fit(*constant, "--trainer.max_steps=6", name="whole")
    resumed = runs.fit(*constant, "--trainer.max_steps=6", "--ckpt_path=last")
    assert same(everything(whole, 6), everything(resumed, 6))


def test_the_run_that_was_trained_last_is_resumed_also_from_a_copy(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    constant = (*PLAIN, "--model.lr_scheduler=null")
    for _ in range(2):
        runs.fit(*constant)
    longer = runs.fit(
        *constant, "--trainer.max_steps=6", f"--ckpt_path={runs.config.parent}/run/version_0"
    )
    shutil.copytree(longer.parent, longer.parent.parent / "copy", copy_function=shutil.copyfile)
    caplog.clear()
    runs.fit(*constant, "--trainer.max_steps=8", "--ckpt_path=last", name="copy")
    assert "copy/version_0/checkpoints/step=000006.ckpt" in caplog.text


def test_a_folder_that_holds_a_run_is_not_written_into_unless_it_is_resumed(runs: Runs) -> None:
    named = (*PLAIN, "--trainer.logger.init_args.version=0", "--model.lr_scheduler=null")
    run = runs.fit(*named)
    kept = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    message = runs.refuse(*named)
    assert f"{run} holds a run: resume it with --ckpt_path {run}" in message
    assert {file: file.read_bytes() for file in run.rglob("*") if file.is_file()} == kept
    other = runs.fit(*PLAIN, "--model.lr_scheduler=null", name="other")
    assert "holds a run" in runs.refuse(*named, f"--ckpt_path={other}/checkpoints/step=000004.ckpt")
    runs.fit(*named, f"--ckpt_path={run}", "--trainer.max_steps=6")
    assert (run / "checkpoints/step=000006.ckpt").is_file()
