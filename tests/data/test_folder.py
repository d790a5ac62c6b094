"""A folder of images: which files are read, what they are called, and what is said about them."""

import csv
import io
import json
import logging
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from torch import Tensor

from oldbook_diffusion.data.illustrations import Illustrations
from oldbook_diffusion.data.split import HeldOut
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.system import StyleDiffusion
from tests.comparing import PLAIN, everything, same
from tests.conftest import Runs
from tests.data.test_sources import FOLDER, lines, write_folder


def pixels(shade: int, size: int = 20) -> bytes:
    page = io.BytesIO()
    Image.new("RGB", (size, size), (shade, shade, shade)).save(page, "PNG")
    return page.getvalue()


def write(folder: Path, **files: bytes | str) -> Path:
    """Write files; the names of arguments have __ for / and a dot before their last part."""
    for name, content in files.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def images(folder: Path, *names: str, table: bool = True) -> Path:
    """Write images of these names, and a table with a caption for each: its name."""
    for shade, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pixels(shade * 3 % 256))
    if table:
        rows = [{"file_name": name, "text": name} for name in names]
        (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def read(path: Path, columns: Columns = Columns(), **options: Any) -> list[Any]:  # noqa: B008
    data = Illustrations(str(path), columns, **options)
    return [row[columns.caption] for row in data.rows]


def contents(path: Path, columns: Columns = Columns()) -> str | None:  # noqa: B008
    return Illustrations(str(path), columns).rows.contents


@pytest.mark.parametrize(
    "name",
    ["a steam train on a bridge.png", "test of strength.png", "val d'isere.png", "dev.png"],
)
def test_the_name_of_an_image_chooses_no_split(tmp_path: Path, name: str) -> None:
    assert read(images(tmp_path, "cat.png", name)) == ["cat.png", name]


def test_folders_named_like_splits_are_splits(tmp_path: Path) -> None:
    images(tmp_path, "train/a.png", "train/b.png", "test/c.png")
    assert read(tmp_path) == ["train/a.png", "train/b.png"]
    assert read(tmp_path, stream=Stream(split="test")) == ["test/c.png"]
    with pytest.raises(OldBookError, match="no folder of the split 'validation'; it has test, tra"):
        read(tmp_path, stream=Stream(split="validation"))


def test_a_folder_called_train_beside_images_is_a_folder_like_others(tmp_path: Path) -> None:
    assert read(images(tmp_path, "a.png", "train/b.png")) == ["a.png", "train/b.png"]


@pytest.mark.parametrize("ending", [".txt", ".caption"])
def test_text_files_of_an_images_name_are_captions(tmp_path: Path, ending: str) -> None:
    images(tmp_path, "10_book/0.png", "10_book/1.png", "10_book/bare.png", table=False)
    (tmp_path / f"10_book/0{ending}").write_bytes(b"\xef\xbb\xbfa castle\r\n")
    (tmp_path / f"10_book/1{ending}").write_text("a r\u00f4se, in ink")
    assert read(tmp_path) == ["a castle", "a r\u00f4se, in ink"]
    assert read(tmp_path, Columns(caption="anything")) == ["a castle", "a r\u00f4se, in ink"]


def test_a_table_and_text_files_together_are_both_read(tmp_path: Path) -> None:
    images(tmp_path, "a.png", "b.png")
    images(tmp_path / "more", "c.png", table=False)
    (tmp_path / "more/c.txt").write_text("c")
    assert read(tmp_path) == ["a.png", "b.png", "c"]


def table_of(folder: Path, name: str) -> None:
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    (folder / "metadata.jsonl").unlink()
    if name == "metadata.parquet":
        pq.write_table(pa.Table.from_pylist(rows), folder / name)
        return
    with (folder / name).open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, ["file_name", "text"])
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.parquet"])
def test_tables_of_other_kinds_are_read(tmp_path: Path, name: str) -> None:
    table_of(images(tmp_path, "a, b.png", "c.png"), name)
    assert read(tmp_path) == ["a, b.png", "c.png"]


def stray_tar(folder: Path) -> None:
    (folder / "backup.tar").write_bytes(bytes(10240))


def stray_parquet(folder: Path) -> None:
    (folder / "embeddings").mkdir()
    pq.write_table(pa.table({"vector": [1.0]}), folder / "embeddings/e.parquet")


def cached_parquet(folder: Path) -> None:
    (folder / ".cache").mkdir()
    pq.write_table(pa.table({"image": ["x"], "text": ["y"]}), folder / ".cache/x.parquet")


@pytest.mark.parametrize("stray", [stray_tar, stray_parquet, cached_parquet])
def test_captioned_images_come_before_stray_files_of_other_kinds(
    tmp_path: Path, stray: Callable[[Path], None]
) -> None:
    stray(images(tmp_path, "a.png", "b.png"))
    assert read(tmp_path) == ["a.png", "b.png"]


def rows_of(*captions: str) -> pa.Table:
    image = [{"bytes": pixels(len(caption)), "path": None} for caption in captions]
    return pa.table({"image": image, "text": list(captions)})


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train-00000-of-00001.parquet", "test-00000-of-00001.parquet"),
        ("data/train/0.parquet", "data/test/0.parquet"),
        ("books_train.parquet", "books_test.parquet"),
    ],
)
def test_the_split_of_local_parquet_files_is_honoured(
    tmp_path: Path, train: str, test: str
) -> None:
    for name, words in ((train, ("a", "b", "c")), (test, ("d", "e"))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows_of(*words), tmp_path / name)
    assert read(tmp_path) == ["a", "b", "c"]
    assert read(tmp_path, stream=Stream(split="test")) == ["d", "e"]
    with pytest.raises(OldBookError, match="no split 'validation'; it has test, train"):
        read(tmp_path, stream=Stream(split="validation"))


def test_tars_come_before_parquet_files_that_lack_the_columns(tmp_path: Path) -> None:
    from tests.plates import write_webdataset

    folder = write_webdataset(tmp_path / "out")
    pq.write_table(pa.table({"url": ["u"], "key": ["k"]}), folder / "plates.parquet")
    assert len(read(folder, Columns("png", "txt"))) == 24
    pq.write_table(rows_of("a", "b"), folder / "plates.parquet")
    assert read(folder) == ["a", "b"]


def in_zip(folder: Path) -> Path:
    """The same folder as one archive in a folder."""
    path = folder.parent / "zipped"
    path.mkdir()
    with zipfile.ZipFile(path / "all.zip", "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder))
    return path


@pytest.mark.parametrize("pack", [lambda folder: folder, in_zip])
def test_one_name_in_many_folders_is_many_images_when_some_are_held_out(
    tmp_path: Path, pack: Callable[[Path], Path]
) -> None:
    names = [f"book{number:02d}/frontispiece.png" for number in range(40)]
    folder = pack(images(tmp_path / "all", *names))
    for seed in range(5):
        data = Illustrations(str(folder), held_out=HeldOut(fraction=0.25), seed=seed)
        rows = list(data.rows)
        assert len(rows) == 40
        assert 3 <= sum(map(data.split.holds, rows)) <= 18


def test_what_is_read_is_said_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    images(tmp_path, "a.png", "b.png")
    (tmp_path / "c.png").write_bytes(pixels(9))
    (tmp_path / "notes.docx").write_bytes(b"x")
    with caplog.at_level(logging.INFO, "oldbook_diffusion"):
        read(tmp_path)
    (line,) = caplog.messages
    assert line == (
        f"data.path {tmp_path}: folder of images: 2 images, 2 captions, 1 images without a caption "
        "left out, 1 other files ignored"
    )


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"captions.csv": "image,caption\n"}, "not from captions.csv"),
        ({"metadata1000.jsonl": "{}"}, "not from metadata1000.jsonl"),
        ({"metadata.jsonl": ""}, "not from metadata.jsonl (empty)"),
        ({"a.json": "{}"}, "NAME.txt or NAME.caption beside NAME.png; not from a.json"),
        ({"metadata.csv": "name,text\na.png,b\n"}, "no column 'file_name' that names each image"),
        ({"metadata.jsonl": '{"file_name": "../secret.png", "text": "a"}'}, "copy the images ther"),
        ({"metadata.jsonl": '{"file_name": "/etc/x.png", "text": "a"}'}, "not below"),
    ],
)
def test_a_folder_without_captions_says_where_they_are_looked_for(
    tmp_path: Path, files: dict[str, str], words: str
) -> None:
    images(tmp_path, "a.png", table=False)
    write(tmp_path, **files)
    with pytest.raises(OldBookError) as error:
        read(tmp_path)
    assert words in str(error.value)


def test_a_folder_without_images_says_what_it_holds(tmp_path: Path) -> None:
    write(tmp_path, **{"scan.pdf": b"x", "notes.docx": b"y"})
    with pytest.raises(OldBookError, match=r"holds no images, .* only .docx, .pdf: set it to"):
        read(tmp_path)


def test_the_contents_are_those_that_are_read_wherever_they_lie(tmp_path: Path) -> None:
    first = images(tmp_path / "a", "0.png", "1.png")
    before = contents(first)
    second = Path(shutil.copytree(first, tmp_path / "b"))
    write(second, **{"Thumbs.db": b"x", "README.md": b"y", "bare.png": pixels(7)})
    assert contents(second) == before
    table = second / "metadata.jsonl"
    table.write_text(table.read_text().replace('"text": "0.png"', '"text": "9.png"'))
    assert contents(second) != before


def test_books_that_are_numbers_are_held_out_by_name_and_one_book_alone_is_explained(
    tmp_path: Path,
) -> None:
    images(tmp_path, *(f"{number}.png" for number in range(6)), table=False)
    rows = [{"file_name": f"{n}.png", "text": "t", "year": 1850} for n in range(6)]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    columns = Columns(book="year")
    whole = Illustrations(str(tmp_path), columns, held_out=HeldOut(books=["1850"]))
    assert len(whole.split.held_out_rows) == 6
    other = Illustrations(str(tmp_path), columns, held_out=HeldOut(books=["1851"]))
    with pytest.raises(OldBookError, match=r"names none of its books, which are 1850"):
        _ = other.split.held_out_rows
    one = Illustrations(str(tmp_path), columns, held_out=HeldOut(fraction=0.001))
    with pytest.raises(OldBookError, match=r"one book, 1850; set data\.columns\.book to null"):
        _ = one.split.held_out_rows


def test_a_run_goes_on_with_a_copy_of_its_folder_that_holds_other_files_too(
    runs: Runs, tmp_path: Path
) -> None:
    path = write_folder(tmp_path / "pictures", lines())
    whole = runs.fit(*FOLDER, path, name="whole")
    runs.fit(*FOLDER, path, "--trainer.max_steps=2", name="parts")
    copied = Path(shutil.copytree(tmp_path / "pictures", tmp_path / "elsewhere/pictures"))
    write(copied, **{"Thumbs.db": b"x", "notes.txt": "mine"})
    resumed = runs.fit(*FOLDER, f"--data.path={copied}/", "--ckpt_path=last", name="parts")
    assert same(everything(resumed, 4), everything(whole, 4))


BARE = (*FOLDER, "--data.columns.caption=null")
WORDS = "an old book illustration"


def test_scans_without_captions_are_trained_on_with_the_same_words(
    runs: Runs, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = images(tmp_path / "scans", *(f"page {n}.png" for n in range(20)), table=False)
    (scans / "notes.txt").write_text("from a box in the attic")
    prompts: list[str] = []
    learn = StyleDiffusion.training_step

    def step(self: StyleDiffusion, batch: dict, batch_idx: int) -> Tensor:
        prompts.extend(batch["prompts"])
        return learn(self, batch, batch_idx)

    monkeypatch.setattr(StyleDiffusion, "training_step", step)
    options = (*PLAIN, *BARE, f"--data.path={scans}", f"--data.captions.template={WORDS}")
    whole = runs.fit(*options, "--data.captions.dropout=0", name="whole")
    assert set(prompts) == {WORDS}
    assert "folder of images: 20 images, the same words for all, 1 other files ignored" in (
        caplog.text
    )
    runs.fit(*options, "--data.captions.dropout=0", "--trainer.max_steps=2", name="half")
    half = runs.fit(*options, "--data.captions.dropout=0", "--ckpt_path=last", name="half")
    assert same(everything(whole, 4), everything(half, 4))


def test_words_for_all_and_captions_do_not_go_together(runs: Runs, tmp_path: Path) -> None:
    scans = images(tmp_path / "scans", "a.png", "b.png", table=False)
    path = f"--data.path={scans}"
    message = runs.refuse(*PLAIN, *FOLDER, path)
    assert "set data.columns.caption to null and data.captions.template to words" in message
    message = runs.refuse(*PLAIN, *BARE, path)
    assert "set data.captions.template to the words that all of them get" in message
    message = runs.refuse(*PLAIN, *FOLDER, path, f"--data.captions.template={WORDS}")
    assert "add it, or set data.columns.caption to null" in message
