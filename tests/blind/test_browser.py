"""The page of a blind test in a real browser; skipped where there is no Chromium."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from oldbook_diffusion.cli import main
from tests.blind.test_blind import keen, key_of, made, scored  # noqa: F401
from tests.blind.test_blind import run as run

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")


@pytest.fixture
def complaints() -> list[str]:
    """What the page says to the console, and what goes wrong in it."""
    return []


@pytest.fixture
def page(run: Path, complaints: list[str]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((run / "blind/page.html").as_uri())
        yield page
        browser.close()


def test_thirty_answers_by_keyboard_are_saved_scored_and_shown(
    run: Path,
    page: Page,
    complaints: list[str],
) -> None:
    key = key_of(run)
    page.locator("#viewer").fill("Ada L.")
    page.keyboard.press("Enter")
    answers = [keen(question, key["prompts"]) for question in key["questions"][:30]]
    for number, answer in enumerate(answers):
        assert f"Question {number + 1} of" in page.locator("#progress").inner_text()
        keys = "abcde" if key["questions"][number]["kind"] == "name" else "12"
        page.keyboard.press(keys[answer])
        if number == 12:
            page.keyboard.press("Backspace")
            assert page.locator("#choices input:checked").count() == 1
            page.keyboard.press(keys[answer])
        if number == 20:
            page.reload()  # what was answered is still there
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390, "the page is wider than a phone"
    images = page.locator("#question img")
    assert all(one.evaluate("i => i.naturalWidth > 0") for one in images.all())
    while page.locator("#end").is_hidden():
        page.locator("#next").click()
    assert "30 of" in page.locator("#count").inner_text()
    with page.expect_download() as download:
        page.locator("#save").click()
    file = run.parent / download.value.suggested_filename
    assert file.name.endswith("-Ada-L-.json")
    download.value.save_as(file)
    assert len(json.loads(file.read_text())["answers"]) == 30
    main(["blind", str(run), "--answers", str(file)])
    found = scored(run)
    assert [one["matched"] for one in found["naming"]] == [["5 of 5"], ["5 of 5"]]
    assert found["viewers"][0]["viewer"] == "Ada L."
    page.goto((run / "report.html").as_uri())
    assert "1 viewer named the samples" in page.inner_text("body")
    assert complaints == []


def test_a_screen_reader_hears_the_question_and_no_answer(page: Page) -> None:
    page.locator("#begin").click()
    assert page.locator("#asked").evaluate("one => document.activeElement === one")
    assert page.get_by_role("group", name="Which of these does the picture show?").count() == 1
    assert page.get_by_role("radio").count() == 5
    assert page.locator("#images img").get_attribute("alt") == "the picture"
    page.get_by_role("radio").nth(2).check()
    page.locator("#next").click()
    assert page.locator("#progress").inner_text().startswith("Question 2")
    assert page.get_by_role("radio").nth(2).locator("..").inner_text().endswith("(chosen before)")
