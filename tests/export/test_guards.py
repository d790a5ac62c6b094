"""An adapter that nobody could use is never written, and the run says why."""

from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, LightningModule, Trainer
from peft import LoHaConfig, PeftConfig

from oldbook_diffusion.adapter import Adapter
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.stable_diffusion import StableDiffusion
from tests.conftest import Runs, World

PLAIN = ("--render.prompts=[]", "--render.encoder=null")


class LoHa(Adapter):
    """A method of peft that diffusers cannot load."""

    def config(self) -> PeftConfig:
        return LoHaConfig(r=2, target_modules=["to_q"])


class Break(Callback):
    """Put NaN into one trained weight after the last step."""

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if trainer.global_step == trainer.max_steps:
            trained = [p for p in pl_module.parameters() if p.requires_grad]
            trained[-1].data.view(-1)[0] = float("nan")


def warnings(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(r.getMessage() for r in caplog.records if r.levelname == "WARNING")


def exported(run: Path) -> list[str]:
    return [file.parent.name for file in run.glob("checkpoints/*/*.safetensors")]


def test_an_adapter_with_nan_is_never_exported(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    run = runs.fit(*PLAIN, '--trainer.callbacks=[{"class_path": "tests.export.test_guards.Break"}]')
    assert exported(run) == ["step=000002"], "only from before it broke"
    assert "NaN or inf, first" in warnings(caplog)


def test_an_adapter_that_has_not_learned_is_not_exported(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    run = runs.fit(*PLAIN, "--model.optimizer.init_args.lr=0")
    assert exported(run) == []
    assert "has not learned anything" in warnings(caplog)


def test_an_adapter_that_diffusers_cannot_load_is_never_written_for_it(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    run = runs.fit(*PLAIN, '--model.adapter={"class_path": "tests.export.test_guards.LoHa"}')
    assert exported(run) == []
    assert "this adapter is a LoHaConfig" in warnings(caplog)


def test_a_model_without_an_adapter_is_never_taken_for_its_base(world: World) -> None:
    from oldbook_diffusion.adapter import without_adapter

    unet = StableDiffusion(str(world.base)).unet
    with pytest.raises(OldBookError, match="cannot be restored"), without_adapter(unet):
        pass
