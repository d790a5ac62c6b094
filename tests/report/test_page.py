"""The page about a run: it says what was measured, and stands by itself."""

import json
import re
import shlex
import shutil
from base64 import b64encode
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest
from markupsafe import escape

from oldbook_diffusion.cli import main
from oldbook_diffusion.report.table import p_value, within_bounds
from tests.conftest import PROMPTS, Runs, World, write_config

HOSTILE = "<script>document.title = 'taken'</script> & a \"rose\""


def write_report(*runs: Path) -> str:
    main(["report", *map(str, runs)])
    return (runs[0] / "report.html").read_text()


def test_a_report_shows_every_prompt_at_every_checkpoint(runs: Runs) -> None:
    page = write_report(runs.fit())
    for prompt in PROMPTS:
        for step in (2, 4):
            assert page.count(f'alt="{prompt}, at step {step}"') == 2  # seeds
        assert page.count(f'alt="{prompt}, by the base model"') == 2
    assert "where 0 is the base model and 1 is held-out plates" in page
    assert "oldbook render &#39;a castle&#39;" in page


def test_two_books_set_a_range_and_no_band(runs: Runs) -> None:
    assert '"extent": "range"' in write_report(runs.fit())


def table(page: str) -> list[dict[str, str]]:
    """The numbers of a page about one run, by the head of their column."""
    head, *rows = re.findall(
        r"<tr>.*?</tr>", page.split("<h2>Scores")[1].split("</table>")[0], flags=re.DOTALL
    )
    names = [name for name in re.findall(r'<th scope="col">(.*?)</th>', head) if name != "Step"]
    return [
        dict(zip(names, re.findall(r"<td>(.*?)(?:<small>.*?)?</td>", row), strict=True))
        for row in rows
    ]


def test_every_score_of_a_run_is_in_its_report(runs: Runs) -> None:
    run = runs.fit()
    rows = table(write_report(run))
    assert len(rows) == 3  # the base, steps 2 and 4
    for row in rows[1:]:
        for name in (
            "Loss fell more on training plates",
            "Style of held-out captions",
            "Nearest to a training plate",
            "Plates are so near to others at most",
        ):
            assert 0 < abs(float(row[name])) < 10, name
    assert rows[0]["Loss fell more on training plates"] == "\N{EN DASH}", "nothing has fallen yet"


def test_the_report_says_whether_the_encoder_is_valid(runs: Runs) -> None:
    run = runs.fit()
    assert "<strong>Not valid.</strong>" in write_report(run)
    (run / "images/validity.json").unlink()
    assert "<strong>Not valid.</strong>" in write_report(run), "the scores know it too"


def test_the_summary_is_about_the_selected_checkpoint(runs: Runs) -> None:
    run = runs.fit()
    page = write_report(run)
    assert "Step 4, the last one: style" in page
    assert "clearly above" not in page, "that is for the rule to say"
    (run / "checkpoints/best.json").write_text('{"step": 2, "reason": "It is above the rest."}')
    page = write_report(run)
    assert "Step 2, the selected one: style" in page
    assert "<strong>Selection.</strong> It is above the rest." in page


def test_numbers_are_written_as_far_as_they_are_known() -> None:
    written = [p_value(p) for p in (0.0004, 0.0012, 0.0312, 0.05, 0.5, 1.0)]
    assert written == ["<0.001", "0.0012", "0.031", "0.050", "0.50", "1.0"]
    scores = within_bounds(
        {"fidelity/recall_at_1": 0.9, "fidelity/recall_at_1_upper": 1.2, "style/score_upper": 1.2}
    )
    assert scores["fidelity/recall_at_1_upper"] == 1, "no share is above all"
    assert scores["style/score_upper"] == 1.2, "a style may lie beyond plates"


def test_samples_come_in_the_order_of_their_seeds(runs: Runs) -> None:
    page = write_report(runs.fit("--render.samples_per_prompt=12"))
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
    assert f"report  {run / 'report.html'}" in capsys.readouterr().out


def test_a_report_of_several_runs_compares_them(runs: Runs) -> None:
    page = write_report(runs.fit(name="one"), runs.fit("--seed_everything=4", name="two"))
    assert "one/version_0, two/version_0" in page
    assert "Samples of two/version_0" in page
    assert "cannot be compared" not in page


def test_a_report_of_runs_on_other_scales_warns_of_it(runs: Runs) -> None:
    plain = runs.fit()
    elsewhere = ('--render.prompts=["a castle", "a cat"]', '--data.held_out.books=["book 0"]')
    others = {
        "prompts and held-out plates": elsewhere,
        "encoders and encoders' weights": ("--render.encoder=RandomTextures",),
    }
    for number, (kinds, arguments) in enumerate(others.items()):
        head = write_report(plain, runs.fit(*arguments, name=f"other{number}")).split("</header>")[
            0
        ]
        told = f"Scores of these runs cannot be compared: their {kinds} differ."
        assert escape(told) in head
        assert head.count("Measured with ") == 2


def test_a_report_of_a_run_that_died_says_what_is_missing(runs: Runs) -> None:
    run = runs.fit()
    shutil.rmtree(run / "images/step=000002")
    (run / "images/step=000004/embeddings.safetensors").unlink()
    page = write_report(run)
    assert "Missing: images/step=000004/embeddings.safetensors" in page
    (run / "images/reference_set.safetensors").unlink()
    shutil.rmtree(run / "images/step=000004")
    page = write_report(run)
    assert "Missing: checkpoints: only the base model was sampled so far" in page
    assert "Missing: images/reference_set.safetensors" in page


def test_a_folder_without_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="it has no images/base; give one such as runs/nano"):
        main(["report", str(tmp_path)])


def test_printed_commands_are_pasted_into_a_shell_as_they_are(
    runs: Runs, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = tmp_path / "my base's #1"
    shutil.copytree(world.base, base)
    place = tmp_path / "my runs [v1] #2"
    runs.command(
        "fit",
        f"--trainer.logger.init_args.save_dir={place}",
        "--trainer.logger.init_args.name=it's",
        f"--model.pretrained={base}",
        "--render.encoder=null",
    )
    run = place / "it's/version_0"
    printed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line)
    assert shlex.split(printed["curves"]) == ["tensorboard", "--logdir", str(run)]
    resume = shlex.split(printed["resume"])
    assert resume == ["oldbook", "fit", "--config", f"{run}/config.yaml", "--ckpt_path", str(run)]
    main([*resume[1:], "--trainer.max_steps=5"])
    assert (run / "checkpoints/step=000005.ckpt").is_file()
    page = (run / "report.html").read_text()
    told = [unescape(one) for one in re.findall(r"oldbook render [^<]*", page)]
    words = shlex.split(told[-1])
    assert words[words.index("--base") + 1] == str(base)
    main([*words[1:], f"--out={tmp_path / 'again'}"])
    assert len(list((tmp_path / "again").iterdir())) == 3


def test_the_page_runs_its_own_scripts_alone(runs: Runs) -> None:
    page = write_report(runs.fit("--render.encoder=null"))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert "default-src 'none'" in policy
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    assert re.findall(r"'sha256-([^']*)'", unescape(policy)) == hashes
    assert len(hashes) == 2


DAMAGES = {
    "empty": b"",
    "garbage": bytes(range(256)) * 4,
    "list": b"[1]",
    "types": b'{"scores": 3, "samples": [4], "step": [1], "reason": {}, "checks": 3, "not_run": 5}',
    "fields": b'{"scores": {"style/score": "high"}, "samples": [{}], "checks": [1], "step": "x"}',
    "folder": None,
}
PARTS = (
    "config.yaml",
    "checkpoints/best.json",
    "checkpoints/confirmed.json",
    "images/validity.json",
    "blind/result.json",
    "images/step=000002/scores.json",
    "images/step=000002/embeddings.safetensors",
    "images/reference_set.safetensors",
    "images/step=000002/00_a-castle_seed=0.png",
    "images/base/00_a-castle_seed=0.png",
    "images/plates/*.jpg",
    "images/plates/*.json",
    "events.out.tfevents.*",
)


@pytest.fixture(scope="module")
def finished(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, to damage one file at a time."""
    return Runs(write_config(world, tmp_path_factory.mktemp("finished"))).fit()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("pattern", PARTS)
def test_a_run_with_a_damaged_file_still_has_a_page(
    finished: Path, tmp_path: Path, pattern: str, damage: str
) -> None:
    run = shutil.copytree(finished, tmp_path / "run", symlinks=True)
    for file in list(run.glob(pattern)) or [run / pattern]:
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        content = DAMAGES[damage]
        file.mkdir() if content is None else file.write_bytes(content)
    page = write_report(run)
    if pattern.endswith("scores.json") and damage in ("types", "fields"):
        assert "Missing: images/step=000002/scores.json: it is damaged" in page
    if pattern.startswith("images/step") and pattern.endswith(".png"):
        assert "Missing: 1 samples of step 2" in page
