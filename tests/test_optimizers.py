"""Other optimizers: what is killed goes on bit for bit with them too."""

import pytest

from tests.comparing import PLAIN, everything, same
from tests.conftest import Runs


@pytest.mark.parametrize(
    "optimizer",
    [
        '{"class_path": "torch.optim.AdamW", "init_args": {"lr": 0.01, "fused": true}}',
        '{"class_path": "bitsandbytes.optim.AdamW8bit", "init_args": {"lr": 0.01, '
        '"min_8bit_size": 16}}',
    ],
)
def test_a_run_with_this_optimizer_goes_on_as_if_it_had_not_ended(
    runs: Runs, optimizer: str
) -> None:
    if "bitsandbytes" in optimizer:
        pytest.importorskip("bitsandbytes")
    options = (*PLAIN, f"--model.optimizer={optimizer}", "--model.lr_scheduler=null")
    whole = runs.fit(*options, name="whole")
    runs.fit(*options, "--trainer.max_steps=2", name="half")
    resumed = runs.fit(*options, "--ckpt_path=last", name="half")
    assert not same(everything(whole, 2)["state_dict"], everything(whole, 4)["state_dict"])
    assert same(everything(whole, 4), everything(resumed, 4))
