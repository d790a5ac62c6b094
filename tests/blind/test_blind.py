"""A blind test is made of a run, tells nothing, and its answers are scored beside the encoder's."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oldbook_diffusion.cli import main
from oldbook_diffusion.run.folder import RunFolder
from tests.conftest import Runs, World, write_config

PROMPTS = ["a castle", "a rose", "a cat", "a train", "a ship"]


@pytest.fixture(scope="module")
def made(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of five prompts with the page of a blind test."""
    runs = Runs(write_config(world, tmp_path_factory.mktemp("blind")))
    run = runs.fit(f"--render.prompts={json.dumps(PROMPTS)}")
    for number in range(90, 100):  # as of a longer run, whose samples are near to more plates
        file = min((run / "images/plates").glob("*.jpg"))
        shutil.copy(file, run / f"images/plates/{number:05d}.jpg")
    main(["blind", str(run)])
    return run


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """That run, to be answered about."""
    return shutil.copytree(made, tmp_path / made.parent.name / made.name, symlinks=True)


def key_of(run: Path) -> dict[str, Any]:
    (file,) = (run / "blind").glob("*.key.json")
    return json.loads(file.read_text())


Answer = Callable[[dict[str, Any], list[str]], int]


def keen(question: dict[str, Any], prompts: list[str]) -> int:
    """Names everything rightly, and prefers plates to fine-tuned samples to those of the base."""
    if question["kind"] == "name":
        return prompts.index(question["prompt"])
    ranks = [2 if one == "plate" else int("step" in one) for one in question["shown"]]
    return ranks.index(max(ranks))


def sleepy(question: dict[str, Any], prompts: list[str]) -> int:
    """Takes the first of everything."""
    return 0


def save(run: Path, viewer: str, answer: Answer, leave_out: int = 0) -> Path:
    """A file of answers as the page saves it."""
    key = key_of(run)
    numbered = list(enumerate(key["questions"]))[: len(key["questions"]) - leave_out]
    answers = {str(n): answer(question, key["prompts"]) for n, question in numbered}
    file = run.parent / f"{viewer}.json"
    content = {"test": key["name"], "viewer": viewer, "viewer_id": viewer, "answers": answers}
    file.write_text(json.dumps(content))
    return file


def scored(run: Path) -> dict[str, Any]:
    return json.loads((run / "blind/result.json").read_text())


def test_the_page_tells_nothing_and_needs_no_network(run: Path) -> None:
    page = (run / "blind/page.html").read_text()
    data = json.loads(re.findall(r'id="data">(.*?)</script>', page, flags=re.DOTALL)[0])
    assert len(data["questions"]) == len(key_of(run)["questions"]) > 30
    for question in data["questions"]:
        assert question.keys() == {"kind", "sheet", "asked", "prompt", "images"}
        assert question["kind"] == "prompt" or question["prompt"] is None
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    for telling in ("step=", "base/", str(run), "version_0", "fine-tuned"):
        assert telling not in page, telling


def test_all_samples_are_named_and_sides_and_order_are_mixed(run: Path) -> None:
    key = key_of(run)
    named = [q for q in key["questions"] if q["kind"] == "name"]
    assert len(named) == 2 * len(PROMPTS)
    assert {q["prompt"] for q in named} == set(PROMPTS)
    assert [q["prompt"] for q in named[:5]] != sorted(q["prompt"] for q in named[:5])
    assert {"step" in q["shown"][0] for q in named[:5]} == {True}, "the base would give them away"
    assert {"base" in q["shown"][0] for q in named[5:]} == {True}
    compared = [q for q in key["questions"] if q["kind"] != "name" and "plate" not in q["shown"]]
    assert {"base" in q["shown"][0] for q in compared} == {True, False}
    again = [q for q in key["questions"] if q["repeats"] is not None]
    assert again
    for question in again:
        first = key["questions"][question["repeats"]]
        assert (first["kind"], first["prompt"]) == (question["kind"], question["prompt"])
        assert first["shown"] == question["shown"][::-1]


def test_answers_are_scored_and_shown_in_the_report(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["blind", str(run), "--answers", str(save(run, "keen", keen))])
    said = capsys.readouterr().out
    found = scored(run)
    assert [one["matched"] for one in found["naming"]] == [["5 of 5"], ["5 of 5"]]
    assert found["naming"][0]["p"] == [pytest.approx(1 / 120)]
    (style, prompt) = found["comparisons"]
    assert (style["share"], prompt["share"]) == (1.0, 1.0)
    assert "step" in style["preferred"]
    assert style["share_upper"] == 1
    assert found["viewers"][0]["catch_trials"] == "6 of 6"
    assert found["viewers"][0]["repeats"] == "6 of 6"
    assert "named 5 of 5" in said
    page = (run / "report.html").read_text()
    assert "<h2>Blind test" in page
    assert "5 of 5" in page


def test_the_report_names_a_disagreement_with_the_encoder(run: Path) -> None:
    scores = run / "images/step=000004/scores.json"
    main(["blind", str(run), "--answers", str(save(run, "keen", keen))])
    recall = json.loads(scores.read_text())["scores"]["fidelity/recall_at_1"]
    page = (run / "report.html").read_text()
    assert recall < 0.85, "a tiny CLIP cannot read"
    assert "people and the encoder disagree" in page


def test_two_viewers_are_averaged_and_their_agreement_told(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def contrary(question: dict[str, Any], prompts: list[str]) -> int:
        if question["kind"] == "prompt":
            return 1 - keen(question, prompts)
        return keen(question, prompts)

    files = [save(run, "keen", keen), save(run, "contrary", contrary)]
    main(["blind", str(run), "--answers", *map(str, files)])
    found = scored(run)
    assert [one["share"] for one in found["comparisons"]] == [1.0, 0.5]
    assert 0 < found["agreement"]["alike"] < 1
    assert "viewers agree on" in capsys.readouterr().out


def test_who_fails_the_catch_trials_is_named_and_kept_apart(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [save(run, "keen", keen), save(run, "sleepy", sleepy)]
    main(["blind", str(run), "--answers", *map(str, files)])
    said = capsys.readouterr().out
    assert re.search(r"sleepy: .* NOT COUNTED: failed the catch trials", said)
    assert [one["share"] for one in scored(run)["comparisons"]] == [1.0, 1.0]


def test_missing_answers_are_told_and_the_rest_is_scored(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    main(["blind", str(run), "--answers", str(save(run, "keen", keen, leave_out=9))])
    assert f"9 of {len(key_of(run)['questions'])} questions are not answered" in caplog.text
    assert scored(run)["viewers"][0]["counted"]


def test_the_same_answers_count_once(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = str(save(run, "keen", keen))
    main(["blind", str(run), "--answers", file, file])
    assert "these answers are counted already" in caplog.text
    assert len(scored(run)["viewers"]) == 1


def test_a_page_made_before_the_last_checkpoint_is_told(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = save(run, "keen", keen)
    shutil.copytree(run / "images/step=000004", run / "images/step=000006")
    main(["blind", str(run), "--answers", str(file)])
    assert "has checkpoints that this test was made before" in caplog.text
    assert scored(run)["naming"][1]["step"] == 4


def test_the_key_is_found_below_runs(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shutil.copytree(made, tmp_path / "runs" / made.parent.name / made.name, symlinks=True)
    monkeypatch.chdir(tmp_path)
    main(["blind", "--answers", str(save(run, "keen", keen))])
    assert scored(run)["naming"]


def test_three_contestants_are_ranked(run: Path) -> None:
    shutil.rmtree(run / "blind")
    main(["blind", str(run), "--steps", "0", "2", "4"])

    def latest(question: dict[str, Any], prompts: list[str]) -> int:
        if question["kind"] == "name" or "plate" in question["shown"]:
            return keen(question, prompts)
        return max((0, 1), key=lambda side: key["contestants"][question["shown"][side]]["step"])

    key = key_of(run)
    main(["blind", str(run), "--answers", str(save(run, "keen", latest))])
    strength = scored(run)["strengths"]["style"]
    order = sorted(strength, key=lambda name: strength[name])
    assert [key["contestants"][name]["step"] for name in order] == [0, 2, 4]


def refuse(*words: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(["blind", *words])
    assert isinstance(stop.value.code, str)
    assert "\n" not in stop.value.code
    return stop.value.code


def test_what_cannot_be_scored_is_refused_in_one_sentence(
    run: Path, made: Path, tmp_path: Path
) -> None:
    assert "which run?" in refuse()
    assert "is not a file of answers" in refuse(str(run), "--answers", str(tmp_path / "none.json"))
    (tmp_path / "list.json").write_text("[1]")
    assert "is not a file of answers" in refuse(str(run), "--answers", str(tmp_path / "list.json"))
    other = {"test": "another", "viewer": "x", "answers": {"0": 1}}
    (tmp_path / "other.json").write_text(json.dumps(other))
    assert "none of the runs has its key" in refuse(
        str(run), "--answers", str(tmp_path / "other.json")
    )
    changed = {"test": key_of(run)["name"], "viewer": "x", "answers": {"0": 77}}
    (tmp_path / "changed.json").write_text(json.dumps(changed))
    assert "was changed" in refuse(str(run), "--answers", str(tmp_path / "changed.json"))
    assert "has no samples of step 3" in refuse(str(run), "--steps", "3")
    assert "has no samples of a checkpoint" in refuse(str(tmp_path))
    assert not RunFolder(run).blind_answers.exists()


def test_a_run_without_base_samples_or_plates_says_what_is_not_asked(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(run / "images/base")
    shutil.rmtree(run / "images/plates")
    shutil.rmtree(run / "blind")
    main(["blind", str(run)])
    assert "has no samples of its base model: they are not shown" in caplog.text
    assert "too few plates (where samples are scored)" in caplog.text
    assert {question["kind"] for question in key_of(run)["questions"]} == {"name"}


def test_fewer_than_five_prompts_are_told(runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    main(["blind", str(runs.fit("--render.encoder=null"))])
    assert "there are 2 prompts: intervals need 5" in caplog.text


def test_the_commands_of_the_docs_work(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs/blind.md").read_text()
    make, score = re.findall(r"```sh\noldbook (.*?)\n```", page)
    run = shutil.copytree(made, tmp_path / "runs/nano/version_0", symlinks=True)
    shutil.rmtree(run / "blind")
    monkeypatch.chdir(tmp_path)
    main(make.split())
    shutil.move(save(run, "Ada", keen), tmp_path / score.split()[-1])
    main(score.split())
    assert scored(run)["naming"]
