"""A dataset on the hub: what is fetched, what is kept, and what its refusals become."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from oldbook_diffusion.data.local_copy import used
from oldbook_diffusion.data.opening import open_dataset
from oldbook_diffusion.data.sources import source_of
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.errors import OldBookError
from tests import tiny
from tests.comparing import PLAIN, everything, same
from tests.conftest import Runs
from tests.hub import Hub
from tests.plates import write_folder

NAME = "owner/plates"
ON_HUB = f"--data.path={NAME}"
QUICK = "--data.stream.network={'timeout': 5, 'retries': 2, 'pause': 0.05}"
HEAVY = 200_000  # bytes of a column that nobody reads


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The tiny plates on a hub, with a heavy column beside them, in row groups of four."""
    monkeypatch.setenv("OLDBOOK_CACHE", str(tmp_path / "kept"))
    folder = tiny.write_plates(make(tmp_path / "hub" / NAME), files=2)
    rng = np.random.default_rng(1)
    for file in folder.glob("*.parquet"):
        table = pq.read_table(file)
        heavy = pa.array([rng.bytes(HEAVY) for _ in range(len(table))])
        pq.write_table(table.append_column("rawscan", heavy), file, row_group_size=4)
    server = Hub(tmp_path / "hub")
    server.install(monkeypatch, tmp_path / "client")
    yield server
    server.close()


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def refusal(name: str, **settings: object) -> str:
    """What is said when a dataset is opened."""
    columns = Columns(caption="caption", book="book")
    with pytest.raises(Exception, match=name) as refused:
        list(open_dataset(source_of(name, columns), Stream(**settings), columns))  # type: ignore[arg-type]
    return str(refused.value)


def test_only_the_columns_that_are_read_are_fetched_and_each_once(runs: Runs, hub: Hub) -> None:
    local = runs.fit(*PLAIN, QUICK, name="local")
    first = runs.fit(*PLAIN, QUICK, ON_HUB, name="first")
    sent = sum(hub.sent.values())
    wanted = sum(size for file in hub.root.rglob("*.parquet") for size in sizes(file))
    assert wanted < sent < wanted + 2 * 65536 + 4096, "and the ends of two files"
    assert sent < 24 * HEAVY / 10
    hub.sent.clear()
    second = runs.fit(*PLAIN, QUICK, ON_HUB, name="second")
    assert not hub.sent
    weights = [everything(run, 4)["state_dict"] for run in (local, first, second)]
    assert same(weights[1], weights[2])
    assert same(weights[0], weights[1]), "a run of files here takes them in the same order"


def sizes(file: Path) -> Iterator[int]:
    """Bytes of the wanted columns of a parquet file."""
    about = pq.read_metadata(file)
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        columns = (group.column(index) for index in range(group.num_columns))
        yield sum(c.total_compressed_size for c in columns if c.path_in_schema != "rawscan")


def test_a_run_goes_on_without_the_hub(
    runs: Runs, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    whole = runs.fit(*PLAIN, ON_HUB, QUICK, name="whole")
    runs.fit(*PLAIN, ON_HUB, QUICK, "--trainer.max_steps=2", SCHEDULE)
    hub.fails = lambda path: 503
    resumed = runs.fit(*PLAIN, ON_HUB, QUICK, SCHEDULE, "--ckpt_path=last")
    assert "is read from its local copy" in caplog.text
    assert same(everything(whole, 4)["state_dict"], everything(resumed, 4)["state_dict"])


SCHEDULE = "--model.lr_scheduler.init_args.T_max=4"


def test_an_edited_page_about_the_data_changes_nothing_and_other_data_is_refused(
    runs: Runs, hub: Hub
) -> None:
    runs.fit(*PLAIN, ON_HUB, QUICK, "--trainer.max_steps=2", SCHEDULE)
    (hub.root / NAME / "README.md").write_text("# plates\n")
    hub.sent.clear()
    runs.fit(*PLAIN, ON_HUB, QUICK, "--trainer.max_steps=3", SCHEDULE, "--ckpt_path=last")
    assert hub.sent.keys() <= {"README.md"}
    shutil.copy(hub.root / NAME / "part-0.parquet", hub.root / NAME / "part-2.parquet")
    message = runs.refuse(*PLAIN, ON_HUB, QUICK, SCHEDULE, "--ckpt_path=last")
    assert re.search(r"contents of data.path '2 files, \w+', now it is '3 files", message)


def test_a_hub_that_fails_now_and_then_is_asked_again(runs: Runs, hub: Hub) -> None:
    number = 0

    def fails(path: str) -> int | None:
        nonlocal number
        number += path.endswith(".parquet")
        return 503 if path.endswith(".parquet") and number % 5 == 0 else None

    hub.fails = fails
    assert everything(runs.fit(*PLAIN, ON_HUB, QUICK), 4)
    assert number > 10


def test_a_hub_that_is_gone_is_one_sentence(runs: Runs, hub: Hub) -> None:
    hub.fails = lambda path: 503
    message = runs.refuse(*PLAIN, ON_HUB, QUICK)
    assert f"the dataset '{NAME}' is not a local folder, and cannot be read" in message
    assert "503" in message
    assert "check the connection" in message
    hub.fails = lambda path: 503 if path.endswith(".parquet") else None
    message = runs.refuse(*PLAIN, ON_HUB, QUICK)
    assert "part-0.parquet does not arrive (status 503)" in message


def test_what_the_hub_refuses_is_told_with_what_helps(hub: Hub) -> None:
    assert "revision to a branch, tag or commit that it has" in refusal(NAME, revision="v9")
    assert "has no split 'test': set data.stream.split to one of train" in refusal(
        NAME, split="test"
    )
    assert "check data.path; if it is private, log in" in refusal("owner/nothing")
    make(hub.root / "owner/empty")
    assert "name one with images and captions" in refusal("owner/empty")
    gated = make(hub.root / "owner/gated")
    shutil.copy(hub.root / NAME / "part-0.parquet", gated)
    (gated / ".gated").touch()
    assert "ask for access on its page, and log in" in refusal("owner/gated")


def test_an_address_on_the_hub_is_the_dataset_of_that_name(hub: Hub) -> None:
    columns = Columns(caption="caption", book="book")
    rows = open_dataset(source_of(f"hf://datasets/{NAME}", columns), Stream(), columns)
    assert len(list(rows)) == 24
    for address in (f"hf://datasets/{NAME}@v1", f"hf://datasets/{NAME}/part-0.parquet", "hf://x/y"):
        with pytest.raises(OldBookError, match="set it to OWNER/NAME or to"):
            source_of(address, columns)


def test_a_dataset_of_several_subsets_asks_which_and_opens_it(runs: Runs, hub: Hub) -> None:
    folder = make(hub.root / "owner/subsets")
    for name in ("en", "fr"):
        shutil.copy(hub.root / NAME / "part-0.parquet", make(folder / name) / "train.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n"
        + "".join(f"- {{config_name: {n}, data_files: {n}/train.parquet}}\n" for n in ("en", "fr"))
        + "---\n"
    )
    there = "--data.path=owner/subsets"
    assert "set data.stream.subset to one of 'en', 'fr'" in runs.refuse(*PLAIN, there, QUICK)
    assert everything(runs.fit(*PLAIN, there, QUICK, "--data.stream.subset=fr"), 4)


@pytest.mark.parametrize("captions", ["metadata", "sidecars"])
def test_a_folder_of_images_on_the_hub_is_fetched_once(runs: Runs, hub: Hub, captions: str) -> None:
    folder = write_folder(make(hub.root / "owner/folder") / "pages")
    if captions == "sidecars":
        (folder / "metadata.jsonl").unlink()
        for image in folder.glob("*.png"):
            image.with_suffix(".txt").write_text(f"plate {image.stem}")
    caption = "text" if captions == "sidecars" else "caption"
    columns = f"--data.columns={{'caption': '{caption}', 'book': null}}"
    held_out = "--data.held_out={'fraction': 0.3, 'books': []}"
    options = (*PLAIN, QUICK, "--data.path=owner/folder", columns, held_out)
    assert everything(runs.fit(*options), 4)
    images = {name: sent for name, sent in hub.sent.items() if name.endswith(".png")}
    assert images == {f"pages/{file.name}": file.stat().st_size for file in folder.glob("*.png")}


def test_a_copy_that_has_no_room_is_told_and_other_datasets_make_room(
    runs: Runs, hub: Hub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = Path(shutil.copytree(hub.root / NAME, hub.root / "owner/other"))
    for file in other.glob("*.parquet"):
        pq.write_table(pq.read_table(file), file)
    columns = Columns(caption="caption", book="book")
    limit: dict[str, object] = {"folder": str(tmp_path / "small"), "max_gb": 250e-6}
    copy = f"--data.stream.local_copy={limit}"
    for name in ("owner/other", NAME):
        assert everything(runs.fit(*PLAIN, QUICK, copy, f"--data.path={name}"), 4)
    kept = Counter(file.parts[-3] for file in (tmp_path / "small").rglob("*.arrow"))
    assert kept["owner%2Fplates"] == 2 * (3 * 3 + 1), "columns, and what is known of the groups"
    assert kept["owner%2Fother"] < kept["owner%2Fplates"]
    assert used(tmp_path / "small") <= 250_000
    assert "is full" not in caplog.text
    limit = {"folder": str(tmp_path / "smaller"), "max_gb": 50e-6}
    assert everything(runs.fit(*PLAIN, QUICK, f"--data.stream.local_copy={limit}", ON_HUB), 4)
    assert caplog.text.count("data.stream.local_copy is full: raise its max_gb") == 1
    hub.sent.clear()
    held = used(tmp_path / "smaller")
    assert everything(runs.fit(*PLAIN, QUICK, f"--data.stream.local_copy={limit}", ON_HUB), 4)
    assert 0 < held <= 50_000
    assert used(tmp_path / "smaller") == held
    rows = open_dataset(source_of(NAME, columns), Stream(local_copy=None), columns)
    assert len(list(rows)) == 24
