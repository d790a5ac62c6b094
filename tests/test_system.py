"""The system refuses a choice of parts that cannot work."""

import json

import pytest

from tests.conftest import Runs

PLAIN = ("--render.prompts=[]", "--render.encoder=null")
BASE = json.dumps({"class_path": "tests.test_extending.Pixels", "init_args": {"width": 8}})
METHOD = json.dumps({"class_path": "tests.test_extending.LastLayer"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model.pretrained=null"], "which base model? set either model.pretrained"),
        ([f"--model.base={BASE}"], "which base model? set either model.pretrained"),
        (
            [
                "--model.pretrained=null",
                f"--model.base={BASE}",
                f"--model.method={METHOD}",
                "--model.gradient_checkpointing=true",
            ],
            "not supported by this denoiser: set it to false",
        ),
    ],
)
def test_parts_that_do_not_go_together_are_refused(
    runs: Runs, arguments: list[str], said: str
) -> None:
    assert said in runs.refuse(*PLAIN, *arguments)
