"""Checkpoint files: whole or not there, never fetched, never run; the newest whole one is taken."""

import http.server
import os
import pickle
import resource
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.run.checkpoint_io import DurableCheckpointIO, read_checkpoint
from tests.comparing import PLAIN, everything, same
from tests.conftest import Runs
from tests.processes import CLOSELY, Fit


class Payload:
    """Pickled, it makes a file when it is read by what runs what it reads."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


@pytest.fixture
def malicious(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A checkpoint that would make a mark, and the mark."""
    mark, file = tmp_path / "mark", tmp_path / "web/evil.ckpt"
    file.parent.mkdir()
    torch.save({"state_dict": Payload(mark)}, file)
    torch.load(file, weights_only=False)
    assert mark.exists(), "the payload works where it is let"
    mark.unlink()
    yield file, mark
    assert not mark.exists()


def test_a_file_that_brings_code_along_is_refused(
    runs: Runs, malicious: tuple[Path, Path], tmp_path: Path
) -> None:
    assert "more than tensors and plain data" in runs.refuse(*PLAIN, f"--ckpt_path={malicious[0]}")
    bare = tmp_path / "bare.ckpt"
    bare.write_bytes(pickle.dumps(Payload(malicious[1])))
    with pytest.raises(OldBookError, match="damaged"):
        read_checkpoint(bare)


def test_nothing_is_fetched_from_an_address(runs: Runs, malicious: tuple[Path, Path]) -> None:
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(malicious[0].parent))  # type: ignore[arg-type]

        def do_GET(self) -> None:
            asked.append(self.path)
            super().do_GET()

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/evil.ckpt"
        assert "not fetched from an address" in runs.refuse(f"--ckpt_path={address}")
        with pytest.raises(OldBookError, match="address"):
            DurableCheckpointIO().load_checkpoint(address)
        server.shutdown()
    assert not asked
    assert "address" in runs.refuse("--ckpt_path=s3://bucket/last.ckpt")


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "one.ckpt"
    DurableCheckpointIO().save_checkpoint({"weight": torch.ones(1000)}, file)
    content = bytearray(file.read_bytes())
    place = content.index(torch.ones(4).numpy().tobytes())
    content[place] ^= 1
    file.write_bytes(content)
    with pytest.raises(OldBookError, match="damaged"):
        read_checkpoint(file)


def test_a_file_that_cannot_be_read_again_takes_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "one.ckpt"
    DurableCheckpointIO().save_checkpoint({"step": 1}, file)
    save = torch.save

    def half(content: object, target: object) -> None:
        save(content, target)
        target.truncate(100)  # type: ignore[attr-defined]

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OldBookError, match="the earlier ones are untouched"):
        DurableCheckpointIO().save_checkpoint({"step": 2}, file)
    assert read_checkpoint(file) == {"step": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["one.ckpt"]


def test_last_takes_the_newest_whole_checkpoint(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    assert runs.fit(*PLAIN, "--ckpt_path=auto").name == "version_0"
    assert any("a new one starts" in message for message in caplog.messages)
    run = runs.fit(*PLAIN, "--trainer.max_steps=6", "--ckpt_path=auto")
    assert run.name == "version_0"
    whole = everything(run, 6)
    newest = run / "checkpoints/step=000006.ckpt"
    newest.write_bytes(newest.read_bytes()[:-50])
    (run / "checkpoints/.step=000008.ckpt.tmp").write_bytes(b"half")
    (run / "checkpoints/last.ckpt").unlink()
    caplog.clear()
    runs.fit(*PLAIN, "--trainer.max_steps=6", "--ckpt_path=last")
    passed = [message for message in caplog.messages if message.startswith("skipped")]
    assert len(passed) == 1
    assert str(newest) in passed[0]
    assert any(m.endswith("/step=000004.ckpt") for m in caplog.messages if "resuming" in m)
    assert same(everything(run, 6), whole), "the damaged file is replaced by a whole one"
    assert {file.name for file in run.glob("checkpoints/*.ckpt")} == {
        "last.ckpt", "step=000002.ckpt", "step=000004.ckpt", "step=000006.ckpt",
    }  # fmt: skip
    assert not list(run.glob("checkpoints/.*.tmp")), "what a killed run left is swept"
    for file in run.glob("checkpoints/step=*.ckpt"):
        file.write_bytes(b"")
    assert "no whole checkpoint" in runs.refuse(*PLAIN, "--ckpt_path=last")


def test_last_takes_the_newest_checkpoint_that_fits_the_config(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    four = "--model.method.init_args.rank=4"
    first = runs.fit(*PLAIN, "--trainer.max_steps=2")
    second = runs.fit(*PLAIN, four, "--trainer.max_steps=2")
    assert (first.name, second.name) == ("version_0", "version_1")
    runs.fit(*PLAIN, "--trainer.max_steps=3", "--ckpt_path=last")
    assert (first / "checkpoints/step=000003.ckpt").is_file()
    passed = [message for message in caplog.messages if message.startswith("skipped")]
    assert len(passed) == 1
    assert str(second) in passed[0]
    assert "rank 4, now it is 2" in passed[0]
    runs.fit(*PLAIN, four, "--trainer.max_steps=3", "--ckpt_path=auto")
    assert (second / "checkpoints/step=000003.ckpt").is_file()
    assert "rank 4, now it is 3" in runs.refuse(
        *PLAIN, "--model.method.init_args.rank=3", "--ckpt_path=last"
    )


def test_the_last_step_is_saved_under_its_own_name(runs: Runs) -> None:
    runs.fit(*PLAIN, "--trainer.max_steps=2")
    run = runs.fit(*PLAIN, "--trainer.max_steps=5", "--ckpt_path=last")
    assert read_checkpoint(run / "checkpoints/step=000005.ckpt")["global_step"] == 5
    assert (run / "checkpoints/last.ckpt").resolve().name == "step=000005.ckpt"


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no second filesystem at hand")
def test_the_temporary_folder_may_lie_on_another_filesystem(runs: Runs) -> None:
    often = (*PLAIN, "--checkpoint.every_n_train_steps=1")
    fit = Fit.start(runs.config, *often, "--trainer.max_steps=200", TMPDIR="/dev/shm")
    saved = runs.config.parent / "run/version_0/checkpoints"
    assert fit.wait_until(lambda: (saved / "step=000003.ckpt").is_file())
    assert fit.wait_until(lambda: any(saved.glob(".*.tmp")), CLOSELY)
    fit.kill()
    files = list(saved.glob("step=*.ckpt"))
    assert len(files) >= 3
    for file in files:
        read_checkpoint(file)


def test_a_full_disk_loses_nothing(runs: Runs) -> None:
    run = runs.fit(*PLAIN, "--trainer.max_steps=2")
    size = (run / "checkpoints/step=000002.ckpt").stat().st_size
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limit[1]))
    try:
        message = runs.refuse(*PLAIN, "--ckpt_path=last")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert "cannot write the checkpoint" in message
    assert "free disk space" in message
    assert read_checkpoint(run / "checkpoints/last.ckpt")["global_step"] == 2
    assert not list(run.glob("checkpoints/.*"))
    assert (runs.fit(*PLAIN, "--ckpt_path=last") / "checkpoints/step=000004.ckpt").is_file()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_small_disk_loses_nothing(runs: Runs, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        message = runs.refuse(
            *PLAIN, "--trainer.max_steps=60", f"--trainer.logger.init_args.save_dir={disk}"
        )
        assert "cannot write the checkpoint" in message
        files = list(disk.glob("run/version_0/checkpoints/step=*.ckpt"))
        assert files
        for file in files:
            read_checkpoint(file)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
