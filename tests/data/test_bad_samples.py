"""What is wrong with single plates costs a run nothing but those plates."""

import io
import json
import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image, ImageFile, ImageOps

from oldbook_diffusion.batch import to_unit_range
from oldbook_diffusion.data.bad_samples import BadSampleError
from oldbook_diffusion.data.transforms import decode_image
from oldbook_diffusion.system import StyleDiffusion
from tests import tiny
from tests.comparing import PLAIN, Killed, everything, same
from tests.conftest import Runs
from tests.plates import written

Row = dict[str, object]
BOOK = "book 3"  # is trained on


def picture(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(side: int = 64) -> Image.Image:
    pixels = np.random.default_rng(1).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def corrupt_in_the_middle() -> bytes:
    content = picture(noise())
    half = len(content) // 2
    return content[:half] + bytes(64) + content[half + 64 :]


def write_folder(
    folder: Path, files: dict[str, bytes], captions: dict[str, object] | None = None
) -> Path:
    """A folder of the tiny plates and of other files, each a plate of a book to train on."""
    folder.mkdir()
    lines = []
    for number, row in enumerate(tiny.plates()):
        files = {**files, f"{number}.png": row["image"]["bytes"]}  # type: ignore[index]
        lines.append({"file_name": f"{number}.png", "caption": row["caption"], "book": row["book"]})
    for name in set(files) - {line["file_name"] for line in lines}:
        lines.append({"file_name": name, "caption": name, "book": BOOK})
    for name, content in files.items():
        (folder / name).write_bytes(content)
    for line in lines:
        if captions and line["file_name"] in captions:
            line["caption"] = captions[str(line["file_name"])]
    lines.sort(key=lambda line: str(line["file_name"]))
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return folder


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The seeds and the prompts of the training visits."""
    seen: list[tuple[int, str]] = []
    learn = StyleDiffusion.training_step

    def step(self: StyleDiffusion, batch: dict, batch_idx: int) -> torch.Tensor:
        seen.extend(zip(batch["seeds"], batch["prompts"], strict=True))
        return learn(self, batch, batch_idx)

    monkeypatch.setattr(StyleDiffusion, "training_step", step)
    return seen


FAULTS = {
    "corrupt.png": ("corrupt or truncated", corrupt_in_the_middle()),
    "cut.png": ("corrupt or truncated", picture(noise())[:2000]),
    "cut.jpg": ("corrupt or truncated", picture(noise(), "JPEG")[:1500]),
    "empty.png": ("empty file", b""),
    "page.jpg": ("corrupt or truncated", b"<!DOCTYPE html><html><body>404</body></html>"),
    "huge.png": ("oversized", picture(Image.new("1", (20_000, 20_000)))),
    "dot.gif": ("too small", picture(Image.new("L", (1, 1)), "GIF")),
}


def test_each_fault_has_a_reason_and_one_line_also_over_passes_and_a_resume(
    runs: Runs, tmp_path: Path, visits: list[tuple[int, str]], caplog: pytest.LogCaptureFixture
) -> None:
    captions: dict[str, object] = {"3.png": None, "7.png": "  "}
    files = {name: content for name, (_, content) in FAULTS.items()}
    path = write_folder(tmp_path / "pictures", files, captions)
    expected = {name: reason for name, (reason, _) in FAULTS.items()}
    expected |= dict.fromkeys(captions, "no caption")
    options = (
        *PLAIN,
        f"--data.path={path}",
        "--data.images.max_bad_fraction=0.5",
        "--data.captions.dropout=0",
        "--model.lr_scheduler=null",
        "--checkpoint.every_n_train_steps=10",
    )
    run = runs.fit(*options, "--trainer.max_steps=10")
    resumed = runs.fit(*options, "--trainer.max_steps=20", "--ckpt_path=last")
    assert run == resumed
    assert len(visits) == 40, "two passes of 19 plates, and more"
    samples = written(run)
    assert {Path(str(s["plate"])).name: s["reason"] for s in samples} == expected
    assert len(samples) == len(expected)
    good = {f"{n}.png" for n in range(24)} - set(captions)
    assert {Path(str(sample["replaced_by"])).name for sample in samples} <= good
    told = [message for message in caplog.messages if message.startswith("cannot use ")]
    kinds = Counter(message.split(": ", 1)[1].split(" (")[0] for message in told)
    assert set(kinds) == set(expected.values())
    assert max(kinds.values()) <= 2, "a kind of fault is told once by a process"
    ends = [message for message in caplog.messages if "visits were to plates" in message]
    counts = everything(run, 20)["Illustrations"]["bad_samples"]  # type: ignore[index]
    assert f"{sum(counts['reasons'].values())} of 40 visits" in ends[-1]


def spoilt(rows: list[Row], *numbers: int) -> list[Row]:
    """The plates with some that are no pictures."""
    bad = {"bytes": b"no picture", "path": "spoilt.png"}
    return [{**r, "image": bad} if n in numbers else r for n, r in enumerate(rows)]


@pytest.mark.parametrize(
    ("workers", "killed_at"), [(2, 9), pytest.param(0, 7, marks=pytest.mark.slow)]
)
def test_a_bad_plate_is_replaced_alike_with_workers_and_after_a_resume(
    runs: Runs,
    tmp_path: Path,
    visits: list[tuple[int, str]],
    kill: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    workers: int,
    killed_at: int,
) -> None:
    rows = list(tiny.plates())
    path = tiny.write_plates(tmp_path / "spoilt", spoilt(rows, 2, 3, 6, 14, 19))
    steps = (
        "--trainer.max_steps=14",
        "--data.images.max_bad_fraction=1.0",
        "--data.captions.dropout=0",
    )
    options = (*PLAIN, f"--data.path={path}", *steps, "--checkpoint.every_n_train_steps=4")
    whole = runs.fit(*options, name="whole")
    first = list(visits)
    assert len(set(written(whole)[0])) == 8
    assert len(written(whole)) == 5
    kill(killed_at)
    with pytest.raises(Killed):
        runs.fit(*options, f"--data.num_workers={workers}", name="cut")
    monkeypatch.undo()
    cut = runs.fit(*options, f"--data.num_workers={workers}", "--ckpt_path=last", name="cut")
    assert same(everything(whole, 14), everything(cut, 14))
    assert written(whole) == written(cut)
    assert len(first) == 28


def test_a_bad_plate_moves_no_other(
    runs: Runs, tmp_path: Path, visits: list[tuple[int, str]]
) -> None:
    rows = list(tiny.plates())
    steps = ("--trainer.max_steps=12", "--checkpoint.every_n_train_steps=12")
    options = (*PLAIN, *steps, "--data.captions.dropout=0")
    whole = runs.fit(*options, name="whole")
    sound = list(visits)
    visits.clear()
    path = tiny.write_plates(tmp_path / "spoilt", spoilt(rows, 2, 3))
    bad = runs.fit(
        *options, f"--data.path={path}", "--data.images.max_bad_fraction=1.0", name="bad"
    )
    assert [seed for seed, _ in visits] == [seed for seed, _ in sound]
    moved = [
        prompt for (_, prompt), (_, other) in zip(sound, visits, strict=True) if prompt != other
    ]
    assert Counter(moved) == {"plate 2": 2, "plate 3": 2}
    assert same(*(everything(run, 12)["Illustrations"]["position"] for run in (whole, bad)))  # type: ignore[index]


def test_a_bad_plate_alone_in_the_last_window_is_replaced(
    runs: Runs, tmp_path: Path, visits: list[tuple[int, str]]
) -> None:
    rows = [{**row, "book": BOOK} for row in tiny.plates(9)]
    rows += [{**row, "book": "book 0"} for row in tiny.plates(2)]
    ordered = [*rows[9:], *rows[:9]]  # windows of 5, 5, 1
    path = tiny.write_plates(tmp_path / "spoilt", spoilt(ordered, 10), files=1)
    run = runs.fit(
        *PLAIN, f"--data.path={path}", "--trainer.max_steps=6", "--data.captions.dropout=0"
    )
    assert [sample["row"] for sample in written(run)] == [10]
    assert len(visits) == 12


def test_a_bad_plate_that_is_held_out_is_left_out_and_written_down(
    runs: Runs, tmp_path: Path
) -> None:
    path = tiny.write_plates(tmp_path / "spoilt", spoilt(list(tiny.plates()), 0))  # of book 0
    run = runs.fit(*PLAIN, f"--data.path={path}", "--trainer.max_steps=2")
    assert [sample["replaced_by"] for sample in written(run)] == [None]


def test_where_nothing_can_take_the_place_of_a_bad_plate_it_is_said(
    runs: Runs, tmp_path: Path
) -> None:
    path = tiny.write_plates(tmp_path / "spoilt", spoilt(list(tiny.plates()), *range(24)))
    assert "nor can any plate near it" in runs.refuse(*PLAIN, f"--data.path={path}")
    assert "none of the monitored plates could be used" in runs.refuse(f"--data.path={path}")


def test_a_file_of_bad_plates_that_was_cut_off_or_cannot_be_written_ends_no_run(
    runs: Runs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tiny.write_plates(tmp_path / "spoilt", spoilt(list(tiny.plates()), 2, 3))
    options = (
        *PLAIN,
        f"--data.path={path}",
        "--model.lr_scheduler=null",
        "--checkpoint.every_n_train_steps=6",
        "--data.images.max_bad_fraction=1.0",
    )
    run = runs.fit(*options, "--trainer.max_steps=6")
    file = run / "bad_samples.jsonl"
    lines = file.read_text()
    assert lines.count("\n") == 2
    file.write_text(lines[:-9])
    runs.fit(*options, "--trainer.max_steps=12", "--ckpt_path=last")
    again = file.read_text().splitlines()
    assert again[:2] == lines[:-9].splitlines()
    assert json.loads(again[2])["id"] == json.loads(lines.splitlines()[1])["id"]
    assert len(again) == 3
    file.unlink()
    file.mkdir()
    runs.fit(*options, "--trainer.max_steps=18", "--ckpt_path=last")
    assert any("cannot be written to" in message for message in caplog.messages)


def half(left: int, right: int) -> np.ndarray:
    grey = np.full((40, 40), left, np.uint8)
    grey[:, 20:] = right
    return grey


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # the upper edge is on the right: dark is up where it was left
    return picture(Image.fromarray(half(0, 255)).convert("RGB"), "JPEG", quality=95, exif=exif)


def turned_and_malformed() -> bytes:
    """Turned too, with a resolution that is text where a fraction should be."""
    entries = [(0x0112, 3, 1, b"\6\0\0\0"), (0x011A, 2, 4, b"72\0\0")]
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries))
    exif += b"".join(struct.pack("<HHI4s", *entry) for entry in entries) + bytes(4)
    page = Image.fromarray(half(0, 255)).convert("RGB")
    return picture(page, "JPEG", quality=95, exif=exif)


def transparent() -> bytes:
    page = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    page.paste((0, 0, 0, 255), (20, 0, 40, 40))
    return picture(page)


def palette() -> bytes:
    page = Image.fromarray(half(0, 1), "L")
    page = Image.frombytes("P", (40, 40), page.tobytes())
    page.putpalette([10, 20, 30, 200, 210, 220])
    return picture(page)


KINDS: dict[str, tuple[bytes, list[float]]] = {
    # what the left upper, the right upper and the left lower corner show, in red
    "cmyk.jpg": (picture(Image.fromarray(half(0, 255)).convert("CMYK"), "JPEG"), [0, 1, 0]),
    "palette.png": (palette(), [10 / 255, 200 / 255, 10 / 255]),
    "alpha.png": (transparent(), [1, 0, 1]),
    "still.gif": (picture(Image.fromarray(half(255, 0)), "GIF"), [1, 0, 1]),
    "turned.jpg": (turned(), [0, 0, 1]),
    "malformed.jpg": (turned_and_malformed(), [0, 0, 1]),
    "deep.png": (
        picture(Image.fromarray(half(64, 192).astype(np.uint16) * 257)),
        [64 / 255, 192 / 255, 64 / 255],
    ),
    "large.png": (picture(Image.new("1", (12_000, 8_000), 1)), [1, 1, 1]),
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_pillow_turns_it(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    page = picture(noise(24).crop((0, 0, 24, 16)), "PNG", exif=exif)
    with Image.open(io.BytesIO(page)) as image:
        assert decode_image(page).tobytes() == ImageOps.exif_transpose(image).tobytes()


def test_whatever_a_decoder_raises_costs_only_its_plate(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(image: ImageFile.ImageFile) -> None:
        raise TypeError

    monkeypatch.setattr(ImageFile.ImageFile, "load", stumble)
    with pytest.raises(BadSampleError, match=r"corrupt or truncated \(TypeError\)"):
        decode_image(picture(Image.new("L", (4, 4)), "BMP"))


def test_every_kind_of_picture_is_trained_on_as_it_looks(
    runs: Runs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recwarn: pytest.WarningsRecorder,
) -> None:
    path = write_folder(
        tmp_path / "pictures", {name: content for name, (content, _) in KINDS.items()}
    )
    seen: dict[str, torch.Tensor] = {}
    learn = StyleDiffusion.training_step

    def step(self: StyleDiffusion, batch: dict, batch_idx: int) -> torch.Tensor:
        seen.update(zip(batch["prompts"], to_unit_range(batch["images"]), strict=True))
        return learn(self, batch, batch_idx)

    monkeypatch.setattr(StyleDiffusion, "training_step", step)
    flat = ("--data.captions.dropout=0", "--data.images.random_flip=false", "--data.cache=null",
            "--checkpoint.every_n_train_steps=10")  # fmt: skip
    run = runs.fit(*PLAIN, *flat, f"--data.path={path}", "--trainer.max_steps=10")
    assert not (run / "bad_samples.jsonl").exists()
    for name, (_, corners) in KINDS.items():
        red = seen[name][0]
        shown = [float(red[4, 4]), float(red[4, -4]), float(red[-4, 4])]
        assert shown == pytest.approx(corners, abs=0.02), name
    assert not [w for w in recwarn if "DecompressionBomb" in w.category.__name__]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_row_reads_no_file_outside_of_the_dataset(
    runs: Runs, tmp_path: Path, workers: int
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture(noise(24)))
    dataset = tmp_path / "dataset"
    (dataset / "images").mkdir(parents=True)
    (dataset / "images/link.png").symlink_to(secret)
    shades = (Image.new("L", (24, 24), 9 * number) for number in range(21))
    kept = [{"bytes": picture(shade), "path": None} for shade in shades]
    outside = (str(secret), f"{dataset}/images/../../secret.png", str(tmp_path / "none.png"))
    named = [{"bytes": None, "path": path} for path in (*outside, f"{dataset}/images/link.png")]
    rows = {"image": kept + named, "text": [f"plate {number}" for number in range(25)]}
    types = pa.schema(
        {"image": pa.struct({"bytes": pa.binary(), "path": pa.string()}), "text": pa.string()}
    )
    pq.write_table(pa.table(rows, types), dataset / "rows.parquet")
    options = (
        *PLAIN,
        f"--data.path={dataset}",
        f"--data.num_workers={workers}",
        "--data.columns.caption=text",
        "--data.columns.book=null",
        "--data.held_out.books=[]",
        "--data.held_out.fraction=0.3",
        "--data.images.max_bad_fraction=1",
        "--trainer.max_steps=14",
        "--checkpoint.every_n_train_steps=14",
    )
    found = {row["plate"]: row["detail"] for row in written(runs.fit(*options))}
    assert found.keys() == set(outside)
    assert all("set data.images.allow_outside" in detail for detail in found.values())
    trusted = runs.fit(*options, "--data.images.allow_outside=true", name="trusted")
    assert [row["plate"] for row in written(trusted)] == [outside[-1]]


@pytest.mark.parametrize(("resolution", "enlarged"), [(32, 0), (64, 8)])
def test_plates_that_are_enlarged_are_counted_in_one_line_also_over_a_resume(
    runs: Runs, caplog: pytest.LogCaptureFixture, resolution: int, enlarged: int
) -> None:
    options = (*PLAIN, f"--data.resolution={resolution}", "--model.lr_scheduler=null")
    runs.fit(*options, "--trainer.max_steps=2")
    caplog.clear()
    runs.fit(*options, "--trainer.max_steps=4", "--ckpt_path=last")
    told = [message for message in caplog.messages if "smaller than data.resolution" in message]
    if not enlarged:
        assert told == []
        return
    first, last = told
    assert first.endswith("is enlarged")
    assert last.startswith(f"{enlarged} of 8 visits were to plates smaller")
