"""The page about a run: it says what was measured, and stands by itself."""

import json
import re
import shutil
from pathlib import Path

import pytest

from oldbook_diffusion.cli import main
from tests.conftest import PROMPTS, Runs

HOSTILE = "<script>document.title = 'taken'</script> & a \"rose\""


def write_report(*runs: Path) -> str:
    main(["report", *map(str, runs)])
    return (runs[0] / "report.html").read_text()


def test_a_report_shows_every_prompt_at_every_checkpoint(runs: Runs) -> None:
    page = write_report(runs.fit())
    for prompt in PROMPTS:
        for step in (2, 4):
            assert page.count(f'alt="{prompt}, at step {step}"') == 2  # seeds
        assert page.count(f'alt="{prompt}, drawn by the base model"') == 2
    assert "where 0 is the base model and 1 is held-out plates" in page
    assert "oldbook render &#39;a castle&#39;" in page


def test_two_books_set_a_range_and_no_band(runs: Runs) -> None:
    assert '"extent": "range"' in write_report(runs.fit())


def test_drawings_come_in_the_order_of_their_seeds(runs: Runs) -> None:
    page = write_report(runs.fit("--render.num_seeds=12"))
    seeds = [int(seed) for seed in re.findall(r"Seed (\d+): nearest", page)]
    assert seeds == list(range(24))


def test_a_report_needs_no_network(runs: Runs) -> None:
    page = write_report(runs.fit())
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert not re.search(r"@import|url\(", page.split("</style>")[0])


def test_a_caption_with_a_script_is_only_text(runs: Runs) -> None:
    page = write_report(runs.fit(f"--render.prompts={json.dumps([HOSTILE, 'a rose'])}"))
    assert HOSTILE not in page
    assert "&lt;script&gt;document.title" in page


def test_a_run_writes_its_page_at_its_end(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    run = runs.fit()
    assert (run / "report.html").is_file()
    assert f"page  {run / 'report.html'}" in capsys.readouterr().out


def test_a_report_of_several_runs_compares_them(runs: Runs) -> None:
    page = write_report(runs.fit(name="one"), runs.fit("--seed_everything=4", name="two"))
    assert "one/version_0, two/version_0" in page
    assert "Drawings of two/version_0" in page


def test_a_report_of_a_run_that_died_says_what_is_missing(runs: Runs) -> None:
    run = runs.fit()
    shutil.rmtree(run / "images/step=000002")
    (run / "images/step=000004/embeddings.safetensors").unlink()
    page = write_report(run)
    assert "Missing: images/step=000004/embeddings.safetensors" in page
    (run / "images/panel.safetensors").unlink()
    shutil.rmtree(run / "images/step=000004")
    page = write_report(run)
    assert "Missing: checkpoints: the run has drawn nothing but the base model yet" in page
    assert "Missing: images/panel.safetensors" in page


def test_a_folder_without_drawings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="it has no images/base; give one such as runs/nano"):
        main(["report", str(tmp_path)])
