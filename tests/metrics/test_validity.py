"""What an encoder is asked before a run, and that a poor one is found out."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from markupsafe import escape
from torch import Tensor

from oldbook_diffusion.evaluation.selection import recommend
from oldbook_diffusion.metrics.encoders.base import ImageEncoder
from oldbook_diffusion.metrics.encoders.textures import RandomTextures
from oldbook_diffusion.metrics.negative_controls import (
    CONTROLS,
    FAMILIES,
    HARD_NEGATIVES,
    NUISANCES,
)
from oldbook_diffusion.metrics.reference_set import ReferenceSet
from oldbook_diffusion.metrics.sample_size import too_small
from oldbook_diffusion.metrics.selection import Rule
from oldbook_diffusion.metrics.validity import (
    MIXTURES,
    Check,
    Trial,
    as_record,
    as_table,
    check_validity,
    failed,
    not_run,
)
from oldbook_diffusion.metrics.validity.separation import discrimination, shortcuts
from oldbook_diffusion.report.page import page
from oldbook_diffusion.report.records import Run
from oldbook_diffusion.run.folder import RunFolder
from tests.conftest import Runs, World
from tests.scenes import engraved, painted, scenes, stack

PROMPTS, SEEDS, BOOKS, CAPTIONS = 15, 2, 20, 12


class Tones(ImageEncoder):
    """An encoder that sees tones and colours, and no line."""

    identity, weights, embedding_dim = "tones", "none", 12

    def to(self, device: torch.device) -> "Tones":
        return self

    def encode_images(self, images: Tensor) -> Tensor:
        tones = images.mean((2, 3)), images.std((2, 3)), images.amax((2, 3)), images.amin((2, 3))
        return F.normalize(torch.cat(tones, 1), dim=1)


def ask(encoder: ImageEncoder) -> tuple[ReferenceSet, Trial]:
    """The inputs of a base model that paints scenes, and plates that engrave them."""
    encode = encoder.encode_images
    scored, apart, pages = scenes(0, PROMPTS * SEEDS), scenes(100, 60), scenes(4000, CAPTIONS)
    base, other = stack([painted(s) for s in scored]), stack([painted(s) for s in apart])
    plates = {
        first: stack([engraved(s, i % BOOKS + first) for i, s in enumerate(scenes(first, 120))])
        for first in (1000, 2000)
    }
    drawn = stack([painted(s) for s in pages])
    own = stack([engraved(s, 5000 + i) for i, s in enumerate(pages)])
    references = ReferenceSet(
        base=encode(base),
        base_captions=encode(drawn),
        base_off_style=encode(base[:0]),
        prompt_ids=torch.arange(PROMPTS).repeat_interleave(SEEDS),
        prompt_embeddings=torch.zeros(0, encoder.embedding_dim),
        style_words=encode(base),
        shortcuts={name: encode(change(base)) for name, change in CONTROLS.items()},
        probe_fit=encode(other),
        controls={name: encode(change(other)) for name, change in CONTROLS.items()},
        hard_negatives={name: encode(change(other)) for name, change in HARD_NEGATIVES.items()},
        train=encode(plates[1000]),
        held_out=encode(plates[2000]),
        book_ids=torch.arange(120) % BOOKS,
        caption_plates=encode(own),
        trained_on=torch.zeros(CAPTIONS, dtype=torch.bool),
    )
    trial = Trial(
        replicates=encode(stack([painted(s) for s in scenes(500, PROMPTS * SEEDS)])),
        hard_negatives={name: encode(change(base)) for name, change in HARD_NEGATIVES.items()},
        variants={name: encode(change(plates[2000])) for name, change in NUISANCES.items()},
        untouched=encode(plates[2000]),
        mixtures=torch.stack([encode(drawn.lerp(own, share)) for share in MIXTURES]),
        negatives=encode(stack([painted(s) for s in scenes(6000, 20)])),
    )
    return references, trial


@pytest.fixture(scope="module")
def good() -> tuple[ReferenceSet, Trial]:
    return ask(RandomTextures())


def questions(checks: list[Check]) -> str:
    return "; ".join(check.name for check in checks)


def test_an_encoder_that_sees_lines_fails_only_in_seeing_each_hand_too(
    good: tuple[ReferenceSet, Trial],
) -> None:
    checks = check_validity(*good)
    assert [check.name.split(" (")[0] for check in failed(checks)] == [
        "plates are more alike than like halftone",
        "halves of the books agree on 1",
    ]
    assert not not_run(checks)


def test_an_encoder_that_sees_only_tones_is_found_out() -> None:
    assert "shortcut" in questions(failed(check_validity(*ask(Tones()))))


def test_plates_on_both_sides_are_found_out(good: tuple[ReferenceSet, Trial]) -> None:
    references, trial = good
    copied = replace(references, train=torch.cat([references.train, references.held_out[:10]]))
    assert "training plates too" in questions(failed(check_validity(copied, trial)))


def test_a_gain_of_an_untrained_model_is_found_out(good: tuple[ReferenceSet, Trial]) -> None:
    references, trial = good
    moved = replace(trial, replicates=references.held_out[: len(references.base)])
    wrong = questions(failed(check_validity(references, moved)))
    assert re.search(r"score 0 \(the farther end .*: \d\.\d\d is a gain\)", wrong)


def test_a_noise_in_which_a_gain_could_hide_is_inconclusive(
    good: tuple[ReferenceSet, Trial],
) -> None:
    references, trial = good
    to_and_fro = torch.where(references.prompt_ids % 2 == 0, 0.4, -0.4)[:, None]
    far = references.base + to_and_fro * (
        references.held_out[: len(references.base)] - references.base
    )
    answers = check_validity(references, replace(trial, replicates=far))
    unasked = "; ".join(not_run(answers))
    assert re.search(r"score 0 \(.* is inconclusive without more seeds\)", unasked)
    assert "score 0" not in questions(failed(answers))


def test_the_lower_end_of_likeness_knows_how_books_differ(good: tuple[ReferenceSet, Trial]) -> None:
    references, books = good[0], torch.arange(20).repeat_interleave(3)
    others = torch.eye(1, 16).double()

    def likeness(seed: int) -> ReferenceSet:
        draw = torch.randn(20 + len(books), 16, generator=torch.Generator().manual_seed(seed))
        along = 1 + 0.4 * draw[:20, 0].repeat_interleave(3)
        plates = along[:, None] * others + 0.15 * draw[20:]
        return replace(references, held_out=F.normalize(plates, dim=1), book_ids=books)

    def gap(world: ReferenceSet) -> float:
        among = (world.held_out @ world.held_out.T)[books[:, None] != books[None]]
        return float(among.median() - (world.held_out @ others.T).median())

    spread = float(torch.tensor([gap(likeness(seed)) for seed in range(300)]).std())
    worlds = [likeness(seed) for seed in range(20)]
    reach = sum(gap(world) - discrimination(world, others) for world in worlds) / len(worlds)
    assert reach / 1.96 == pytest.approx(spread, rel=0.2)


def test_a_scale_that_moves_under_jpeg_is_found_out(good: tuple[ReferenceSet, Trial]) -> None:
    references, trial = good
    jumpy = {name: references.base[:1].expand_as(plates) for name, plates in trial.variants.items()}
    assert "JPEG" in questions(failed(check_validity(references, replace(trial, variants=jumpy))))


def test_a_check_that_cannot_be_run_is_reported(
    good: tuple[ReferenceSet, Trial],
) -> None:
    references, trial = good
    nothing = replace(trial, negatives=trial.negatives[:0])
    checks = check_validity(references, nothing)
    question = "plates score above other images (AUC)"
    record = as_record(checks)
    assert record["not_run"] == [question]
    json.dumps(record, allow_nan=False)
    assert as_table(checks).splitlines()[-1] == f"not run: {question}"
    assert "not run:" not in as_table(check_validity(references, trial))


def test_held_out_controls_are_informational(
    good: tuple[ReferenceSet, Trial],
) -> None:
    strangers = [
        check
        for check in check_validity(*good)
        if "held-out" in check.name.split("(")[0] and check.limit == ""
    ]
    assert len(strangers) == len(FAMILIES) + len(HARD_NEGATIVES)
    assert {check.outcome for check in strangers} == {"informational"}
    found = {check.name: check.found for check in strangers}
    # halftone is fine dark marks on paper, and nothing else that is shown to the probe is
    assert found["a held-out hard negative (halftone)"] > 0.5
    assert "a held-out" not in questions(failed(check_validity(*good)))


def test_no_control_of_a_held_out_family_is_in_the_probe(
    good: tuple[ReferenceSet, Trial],
) -> None:
    references, _ = good
    kin = [change.__name__ for change in FAMILIES["edges"]]
    alone = replace(
        references, controls={n: x for n, x in references.controls.items() if n not in kin}
    )
    expected = max(float(alone.gain(references.shortcuts[name]).mean()) for name in kin)
    told = next(check for check in shortcuts(references) if "edges (" in check.name)
    assert told.found == pytest.approx(expected)
    assert told.found > float(references.gain(references.shortcuts["edges"]).mean())


def test_few_books_have_a_range_and_no_band(good: tuple[ReferenceSet, Trial]) -> None:
    references, trial = good
    band, few = ("halves of the books agree on 1 (distance of the " + x for x in ("95 %", "range"))
    assert band in questions(check_validity(references, trial))
    seven = replace(references, book_ids=references.book_ids % 7)
    assert few in questions(check_validity(seven, trial))
    lack = "the 95 % band of real plates would need 8 held-out books, and there are 7"
    assert lack in too_small(seven)


def test_the_command_prints_a_table_and_refuses_a_poor_encoder(
    runs: Runs, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        runs.command("validate-encoder")
    assert "style encoder failed" in str(stop.value.code)
    assert "pass" in (table := capsys.readouterr().out)
    assert "FAIL" in table
    folder = runs.config.parent / "run/version_0/images"
    record = json.loads((folder / "validity.json").read_text())
    assert record["passed"] is False
    assert record["encoder"] == f"local-dir:{world.clip}"
    assert table.splitlines()[-1] == f"not run: {'; '.join(record['not_run'])}"
    assert len(record["checks"]) == len(table.splitlines()) - 1


def test_selection_and_report_name_the_checks_that_were_not_run(runs: Runs) -> None:
    run = runs.fit(f"--render.prompts={json.dumps(['a castle', 'a rose', 'a cat', 'a cow', 'a'])}")
    gate = run / "images/validity.json"
    record = json.loads(gate.read_text())
    silence = f"Validity checks that were not run: {'; '.join(record['not_run'])}."
    assert "plates score above other images (AUC)" in silence
    assert escape(silence) in (run / "report.html").read_text()
    passed = [check | {"passed": None} for check in record["checks"]]
    gate.write_text(json.dumps(record | {"passed": True, "checks": passed}))
    assert recommend(RunFolder(run), Rule()).reason.endswith(silence)
    assert "<strong>Valid.</strong>" in page([Run(run)])


def test_samples_that_are_too_few_are_reported(
    runs: Runs, good: tuple[ReferenceSet, Trial], caplog: pytest.LogCaptureFixture
) -> None:
    run = runs.fit()
    few = "intervals and tests over prompts would need 5 prompts, and there are 2"
    assert f"not verified: {few}" in caplog.messages
    assert f"Not verified: {few}." in (run / "report.html").read_text()
    assert too_small(good[0]) == [
        "memorized captions would need 5 monitored plates of either split, and there are 0"
    ]


def test_there_is_nothing_to_validate_without_an_encoder(runs: Runs) -> None:
    with pytest.raises(SystemExit, match=r"set render\.encoder"):
        runs.command("validate-encoder", "--render.encoder=null")


def test_negatives_can_be_given_to_the_validity_checks(
    runs: Runs, world: World, tmp_path: Path
) -> None:
    from tests import tiny

    folder = tmp_path / "others"
    folder.mkdir()
    for number, row in enumerate(tiny.plates(6)):
        (folder / f"{number}.png").write_bytes(row["image"]["bytes"])  # type: ignore[index]
    (folder / "torn.png").write_bytes(b"")
    with pytest.raises(SystemExit):
        runs.command("validate-encoder", f"--render.negatives_dir={folder}")
    record = json.loads((runs.config.parent / "run/version_0/images/validity.json").read_text())
    asked = {check["name"]: check["found"] for check in record["checks"]}
    assert asked["plates score above other images (AUC)"] is not None
    message = runs.refuse(f"--render.negatives_dir={world.base}")
    assert "there is no image in" in message
