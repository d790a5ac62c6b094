"""Where plates come from, which are held out, and in what order they come."""

from collections import Counter
from functools import partial
from pathlib import Path

import pytest
import torch
from datasets import Dataset
from PIL import Image

from oldbook_diffusion.data import Illustrations
from oldbook_diffusion.data.listing import name_below
from oldbook_diffusion.data.opening import open_dataset
from oldbook_diffusion.data.sampler import Position, ShuffledRows
from oldbook_diffusion.data.seek import StreamedRows
from oldbook_diffusion.data.sources import source_of
from oldbook_diffusion.data.split import HeldOut, Split, image_hash
from oldbook_diffusion.data.stream import Columns, Stream
from tests import tiny
from tests.conftest import Runs, World
from tests.plates import write_folder, write_webdataset

PLAIN = ("--render.prompts=[]", "--render.encoder=null")
COLUMNS = Columns(caption="caption", book="book")


def test_a_folder_of_pictures_is_a_dataset(runs: Runs, tmp_path: Path) -> None:
    path = write_folder(tmp_path / "pictures")
    run = runs.fit(*PLAIN, f"--data.path={path}")
    assert (run / "checkpoints/step=000004.ckpt").is_file()


def test_one_parquet_file_is_a_dataset(runs: Runs, world: World) -> None:
    run = runs.fit(*PLAIN, f"--data.path={world.plates / 'part-0.parquet'}",
                   "--data.held_out.books=['book 0']")  # fmt: skip
    assert (run / "checkpoints/step=000004.ckpt").is_file()


def test_webdataset_tars_are_a_dataset(runs: Runs, tmp_path: Path) -> None:
    path = write_webdataset(tmp_path / "tars")
    columns = "--data.columns={'image': 'png', 'caption': 'txt', 'book': null}"
    share = "--data.held_out={'fraction': 0.3, 'books': []}"
    run = runs.fit(*PLAIN, f"--data.path={path}", columns, share)
    assert (run / "checkpoints/step=000004.ckpt").is_file()


def rows(world: World, start: Position, number: int, seed: int = 1) -> list[object]:
    stream = open_dataset(source_of(str(world.plates), COLUMNS), Stream(), COLUMNS)
    order = iter(ShuffledRows(stream, lambda plate: True, seed, 5, start))
    return [(row.plate["caption"], row.seed, row.next) for row, _ in zip(order, range(number))]  # noqa: B905


def test_a_pass_shows_every_plate_once(world: World) -> None:
    captions = Counter(row[0] for row in rows(world, Position(), 24))  # type: ignore[index]
    assert set(captions.values()) == {1}
    assert len(captions) == 24


def test_passes_come_in_different_orders(world: World) -> None:
    both = rows(world, Position(), 48)
    first, second = both[:24], both[24:]
    assert [row[0] for row in first] != [row[0] for row in second]  # type: ignore[index]
    assert {row[0] for row in first} == {row[0] for row in second}  # type: ignore[index]


@pytest.mark.parametrize("start", [1, 4, 5, 17, 24, 30])
def test_the_order_can_be_entered_anywhere(world: World, start: int) -> None:
    whole = rows(world, Position(), 50)
    position = whole[start - 1][2]  # type: ignore[index]
    assert rows(world, position, 10) == whole[start : start + 10]


def test_the_order_depends_on_the_seed(world: World) -> None:
    assert rows(world, Position(), 24) != rows(world, Position(), 24, seed=2)


def test_a_book_is_held_out_whole() -> None:
    held_out = HeldOut(fraction=0.5)
    pages = [{"image": {"bytes": n.to_bytes(2)}, "book": str(n % 40)} for n in range(800)]
    stream = StreamedRows(Dataset.from_list(pages).to_iterable_dataset())
    split = Split("", lambda: stream, str, Columns(book="book"), held_out, seed=3)
    held = Counter(str(row.plate["book"]) for row in split.rows("held out", None))
    assert set(held.values()) == {20}
    assert 10 <= len(held) <= 30


def test_the_same_picture_is_never_on_both_sides() -> None:
    held_out = HeldOut(fraction=0.5)
    for number in range(20):
        names = [image_hash({"bytes": bytes([number]), "path": path}, str) for path in "ab"]
        assert len({held_out.holds(name, 3) for name in names}) == 1


def test_a_folder_is_divided_alike_wherever_it_lies(tmp_path: Path) -> None:
    sides = []
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        data = Illustrations(
            str(write_folder(tmp_path / place / "pictures")),
            columns=Columns(caption="caption"),
            held_out=HeldOut(fraction=0.5),
        )
        sides.append([row.plate["caption"] for row in data.split.held_out_rows])
    assert sides[0] == sides[1]
    assert 6 <= len(sides[0]) <= 18


def test_a_picture_that_is_only_named_is_divided_by_its_name_below_the_folder() -> None:
    name = partial(name_below, Path("/data"))
    assert image_hash({"bytes": None, "path": "/data/a/0.png"}, name) == "a/0.png"
    assert image_hash({"bytes": None, "path": "b/0.png"}, name) == "b/0.png"


def test_held_out_plates_are_not_trained_on(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from oldbook_diffusion.system import StyleDiffusion

    seen: set[str] = set()
    learn = StyleDiffusion.training_step

    def step(self: StyleDiffusion, batch: dict[str, list[str]], number: int) -> torch.Tensor:
        seen.update(batch["books"])
        return learn(self, batch, number)  # type: ignore[arg-type]

    monkeypatch.setattr(StyleDiffusion, "training_step", step)
    runs.fit(*PLAIN, "--trainer.max_steps=14")
    assert seen == {"book 2", "book 3"}


def test_the_held_out_loss_is_comparable_from_checkpoint_to_checkpoint(runs: Runs) -> None:
    from tests.comparing import events

    run = runs.fit(*PLAIN, "--model.optimizer.init_args.lr=0", "--trainer.max_steps=6")
    values = {event.value for event in events(run).Scalars("val/loss")}
    assert len(values) == 1, "nothing was learnt, so nothing may move"


def test_the_prompt_wraps_the_caption(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from oldbook_diffusion.system import StyleDiffusion

    prompts: list[str] = []
    learn = StyleDiffusion.training_step

    def step(self: StyleDiffusion, batch: dict[str, list[str]], number: int) -> torch.Tensor:
        prompts.extend(batch["prompts"])
        return learn(self, batch, number)  # type: ignore[arg-type]

    monkeypatch.setattr(StyleDiffusion, "training_step", step)
    template = "--data.captions={'template': 'old plate, {caption}', 'dropout': 0.5}"
    runs.fit(*PLAIN, template, "--trainer.max_steps=20")
    empty = prompts.count("")
    assert 8 <= empty <= 32
    assert all(not prompt or prompt.startswith("old plate, plate ") for prompt in prompts)


def test_half_of_the_visits_are_mirrored(world: World) -> None:
    from oldbook_diffusion.data.captions import Captions
    from oldbook_diffusion.data.decode import Decode
    from oldbook_diffusion.data.transforms import Images

    stream = open_dataset(source_of(str(world.plates), COLUMNS), Stream(), COLUMNS)
    order = iter(ShuffledRows(stream, lambda plate: True, 1, 5, Position()))
    visits = [row for row, _ in zip(order, range(96))]  # noqa: B905
    flip = Decode(COLUMNS, Captions(), tiny.RESOLUTION, True, images=Images(random_flip=True))
    plain = Decode(COLUMNS, Captions(), tiny.RESOLUTION, training=True)
    mirrored = 0
    for row in visits:
        one, other = flip[row].pixels, plain[row].pixels
        assert one is not None
        assert other is not None
        assert torch.equal(one, other) or torch.equal(one, other.flip(-1))
        mirrored += not torch.equal(one, other)
    assert 30 <= mirrored <= 66


def test_a_picture_of_another_shape_is_cropped_and_not_squeezed(tmp_path: Path) -> None:
    from oldbook_diffusion.data.transforms import center_crop

    wide = Image.new("RGB", (64, 16), "black")
    wide.paste("white", (28, 4, 36, 12))
    square = center_crop(wide, 16).float()
    assert float(square.mean()) == pytest.approx(64 / 256 * 255, abs=2)
