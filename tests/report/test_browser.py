"""The page in a real browser; skipped where there is no Chromium."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from oldbook_diffusion.cli import main
from tests.conftest import Runs

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")


@pytest.fixture
def report(runs: Runs) -> Path:
    prompts = [HOSTILE, "a rose", "a castle", "a cat", "a train"]
    run = runs.fit(f"--render.prompts={json.dumps(prompts)}")
    main(["report", str(run)])
    return run / "report.html"


@pytest.fixture
def complaints() -> list[str]:
    """What the page says to the console, and what goes wrong in it."""
    return []


@pytest.fixture
def empty(complaints: list[str]) -> Iterator[Page]:
    """A page of a browser, before anything is opened in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        browser.close()


@pytest.fixture
def page(report: Path, empty: Page) -> Page:
    empty.goto(report.as_uri())
    return empty


def test_the_page_works_from_disk(page: Page, complaints: list[str]) -> None:
    images = "[...document.images].filter(i => i.offsetParent)"
    page.evaluate("for (const i of document.images) i.loading = 'eager'")
    page.wait_for_function(f"{images}.every(i => i.complete)")
    assert page.evaluate(f"{images}.every(i => i.naturalWidth > 0)")
    assert page.evaluate(f"{images}.length") == 4 * 10  # base, base under the wipe, tuned, plate

    slider = page.locator(".step")
    assert page.locator("output").inner_text() == "step 4"
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator("output").inner_text() == "step 2"
    shown = page.evaluate(
        "[...document.querySelectorAll('img.tuned')].filter(i => !i.hidden)"
        ".every(i => i.dataset.step === '2')"
    )
    assert shown

    page.locator("article summary").first.click()
    plate = page.locator("article .near img:visible")
    assert plate.get_attribute("alt").startswith("training plate: plate ")

    page.locator(".wiper input").first.fill("60")
    clip = page.evaluate(
        "getComputedStyle(document.querySelector('img.tuned:not([hidden])')).clipPath"
    )
    assert "60%" in clip

    assert page.title() != "taken"
    assert HOSTILE in page.locator("h3").first.inner_text()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "the page is wider than a phone"
    drawn = "Object.values(Chart.instances).every(c => c.getDatasetMeta(0).data.length > 0)"
    assert page.evaluate(drawn)
    assert complaints == []


def test_runs_beside_each_other_show_what_is_whose(runs: Runs, empty: Page) -> None:
    run = runs.fit()
    for name in ("embeddings.safetensors", "scores.json"):
        (run / "images/step=000002" / name).unlink()
    other = runs.config.parent / "other/version_0"
    shutil.copytree(run, other)
    main(["report", str(run), str(other)])
    empty.goto((run / "report.html").as_uri())

    def chart(name: str, what: str) -> list[object]:
        found: list[object] = empty.evaluate(f"Chart.getChart('{name}').data.datasets.map({what})")
        return found

    labels = chart("style", "set => set.label")
    assert "run/version_0, best shortcut" in labels
    assert "other/version_0, best shortcut" in labels
    assert chart("balance", "set => set.data.length") == [2, 2], "one of three was not scored"
    assert chart("balance", "set => set.pointRadius.length") == [2, 2]
