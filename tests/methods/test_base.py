"""A run with any method trains, is resumed bit for bit, and is compared with its true base."""

import json
from pathlib import Path

import pytest
import torch

from oldbook_diffusion.cli import main
from tests.comparing import events
from tests.conftest import Runs, World
from tests.methods import matrix

PLAIN = ("--render.prompts=[]", "--render.encoder=null", "--trainer.log_every_n_steps=1")
METHODS = {
    "loha": {"class_path": "LoHa"},
    "lora_plus": {"class_path": "LoRAPlus", "init_args": {"rank": 2}},
    "lora_fa": {"class_path": "LoRAFA", "init_args": {"rank": 2}},
    "vera": {"class_path": "VeRA", "init_args": {"rank": 8}},
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


def test_b_of_lora_plus_learns_at_its_own_rate_also_when_resumed(runs: Runs) -> None:
    method = f"--model.method={json.dumps(METHODS['lora_plus'])}"
    run = runs.fit(*PLAIN, method, "--trainer.max_steps=2")
    runs.fit(*PLAIN, method, "--ckpt_path=last")
    for step in (2, 4):
        file = run / f"checkpoints/step={step:06d}.ckpt"
        states = torch.load(file, weights_only=True)["optimizer_states"]
        first, second = states[0]["param_groups"]
        assert second["initial_lr"] == 16 * first["initial_lr"] == pytest.approx(0.16)
        assert second["lr"] == pytest.approx(16 * first["lr"])


@pytest.mark.parametrize("name", matrix.METHODS)
def test_the_table_of_methods_is_what_is_measured(world: World, name: str) -> None:
    rows = matrix.lines(world.base, name, ["attention", "+ convolutions", "norms"])
    page = matrix.PAGE.read_text().splitlines()
    assert [row for row in rows if row not in page] == []
    assert "WRONG" not in "".join(rows)
    assert any("refused" not in row for row in rows)
