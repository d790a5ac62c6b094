"""Data from afar may stall, break off or be refused; it costs time, or the run ends saved."""

import io
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import errors

from oldbook_diffusion.data.network import Network
from oldbook_diffusion.data.read_errors import may_come
from oldbook_diffusion.data.seek import row_counts
from oldbook_diffusion.errors import OldBookError
from tests import tiny
from tests.comparing import PLAIN, everything, same
from tests.conftest import Runs
from tests.plates import page
from tests.server import Fault, Server

QUICK = "--data.stream.network={'timeout': 0.5, 'retries': 2, 'pause': 0.1}"
PARQUET, TAR = "part-0.parquet", "plates.tar"
OPTIONS: dict[str, tuple[str, ...]] = {
    PARQUET: (),
    TAR: (
        "--data.columns={'image': 'png', 'caption': 'txt', 'book': null}",
        "--data.held_out={'fraction': 0.3, 'books': []}",
    ),
}
client = sys.modules[errors.HTTPError.__module__.split(".")[0]]  # of the hub
Serve = Callable[[Callable[[int], Fault | None]], Server]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The tiny plates as one parquet file and as one tar."""
    rows = list(tiny.plates())
    folder = tiny.write_plates(tmp_path / "files", rows, files=1)
    with tarfile.open(folder / TAR, "w") as tar:
        for number, row in enumerate(rows):
            for suffix, content in (("png", page(row)), ("txt", str(row["caption"]).encode())):
                member = tarfile.TarInfo(f"{number:04d}.{suffix}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return folder


@pytest.fixture
def serve(files: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """A server of them."""
    monkeypatch.setattr("datasets.config.SLEEP_TIME_ON_THREADS_SHUTDOWN", 0.05)
    servers: list[Server] = []

    def start(fails: Callable[[int], Fault | None]) -> Server:
        servers.append(Server(files, fails))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("name", [PARQUET, TAR])
def test_a_run_whose_server_fails_now_and_then_is_the_run_of_a_file(
    runs: Runs, files: Path, serve: Serve, name: str
) -> None:
    faults: list[Fault | None] = ["503", "drop", "stall"]
    server = serve(lambda number: faults[number // 3 % 3] if number % 3 == 2 else None)
    options = (*PLAIN, *OPTIONS[name], QUICK, "--trainer.max_steps=26",
               "--checkpoint.every_n_train_steps=26")  # fmt: skip
    local = runs.fit(*options, f"--data.path={files / name}", name="local")
    afar = runs.fit(*options, f"--data.path={server.url(name)}", name="afar")
    assert len(server.requests) > 8, "every fault has come"
    first, second = everything(local, 26), everything(afar, 26)
    for content in (first, second):
        assert isinstance(content["Illustrations"], dict)
        content["Illustrations"]["order"].pop("data.path", None)  # of a server
        content["Illustrations"]["order"].pop("contents of data.path", None)  # of files here
    assert same(first, second)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (PARQUET, "503"),
        (TAR, "stall"),
        pytest.param(PARQUET, "stall", marks=pytest.mark.slow),
        pytest.param(TAR, "drop", marks=pytest.mark.slow),
    ],
)
def test_a_server_that_is_gone_ends_the_run_saved_and_with_its_address(
    runs: Runs, serve: Serve, caplog: pytest.LogCaptureFixture, name: str, fault: Fault
) -> None:
    gone = [10_000]
    server = serve(lambda number: fault if number >= gone[0] else None)
    options = (
        *PLAIN,
        *OPTIONS[name],
        QUICK,
        f"--data.path={server.url(name)}",
        "--checkpoint.every_n_train_steps=15",
        "--trainer.max_steps=15",
    )
    whole = runs.fit(*options, name="whole")
    gone[0] = 2 * len(server.requests) - 1  # when the last pass begins
    message = runs.refuse(*options)
    assert f"{server.url(name)} does not arrive" in message
    assert "--ckpt_path last" in message
    again = [line for line in caplog.messages if line.startswith(f"{server.url(name)}: ")]
    assert bool(again) == (name == TAR), "datasets itself asks again for a part of a file"
    assert all(line.endswith("(2 of 2)") for line in again[-1:])
    files = sorted((runs.config.parent / "run/version_0/checkpoints").glob("step=*.ckpt"))
    assert [0 < int(file.stem.removeprefix("step=")) < 15 for file in files] == [True]
    gone[0] = 10_000
    resumed = runs.fit(*options, "--ckpt_path=last")
    assert same(everything(whole, 15), everything(resumed, 15))


def test_an_address_where_nothing_is_or_of_another_kind_is_told(runs: Runs, serve: Serve) -> None:
    server = serve(lambda number: None)
    assert "there is nothing at" in runs.refuse(f"--data.path={server.url('none.parquet')}")
    assert "ends in .parquet or .tar" in runs.refuse(f"--data.path={server.url('plates.zip')}")
    assert "timeout is 0: set it to a number above 0" in runs.refuse(
        "--data.stream.network.timeout=0"
    )


def write_table(folder: Path, files: Path, place: Callable[[str], str], lost: str = "") -> str:
    """The tiny plates in a table that says where each picture is."""
    folder.mkdir()
    table = pq.read_table(files / PARQUET)
    pages = []
    for number, image in enumerate(table["image"].to_pylist()):
        (files / f"{number}.png").write_bytes(image["bytes"])
        pages.append({"bytes": None, "path": place(f"{number}.png")})
    if lost:
        pages[2]["path"] = place(lost)  # of a book that is trained on
    column = pa.array(pages, table.schema.field("image").type)
    pq.write_table(table.set_column(0, table.schema.field("image"), column), folder / "t.parquet")
    return f"--data.path={folder}"


OUTSIDE = "--data.images.allow_outside=true"


BRIEF = (*PLAIN, QUICK, OUTSIDE, "--data.cache=null", "--checkpoint.every_n_train_steps=8")


def test_pictures_whose_server_fails_now_and_then_are_the_pictures_of_a_folder(
    runs: Runs, files: Path, serve: Serve, tmp_path: Path
) -> None:
    faults: list[Fault | None] = ["503", "drop", "stall"]
    server = serve(lambda number: faults[number // 4 % 3] if number % 4 == 3 else None)
    here = write_table(tmp_path / "here", files, lambda name: str(files / name))
    there = write_table(tmp_path / "there", files, server.url)
    local = runs.fit(*BRIEF, here, "--trainer.max_steps=8", name="local")
    afar = runs.fit(*BRIEF, there, "--trainer.max_steps=8", name="afar")
    assert not (afar / "bad_samples.jsonl").exists()
    assert len(server.requests) > 24
    first, second = everything(local, 8), everything(afar, 8)
    assert same(first["state_dict"], second["state_dict"])


@pytest.mark.parametrize("workers", [0, 2])
def test_pictures_that_do_not_come_end_the_run_and_one_that_is_gone_costs_only_itself(
    runs: Runs, files: Path, serve: Serve, tmp_path: Path, workers: int
) -> None:
    last = [10_000]
    server = serve(lambda number: "503" if number >= last[0] else None)
    option = f"--data.num_workers={workers}"
    path = write_table(tmp_path / "lost", files, server.url, lost="none.png")
    run = runs.fit(*BRIEF, path, option, "--trainer.max_steps=12", name="lost")
    lines = [json.loads(line) for line in (run / "bad_samples.jsonl").read_text().splitlines()]
    assert [(line["plate"], line["reason"]) for line in lines] == [
        (server.url("none.png"), "unreadable")
    ]
    last[0] = len(server.requests) + 20
    message = runs.refuse(*BRIEF, path, option, "--trainer.max_steps=200")
    assert "does not arrive (status 503)" in message
    assert "data.stream.network.retries" in message


def test_the_footer_of_a_parquet_file_is_asked_for_again(serve: Serve) -> None:
    quick = Network(timeout=0.5, retries=2, pause=0.1)
    url = serve(lambda number: "503" if number in (0, 2) else None).url(PARQUET)
    assert sum(row_counts(url, quick)) == 24
    gone = serve(lambda number: "503").url(PARQUET)
    with pytest.raises(OldBookError, match=r"does not arrive \(status 503\)"):
        row_counts(gone, quick)


def test_a_hub_that_is_silent_may_answer_again() -> None:
    assert may_come(client.ConnectTimeout("silent"), "hf://datasets/nobody/nothing")
    assert may_come(client.ConnectError("refused"), "hf://datasets/nobody/nothing")
