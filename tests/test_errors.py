"""What a user can get wrong is answered in one sentence, and nothing is lost."""

import json
import os
import signal
import subprocess
import sys
from argparse import ArgumentError
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import torch
import yaml

from oldbook_diffusion.errors import OldBookError, user_error
from tests import tiny
from tests.conftest import Runs, World
from tests.processes import run_apart

PLAIN = ("--render.prompts=[]", "--render.encoder=null")
Row = dict[str, object]


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--model.pretrianed=x", "did you mean model.pretrained?"),
        ("--trainer.max_stpes=3", "did you mean trainer.max_steps?"),
        ("--trainer.max_step=3", "did you mean trainer.max_steps?"),
        ("--model.method.init_args.rnk=3", "did you mean rank?"),
        ("--model.method.init_args.rank=two", "rank of model.method is two: set it to a whole"),
        ("--model.method=Lora", "did you mean LoRA?"),
        ("--model.optimizer.class_path=torch.optim.Adamw", "did you mean AdamW?"),
        ("--data.batch_size=x", "batch_size is x: set it to a whole number of 1 or more or auto"),
        ("--data.cache.max_gb=lots", "max_gb of data.cache is lots: set it to a number"),
        ("--model.method.init_args.rank=0", "learns nothing"),
        ("--data.captions.template=old", "does not contain {caption}"),
        ("--data.captions.dropout=2", "captions.dropout is 2: set it to a number from 0 to 1"),
        ("--data.columns.image=page", "it has book, caption, image"),
        ("--data.columns.caption=words", "no column 'words'"),
        ("--data.path=nobody/nothing", "set data.path to a local folder"),
        ("--data.held_out={'books': ['no such book']}", "no image of"),
        ("--data.held_out={'fraction': 0.0, 'books': []}", "set it to a number between 0 and 1"),
        ("--data.held_out={'fraction': 0.999999999, 'books': []}", "no plate is left to train on"),
        ("--data.resolution=31", "multiple of 4, such as 28 or 32"),
        ("--model.pretrained=nobody/nothing", "a local folder in diffusers layout"),
        ("--model.method.init_args.target_modules=['to_x']", "fits no layer"),
        ("--render.encoder.init_args.model=local-dir:/nowhere", "no style encoder in /nowhere"),
        ("--render.sampling.scheduler=Magic", "not a scheduler of diffusers"),
        ("--model.objective.snr_gamma=5", "set model.objective.class_path before it"),
        ("--trainer.max_steps=-1", "set trainer.max_steps"),
        (
            "--data.stream.shuffle_buffer_size=0",
            "buffer_size is 0: set it to a whole number",
        ),
        ("--data.num_workers=-1", "num_workers is -1: set it to a whole number of 0 or more"),
        ("--data.batch_size=0", "batch_size is 0: set it to a whole number of 1 or more or auto"),
        ("--checkpoint.every_n_train_steps=0", "steps is 0: set it to a whole number of 1 or more"),
        (
            "--checkpoint.every_n_train_steps=-2",
            "steps is -2: set it to a whole number",
        ),
        ("--checkpoint.monitor=style/normalised", "did you mean 'style/normalized'?"),
        ("--render.samples_per_prompt=0", "samples_per_prompt is 0: set it to"),
        (
            "--selection.rule.max_rank_drop=2",
            "max_rank_drop is 2: set it to a number from 0 to 1",
        ),
        ("--render.style_words=engraving", "'engraving' needs a place for {prompt}"),
        ("--render.style_words='{prompt}, {style}'", "and for nothing else"),
        ("--render.style_words='{prompt'", "needs a place for {prompt}"),
        ("--data.columns.book=null", "data.held_out.books to [] to hold out a fraction"),
        ("--ckpt_path=nothing.ckpt", "there is no checkpoint nothing.ckpt"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(runs: Runs, argument: str, said: str) -> None:
    assert said in runs.refuse(argument)


def crash(mistake: Exception) -> Exception:
    """A crash while a mistake is handled."""
    try:
        try:
            raise mistake
        except OldBookError:
            [].pop()
    except IndexError as error:
        return error
    raise AssertionError


def test_a_crash_while_a_mistake_is_handled_is_shown_as_a_crash() -> None:
    mistake = OldBookError("set it back")
    assert user_error(crash(mistake)) is None
    wrapper = ValueError("a library says something")
    wrapper.__cause__ = mistake
    assert user_error(wrapper) is mistake
    parser = ArgumentError(None, "a parser says something")
    parser.__context__ = wrapper
    assert user_error(parser) is mistake


def report_on_windows() -> None:
    """Report a run where a system lacks what Windows lacks."""
    import oldbook_diffusion.commands.training  # noqa: F401  its libraries have ways of their own

    for name in [name for name in sys.modules if name.startswith("oldbook_diffusion")]:
        del sys.modules[name]
    sys.modules.update(fcntl=None, resource=None)  # type: ignore[arg-type]
    del signal.SIGUSR1
    import_module("oldbook_diffusion.cli").main(["report", "nowhere"])


def test_reports_are_read_where_there_are_no_locks_and_no_signals(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert run_apart(log, report_on_windows) == 1, log.read_text()
    assert log.read_text().startswith("oldbook: nowhere is not the folder of a run")


def test_an_unknown_key_in_a_file_is_told_with_the_nearest(runs: Runs, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(yaml.safe_dump({"data": {"resolutoin": 32}}))
    assert "did you mean data.resolution?" in runs.refuse(f"--config={overlay}")


def test_weights_of_a_tag_that_cannot_be_had_never_score(runs: Runs) -> None:
    arguments = '{"model": "ViT-B-32", "pretrained": "laion2b_s34b_b79k"}'
    encoder = f'{{"class_path": "OpenCLIPEncoder", "init_args": {arguments}}}'
    message = runs.refuse(f"--render.encoder={encoder}")
    assert "no weights for the style encoder ViT-B-32/laion2b_s34b_b79k" in message


def test_the_exit_status_of_a_mistake_is_not_zero(config: Path) -> None:
    command = [sys.executable, "-m", "oldbook_diffusion", "fit", f"--config={config}"]
    done = subprocess.run(
        [*command, "--data.path=nobody/nothing"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("oldbook: ")
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_pipeline_is_refused(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    message = runs.refuse(f"--model.pretrained={tmp_path / 'empty'}")
    assert "is not a pipeline in diffusers layout" in message


def test_a_pipeline_without_its_unet_is_refused(runs: Runs, tmp_path: Path) -> None:
    base = tiny.write_pipeline(tmp_path / "base")
    for file in (base / "unet").iterdir():
        file.unlink()
    assert "cannot load the unet" in runs.refuse(f"--model.pretrained={base}")


def test_an_empty_folder_is_no_dataset(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert "holds no images, parquet files" in runs.refuse(f"--data.path={tmp_path / 'none'}")


def test_a_dataset_without_rows_is_refused(runs: Runs, tmp_path: Path) -> None:
    rows = list(tiny.plates(1))
    path = tiny.write_plates(tmp_path / "one", rows, files=1)
    books = "--data.held_out={'books': ['book 0']}"
    assert "no plate is left to train on" in runs.refuse(*PLAIN, f"--data.path={path}", books)


def test_a_file_in_place_of_the_run_folder_is_refused(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    message = runs.refuse(f"--trainer.logger.init_args.save_dir={tmp_path / 'file'}")
    assert "cannot write to the runs' folder" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_run_folder_is_refused(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    message = runs.refuse(f"--trainer.logger.init_args.save_dir={tmp_path / 'locked'}")
    assert "cannot write to the runs' folder" in message


def test_a_full_disk_keeps_the_earlier_checkpoint(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = torch.save

    def full(checkpoint: dict[str, object], file: object) -> None:
        if checkpoint.get("global_step") == 4:
            raise OSError(28, "No space left on device")
        save(checkpoint, file)

    monkeypatch.setattr(torch, "save", full)
    message = runs.refuse(*PLAIN)
    assert "cannot write the checkpoint" in message
    assert "--ckpt_path last" in message
    run = runs.config.parent / "run/version_0/checkpoints"
    assert torch.load(run / "last.ckpt", weights_only=True)["global_step"] == 2
    monkeypatch.undo()
    resumed = runs.fit(*PLAIN, "--ckpt_path=last")
    assert (resumed / "checkpoints/step=000004.ckpt").is_file()


def test_a_full_disk_ends_no_run_for_a_sample_or_an_export(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from oldbook_diffusion.callbacks import export_adapter
    from oldbook_diffusion.run import files

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    for place, name in (
        (files, "save_image"),
        (files, "save_file"),
        (files, "write_json"),
        (export_adapter, "export"),
    ):
        monkeypatch.setattr(place, name, full)
    run = runs.fit()
    assert (run / "checkpoints/step=000004.ckpt").is_file()
    for lost in (
        "samples of the base model",
        "selection,",
        "samples of step 2",
        "scores of step 2",
    ):
        assert any(f"{lost} are not kept" in message for message in caplog.messages), lost
    assert any("DiffusersLoRA is not written" in message for message in caplog.messages)


def spoil(row: Row, page: bytes | None = None, caption: object = "") -> Row:
    """A row with another page or another caption."""
    image = row["image"] if page is None else {"bytes": page, "path": "spoilt.png"}
    return {**row, "image": image, "caption": row["caption"] if caption == "" else caption}


def whole(row: Row) -> bytes:
    image = row["image"]
    assert isinstance(image, dict)
    return bytes(image["bytes"])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda row: spoil(row, b""), "empty file"),
        (lambda row: spoil(row, b"not a picture"), "corrupt or truncated"),
        (lambda row: spoil(row, whole(row)[:200]), "corrupt or truncated"),
        (lambda row: spoil(row, caption=None), "no caption"),
        (lambda row: spoil(row, caption="  "), "no caption"),
    ],
)
def test_another_takes_the_place_of_a_bad_plate_which_is_named(
    runs: Runs,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Row], Row],
    reason: str,
) -> None:
    rows = list(tiny.plates())
    rows[2] = make(rows[2])  # of a book that is not held out
    path = tiny.write_plates(tmp_path / "spoilt", rows)
    run = runs.fit(*PLAIN, f"--data.path={path}", "--trainer.max_steps=8")
    assert (run / "checkpoints/step=000008.ckpt").is_file()
    told = [message for message in caplog.messages if message.startswith("cannot use")]
    assert len(told) == 1, "a kind of fault is told once"
    assert reason in told[0]


def test_too_many_bad_plates_stop_the_run(runs: Runs, tmp_path: Path) -> None:
    good = ("book 0", "book 1")
    rows = [row if row["book"] in good else spoil(row, b"") for row in tiny.plates()]
    path = tiny.write_plates(tmp_path / "spoilt", rows)
    books = "--data.held_out.books=['book 0']"
    message = runs.refuse(*PLAIN, f"--data.path={path}", books, "--trainer.max_steps=20")
    assert "samples are bad" in message
    assert "data.images.max_bad_fraction" in message


def test_captions_that_are_not_words_are_left_out(runs: Runs, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, row in enumerate(tiny.plates(8)):
        (folder / f"{number}.png").write_bytes(whole(row))
    lines = [{"file_name": f"{number}.png", "caption": number} for number in range(8)]
    text = "\n".join(json.dumps(line) for line in lines)
    (folder / "metadata.jsonl").write_text(text)
    message = runs.refuse(
        *PLAIN, f"--data.path={folder}", "--data.columns.book=null",
        "--data.held_out={'fraction': 0.3, 'books': []}",
    )  # fmt: skip
    assert "no caption" in message


def test_the_config_of_a_run_is_kept_as_it_was_said(runs: Runs, world: World) -> None:
    run = runs.fit(*PLAIN)
    content = yaml.safe_load((run / "config.yaml").read_text())
    assert content["model"]["pretrained"] == str(world.base)
    assert content["data"]["captions"]["dropout"] == 0.2
