"""The cache can be filled ahead, looked at and emptied."""

import contextlib
from collections import Counter
from pathlib import Path

import pytest

from oldbook_diffusion.cli import main
from tests.caches import LONG, OFF, shards
from tests.comparing import PLAIN, everything, same
from tests.conftest import Runs


@pytest.mark.parametrize("workers", [0, 2])
def test_after_a_preparation_training_encodes_nothing(
    runs: Runs, calls: Counter[str], workers: int
) -> None:
    option = f"--data.num_workers={workers}"
    runs.command("prepare", option)
    prepared = runs.fit(*PLAIN, *LONG, option, name="prepared")
    assert calls == {"pictures": 0, "prompts": 0}
    plain = runs.fit(*PLAIN, *LONG, OFF, name="plain")
    assert calls["pictures"] == 8 * 2 * 2
    assert same(everything(prepared, 8), everything(plain, 8))


def test_a_preparation_holds_every_training_plate_both_ways_and_every_prompt(
    runs: Runs,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "oldbook_diffusion")
    runs.command("prepare")
    assert caplog.messages[-1].endswith("holds 24 pictures and 13 prompts")
    capsys.readouterr()
    main(["cache", "info", f"--folder={tmp_path / 'cache'}"])
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    entries = {words[0]: int(words[1]) for words in said if "entries" in words}
    assert entries == {"vae": 2 * 12, "text_encoder": 12 + 1}


def test_a_preparation_goes_on_where_it_was_stopped(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from diffusers import AutoencoderKL

    encoded = []
    encode = AutoencoderKL.encode

    def watched(self: AutoencoderKL, *arguments: object) -> object:
        encoded.append(1)
        if len(encoded) == 16:
            raise KeyboardInterrupt
        return encode(self, *arguments)

    monkeypatch.setattr(AutoencoderKL, "encode", watched)
    monkeypatch.setattr("oldbook_diffusion.cache.store.SHARD_BYTES", 20_000)
    with contextlib.suppress(SystemExit):
        runs.command("prepare")
    before = len(shards(tmp_path))
    assert before
    runs.command("prepare")
    assert 16 < len(encoded) < 16 + 24, "some were known, some were not"
    assert len(shards(tmp_path)) > before
    known = len(encoded)
    runs.command("prepare")
    assert len(encoded) == known


def test_a_preparation_shows_a_bar_and_draws_nothing(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.command("prepare", "--trainer.enable_progress_bar=true")
    assert "Predicting" in capsys.readouterr().out
    assert not list(tmp_path.glob("run/**/*.png"))


def test_a_preparation_without_a_cache_is_refused(runs: Runs) -> None:
    with pytest.raises(SystemExit, match=r"data\.cache is null"):
        runs.command("prepare", OFF)


def test_a_cleared_cache_is_empty_and_what_is_not_its_own_stays(
    runs: Runs, calls: Counter[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.fit(*PLAIN, name="first")
    other = tmp_path / "cache" / "letters" / "letter.safetensors"
    other.parent.mkdir()
    other.write_bytes(b"dear")
    main(["cache", "clear", f"--folder={tmp_path / 'cache'}"])
    assert "freed" in capsys.readouterr().out
    assert [file for file in tmp_path.glob("cache/**/*") if file.is_file()] == [other]
    calls.clear()
    runs.fit(*PLAIN, name="second")
    assert calls["pictures"]


def test_the_default_folder_can_be_moved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLDBOOK_CACHE", str(tmp_path / "elsewhere"))
    main(["cache", "info"])
    assert capsys.readouterr().out == f"0.0 MB in {tmp_path / 'elsewhere'}\n"
