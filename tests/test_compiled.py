"""A compiled denoiser learns the same, under the same names."""

import pytest
import torch
from torch._inductor import config as inductor

from oldbook_diffusion.compiled import Compiled
from oldbook_diffusion.errors import OldBookError
from tests.comparing import PLAIN, events, everything
from tests.conftest import Runs

COMPILE = "--model.compile=true"


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    torch._dynamo.reset()
    monkeypatch.setattr(inductor.cpp, "cxx", (None, "/no/such/compiler"))
    monkeypatch.setattr(inductor, "fx_graph_cache", False)


@pytest.mark.usefixtures("no_compiler")
def test_a_missing_compiler_is_a_mistake_that_a_user_can_mend() -> None:
    with pytest.raises(OldBookError, match=r"cannot be compiled here .* set model\.compile to fal"):
        Compiled(torch.nn.Linear(2, 2))(torch.ones(1, 2))


@pytest.mark.slow
@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_the_option_is_refused_in_one_sentence(runs: Runs) -> None:
    message = runs.refuse(*PLAIN, COMPILE, "--trainer.max_steps=1")
    assert "cannot be compiled here" in message
    assert "set model.compile to false" in message


@pytest.mark.slow
def test_a_compiled_denoiser_learns_the_same(runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    torch._dynamo.reset()
    caplog.set_level("INFO", "oldbook_diffusion")
    options = (*PLAIN, "--trainer.log_every_n_steps=1", "--model.method.init_args.dropout=0")
    plain = runs.fit(*options, name="plain")
    compiled = runs.fit(*options, COMPILE, name="compiled")
    first, second = ([e.value for e in events(r).Scalars("train/loss")] for r in (plain, compiled))
    assert second == pytest.approx(first, rel=1e-4)
    weights = [everything(run, 4)["state_dict"] for run in (plain, compiled)]
    assert weights[0].keys() == weights[1].keys()  # type: ignore[attr-defined]
    assert any(message.startswith("... it took") for message in caplog.messages)
    resumed = runs.fit(*options, "--trainer.max_steps=5", "--ckpt_path=last", name="compiled")
    assert everything(resumed, 5)["global_step"] == 5
