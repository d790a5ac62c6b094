"""The command line before a command runs."""

import json
import subprocess
import sys

import pytest

from oldbook_diffusion import __version__
from oldbook_diffusion.cli import main
from oldbook_diffusion.commands import COMMANDS

LARGE = ("torch", "lightning", "diffusers", "transformers", "datasets", "jsonargparse")
SECONDS = 2.0  # of processor time
PROBE = """
import contextlib, io, json, resource, sys
from oldbook_diffusion.cli import main
said = io.StringIO()
with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
    main(json.loads(sys.argv[1]))
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, sorted(sys.modules)]))
"""


def started(*arguments: str) -> tuple[float, set[str]]:
    """The processor time of a command in a new process, and the modules that it imports."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(arguments)], capture_output=True, check=True
    )
    seconds, modules = json.loads(done.stdout.splitlines()[-1])
    return seconds, set(modules)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["fitt"],
        ["fit", "--trainer.max_stpes=3"],
        ["render", "--sed=3"],
        ["render", "--help"],
        ["export", "--help"],
        ["report", "-h"],
        ["cache", "--help"],
    ],
)
def test_help_and_mistakes_import_nothing_large(arguments: list[str]) -> None:
    seconds, modules = started(*arguments)
    assert not modules & set(LARGE)
    assert seconds < SECONDS


def test_the_cache_is_shown_without_pytorch() -> None:
    seconds, modules = started("cache", "info")
    assert "torch" not in modules
    assert seconds < SECONDS


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    shown = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert name in shown
        assert command.summary in shown


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"oldbook {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "name a command"), (["fitt"], "did you mean fit?"), (["qqq"], "take one of fit, ")],
)
def test_an_unknown_command_is_refused(arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert said in str(stop.value.code)


def test_the_help_of_fit_shows_our_keys_first(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["fit", "--help"])
    assert not stop.value.code
    shown = capsys.readouterr().out
    keys = (
        "--model.pretrained",
        "--data.path",
        "--render.prompts",
        "--ckpt_path",
        "--trainer.devices",
    )
    places = [shown.index(f"\n  {key} ") for key in keys]
    assert places == sorted(places)
