"""A file of a dataset that is damaged, or says what it should not, is named."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from oldbook_diffusion.data.sources import source_of
from oldbook_diffusion.data.stream import Columns
from tests import tiny
from tests.comparing import PLAIN, everything
from tests.conftest import Runs
from tests.plates import page, written

Row = dict[str, object]
SHARE = (
    "--data.held_out={'fraction': 0.3, 'books': [], 'num_monitored': 24}",
    "--data.images.max_bad_fraction=1.0",
)
FOLDER = (*PLAIN, *SHARE, "--data.columns={'image': 'image', 'caption': 'caption', 'book': null}")
TAR = (*PLAIN, *SHARE, "--data.columns={'image': 'png', 'caption': 'txt', 'book': null}")


def write_folder(folder: Path, lines: list[Row], files: int = 24) -> str:
    """Numbered pictures and lines about them."""
    folder.mkdir()
    for number, row in enumerate(tiny.plates(files)):
        (folder / f"{number}.png").write_bytes(page(row))
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return f"--data.path={folder}"


def lines(number: int = 24) -> list[Row]:
    return [{"file_name": f"{i}.png", "caption": f"plate {i}"} for i in range(number)]


def write_tar(file: Path, captions: dict[int, bytes | None]) -> Path:
    """Numbered pictures and captions, some of them others or none."""
    with tarfile.open(file, "w") as tar:
        for number, row in enumerate(tiny.plates()):
            text = captions.get(number, str(row["caption"]).encode())
            for suffix, content in (("png", page(row)), ("txt", text)):
                if content is not None:
                    member = tarfile.TarInfo(f"{number:04d}.{suffix}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
    return file


@pytest.mark.parametrize("caption", [5, ["a", "b"]])
def test_captions_of_several_kinds_are_refused_with_the_column_and_the_row(
    runs: Runs, tmp_path: Path, caption: object
) -> None:
    mixed = [*lines(12), {"file_name": "12.png", "caption": caption}, *lines()[13:]]
    message = runs.refuse(*FOLDER, write_folder(tmp_path / "pictures", mixed))
    assert "caption) changed from string to" in message
    assert "row 12" in message
    assert str(tmp_path / "pictures") in message


def test_lists_without_a_text_are_no_captions(runs: Runs, tmp_path: Path) -> None:
    lists = [{**line, "caption": [7, 8]} for line in lines()]
    message = runs.refuse(*FOLDER, write_folder(tmp_path / "pictures", lists))
    assert "no caption (list: " in message


def test_a_line_that_is_no_json_is_refused_with_its_row(runs: Runs, tmp_path: Path) -> None:
    path = write_folder(tmp_path / "pictures", lines())
    with (tmp_path / "pictures/metadata.jsonl").open("a") as file:
        file.write("\n{broken")
    assert "JSON parse error" in runs.refuse(*FOLDER, path)


def test_a_row_without_its_picture_and_a_picture_without_its_row_cost_only_themselves(
    runs: Runs, tmp_path: Path
) -> None:
    some = [*lines(22), {"file_name": "lost.png", "caption": "lost"}, *lines(2)]
    path = write_folder(tmp_path / "pictures", some)
    run = runs.fit(*FOLDER, path, "--trainer.max_steps=13", "--checkpoint.every_n_train_steps=13")
    assert [(Path(str(s["plate"])).name, s["reason"]) for s in written(run)] == [
        ("lost.png", "unreadable")
    ]


@pytest.mark.parametrize("number", [2, 9])
@pytest.mark.parametrize("caption", [None, b"caf\xe9"])
def test_a_missing_caption_in_a_tar_or_one_that_is_no_text_is_a_fault_of_its_plate(
    runs: Runs, tmp_path: Path, caption: bytes | None, number: int
) -> None:
    file = write_tar(tmp_path / "plates.tar", {number: caption})
    few = ("--trainer.max_steps=12", "--checkpoint.every_n_train_steps=12")
    run = runs.fit(*TAR, f"--data.path={file}", *few)
    assert [(s["plate"], s["reason"]) for s in written(run)] == [
        (f"{number:04d}.png", "no caption")
    ]


def cut(file: Path, share: float) -> Path:
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    return file


def damage(file: Path) -> Path:
    """Break the header of the first page."""
    content = bytearray(file.read_bytes())
    content[4:120] = b"\xff" * 116
    file.write_bytes(content)
    return file


def test_a_tar_that_was_cut_off_is_named(runs: Runs, tmp_path: Path) -> None:
    folder = tmp_path / "tars"
    folder.mkdir()
    write_tar(folder / "a.tar", {})
    file = cut(write_tar(folder / "b.tar", {}), 0.52)
    assert f"{file} is truncated" in runs.refuse(*TAR, f"--data.path={folder}")


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("spoil", [lambda file: cut(file, 0.5), damage])
def test_a_parquet_file_that_is_damaged_is_named(
    runs: Runs, tmp_path: Path, part: int, spoil: object
) -> None:
    folder = tiny.write_plates(tmp_path / "plates")
    file = spoil(folder / f"part-{part}.parquet")  # type: ignore[operator]
    message = runs.refuse(*PLAIN, f"--data.path={folder}")
    assert str(file) in message


def test_a_file_that_breaks_in_the_run_ends_it_saved(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oldbook_diffusion.system import StyleDiffusion

    folder = tiny.write_plates(tmp_path / "plates")
    content = (folder / "part-0.parquet").read_bytes()
    learn = StyleDiffusion.training_step

    def step(self: StyleDiffusion, batch: dict, batch_idx: int) -> object:
        if batch_idx == 2:
            damage(folder / "part-0.parquet")
        return learn(self, batch, batch_idx)

    monkeypatch.setattr(StyleDiffusion, "training_step", step)
    steps = (*PLAIN, f"--data.path={folder}", "--trainer.max_steps=20",
             "--checkpoint.every_n_train_steps=20")  # fmt: skip
    message = runs.refuse(*steps)
    assert "part-0.parquet is damaged" in message
    saved = list((runs.config.parent / "run/version_0/checkpoints").glob("step=*.ckpt"))
    assert len(saved) == 1
    monkeypatch.undo()
    (folder / "part-0.parquet").write_bytes(content)
    resumed = runs.fit(*steps, "--ckpt_path=last")
    assert everything(resumed, 20)


@pytest.mark.parametrize(
    ("dataset", "path", "belongs"),
    [
        ("someone/plates", "hf://datasets/someone/plates@0123/a.png", True),
        ("someone/plates", "zip://a.png::hf://datasets/someone/plates@0123/b.zip", True),
        ("someone/plates", "hf://datasets/someone/plates_of_another@0123/a.png", False),
        ("someone/plates", "/etc/passwd", False),
        ("http://127.0.0.1:9/plates/a.parquet", "http://127.0.0.1:9/plates/b/c.png", True),
        ("http://127.0.0.1:9/plates/a.parquet", "http://127.0.0.1:9/plates/../c.png", False),
        ("http://127.0.0.1:9/plates/a.parquet", "http://127.0.0.1:8/plates/c.png", False),
        ("http://127.0.0.1:9/plates/a.parquet", "file:///etc/passwd", False),
    ],
)
def test_a_file_of_another_place_is_not_of_the_dataset(
    dataset: str, path: str, belongs: bool
) -> None:
    assert source_of(dataset, Columns()).holds(path) == belongs
