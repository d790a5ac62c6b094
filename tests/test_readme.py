"""The commands of README and docs, with the shipped world, fewer of its plates and fewer steps."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from datasets import Dataset

from oldbook_diffusion.cli import main
from recipes.nano.words.wordings import PROMPT_WORDINGS

ROOT = Path(__file__).parent.parent
FEW_SAMPLES = [
    "--render.prompts=['A medieval castle']",
    "--render.sampling.num_inference_steps=2",
    "--render.samples_per_prompt=2",
    "--render.probe_samples_per_prompt=1",
    "--data.held_out.num_monitored=4",
]
QUICK = {
    "fit": [
        "--trainer.max_steps=2",
        "--checkpoint.every_n_train_steps=2",
        "--trainer.enable_progress_bar=false",
        *FEW_SAMPLES,
    ],
    "validate": FEW_SAMPLES,
    "render": ["--num_inference_steps=2"],
    "report": [],
    "prepare": [],
    "cache": [],
    "validate-encoder": FEW_SAMPLES,
}
PAGES = ("README.md", "docs/data.md", "docs/resume.md", "docs/scores.md")
SHIPPED = ROOT / "checkpoints/nano"
PLATES_PER_BOOK = 2
DEMO = ("fit", "--config", "configs/nano.yaml")
NEEDS_HUB = "oldbook_sd14.yaml"
TORCHRUN = "torchrun --nproc_per_node 2 --no-python oldbook "


def shell_lines(page: str = "README.md") -> list[str]:
    """Every line of a page's shell blocks, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def commands() -> list[list[str]]:
    """Every command of the pages that runs `oldbook`, in words; a test runs `slurm.sbatch`."""
    starts = ("oldbook ", TORCHRUN)
    lines = [line for page in PAGES for line in shell_lines(page) if line.startswith(starts)]
    return [shlex.split(line.removeprefix("oldbook ")) for line in dict.fromkeys(lines)]


def few_plates() -> Dataset:
    """The first plates of each book that is shipped."""
    count: Counter[str] = Counter()
    rows = shipped_plates()
    kept = []
    for number, book in enumerate(rows["book"]):
        count[book] += 1
        if count[book] <= PLATES_PER_BOOK:
            kept.append(number)
    return rows.select(kept)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the repository to somebody who has run `make demo` in it."""
    folder = tmp_path_factory.mktemp("clone")
    nano = folder / "checkpoints/nano"
    (nano / "plates").mkdir(parents=True)
    few_plates().to_parquet(nano / "plates/plates.parquet")
    for name in ("base", "clip"):
        (nano / name).symlink_to(SHIPPED / name)
    (folder / "configs").symlink_to(ROOT / "configs")
    (folder / "PLATES").symlink_to(nano / "plates")
    with contextlib.chdir(folder):
        main([*DEMO, *QUICK["fit"]])
    return folder


def shipped_plates() -> Dataset:
    return Dataset.from_parquet(str(SHIPPED / "plates/plates.parquet"))


def test_the_shipped_plates_are_those_that_the_demo_asks_for() -> None:
    data = yaml.safe_load((ROOT / "configs/nano.yaml").read_text())["data"]
    rows = shipped_plates()
    assert set(rows.column_names) == set(data["columns"].values())
    assert set(data["held_out"]["books"]) < set(rows["book"])
    assert set(Counter(rows["book"]).values()) == {20}
    for row in rows:
        assert min(row["image"].size) >= data["resolution"]
        row["image"].load()
        assert row["caption"].strip()


def test_the_readme_has_commands_of_every_kind() -> None:
    assert {words[0] for words in commands()} == {
        "fit",
        "prepare",
        "cache",
        "validate",
        "validate-encoder",
        "render",
        "report",
        "torchrun",
    }


def run_together(words: list[str]) -> None:
    """Run a command of several processes, in processes of its own."""
    if words[0] == "torchrun":
        rest = words[words.index("oldbook") + 1 :]
        launcher = ["-m", "torch.distributed.run", *words[1:3], "-m", "oldbook_diffusion", *rest]
    else:
        launcher = ["-m", "oldbook_diffusion", *words]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    plain = ("--render.prompts=[]", "--render.encoder=null")
    command = [sys.executable, *launcher, *QUICK["fit"], *plain]
    subprocess.run(command, check=True, timeout=600, env=environment)


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_of_the_readme_works(
    words: list[str],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(place)
    if any(NEEDS_HUB in word for word in words):
        with pytest.raises(SystemExit) as stop:
            main([*words, "--print_config"])
        assert not stop.value.code
        return
    if "--trainer.devices" in words:
        run_together(words)
        return
    words = [re.sub(r"step=\d+", "step=000002", word) for word in words]
    if words[0] == "validate-encoder":  # two steps of one prompt are too little to judge by
        with contextlib.suppress(SystemExit):
            main([*words, *QUICK[words[0]]])
        assert "the best shortcut gets no style" in capsys.readouterr().out
        return
    main([*words, *QUICK[words[0]]])


def test_the_snippet_of_the_readme_works(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snippet = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert snippet is not None
    monkeypatch.chdir(place)
    code = re.sub(r"step=\d+", "step=000002", snippet[1]).replace("steps=20", "steps=2")
    exec(compile(code, "README.md", "exec"), {})
    assert (place / "castle.png").is_file()


def test_the_demo_is_the_run_that_the_readme_goes_on_with() -> None:
    assert f"oldbook {' '.join(DEMO)}\n" in (ROOT / "Makefile").read_text()


def test_every_target_of_make_in_the_readme_exists() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    for page in ("README.md", "CONTRIBUTING.md"):
        asked = re.findall(r"^make (\w+)", (ROOT / page).read_text(), flags=re.MULTILINE)
        assert asked
        assert set(asked) <= set(targets)


def test_the_first_command_of_the_readme_comes_before_word_120() -> None:
    before = (ROOT / "README.md").read_text().split("```sh\n")[0]
    assert len(before.split()) < 120


def test_the_readme_takes_five_minutes() -> None:
    assert len((ROOT / "README.md").read_text().split()) < 1100


def test_every_page_that_is_linked_to_exists() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_the_readme_activates_the_environment_that_make_creates_before_it_runs_oldbook() -> None:
    lines = shell_lines()
    venv = re.search(r"^VENV\s*:= (\S+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert venv is not None
    programs = [" ".join(line.split()[:2]) for line in lines]
    activated = programs.index(f"source {venv[1]}/bin/activate")
    first = next(i for i, line in enumerate(lines) if line.startswith("oldbook "))
    assert programs.index("make install") < activated < first


def test_pip_installs_this_package_with_the_constraints_of_the_repository() -> None:
    lines = [shlex.split(line) for line in shell_lines() if line.startswith("pip install ")]
    assert lines
    for words in lines:
        assert words[-2:] == ["--editable", "."]
        assert (ROOT / words[words.index("--constraint") + 1]).is_file()


def test_render_samples_as_the_demo_does_a_prompt_that_its_model_knows() -> None:
    (words,) = [words for words in commands() if words[0] == "render"]
    assert words[1] in {wording for wordings in PROMPT_WORDINGS for wording in wordings}
    config = yaml.safe_load((ROOT / "configs/nano.yaml").read_text())
    for key in ("num_inference_steps", "guidance_scale"):
        assert float(words[words.index(f"--{key}") + 1]) == config["render"]["sampling"][key]
    assert words[words.index("--base") + 1] == config["model"]["pretrained"]
