"""The samples on the page of a run: as many as have room."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from oldbook_diffusion.cli import main
from tests.conftest import Runs, World, write_config

LIMIT = 10_000_000  # bytes of a page


@pytest.fixture(scope="module")
def long_run(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 100 checkpoints with samples of 256 px that compress badly."""
    run = Runs(write_config(world, tmp_path_factory.mktemp("long"))).fit()
    last = run / "images/step=000004"
    for folder in (run / "images/base", last):
        repaint(folder)
    for step in range(6, 202, 2):
        shutil.copytree(last, run / f"images/step={step:06d}")
    return run


def repaint(folder: Path) -> None:
    """Put noise in place of samples; their metadata stay."""
    rng = np.random.default_rng(0)
    for file in folder.glob("*.png"):
        metadata = PngInfo()
        with Image.open(file) as image:
            for name, value in image.text.items():  # type: ignore[attr-defined]
                metadata.add_itxt(name, value)
        noise = Image.fromarray(rng.integers(0, 255, (256, 256, 3), dtype=np.uint8))
        noise.save(file, "PNG", pnginfo=metadata)


def steps_shown(page: str) -> list[int]:
    (steps,) = re.findall(r'data-steps="\[(.*?)\]"', page)
    return [int(step) for step in steps.split(",")]


def test_the_page_of_a_long_run_shows_checkpoints_evenly_and_stays_small(long_run: Path) -> None:
    (long_run / "checkpoints/best.json").write_text(json.dumps({"step": 6, "reason": "It is."}))
    main(["report", str(long_run)])
    page = (long_run / "report.html").read_text()
    assert LIMIT / 2 < len(page) < LIMIT
    shown = steps_shown(page)
    assert {2, 6, 200} <= set(shown), "the first, the selected and the last"
    assert 8 < len(shown) < 100
    gaps = np.diff([step for step in shown if step != 6])
    assert gaps.max() <= gaps.min() + 2
    assert f"Shown: {len(shown)} of 100 checkpoints; all are in images/." in page
    assert page.count('<th scope="row">') >= 101, "the table has every checkpoint"


def test_several_long_runs_share_the_room_of_one_page(long_run: Path, tmp_path: Path) -> None:
    main(["report", *[str(long_run)] * 4, f"--out={tmp_path / 'page.html'}"])
    page = (tmp_path / "page.html").read_text()
    assert len(page) < LIMIT
    assert page.count("of 100 checkpoints; all are in images/.") == 4


def test_the_page_of_a_short_run_shows_everything(runs: Runs) -> None:
    run = runs.fit()
    page = (run / "report.html").read_text()
    assert steps_shown(page) == [2, 4]
    assert "Shown: " not in page
