"""A run with any method trains, is resumed bit for bit, and is compared with its true base."""

import json
from pathlib import Path

import pytest
import torch

from oldbook_diffusion.cli import main
from tests.comparing import events
from tests.conftest import Runs, World

PLAIN = ("--render.prompts=[]", "--render.encoder=null", "--trainer.log_every_n_steps=1")
METHODS = {
    "loha": {"class_path": "Peft", "init_args": {"config_class": "LoHaConfig"}},
    "full": {"class_path": "FullFineTuning", "init_args": {"target_modules": ["attn1", "attn2"]}},
}


def trained(run: Path, step: int) -> dict[str, torch.Tensor]:
    file = run / f"checkpoints/step={step:06d}.ckpt"
    return torch.load(file, weights_only=True)["state_dict"]


@pytest.mark.parametrize("name", METHODS)
def test_a_run_is_resumed_bit_for_bit_and_rendered(
    runs: Runs, world: World, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    method = f"--model.method={json.dumps(METHODS[name])}"
    whole = runs.fit(*PLAIN, method, name="whole")
    runs.fit(*PLAIN, method, "--trainer.max_steps=2", name="parts")
    parts = runs.fit(*PLAIN, method, "--ckpt_path=last", name="parts")
    assert parts.name == "version_0", "the same run"
    one, other = trained(whole, 4), trained(parts, 4)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)
    curves = [events(run).Scalars("val/change_band_3") for run in (whole, parts)]
    assert curves[0][-1].value == curves[1][-1].value
    assert curves[0][-1].value != 0, "the fine-tuned model is compared with the base"
    capsys.readouterr()
    adapter = f"--adapter={whole / 'checkpoints/step=000004'}"
    main(["render", "a rose", f"--base={world.base}", adapter, f"--out={tmp_path / 'out'}"])
    files = [Path(line) for line in capsys.readouterr().out.splitlines() if line]
    assert files[0].read_bytes() != files[1].read_bytes()
