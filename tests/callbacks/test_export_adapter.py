"""An adapter that nobody could use is never written, and the run says why."""

from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, LightningModule, Trainer

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.methods import FullFineTuning, LoRA, Method
from oldbook_diffusion.models import StableDiffusion
from tests.conftest import Runs, World

PLAIN = ("--render.prompts=[]", "--render.encoder=null")


class Break(Callback):
    """Put NaN into one trained weight after the last step."""

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if trainer.global_step == trainer.max_steps:
            trained = [p for p in pl_module.parameters() if p.requires_grad]
            trained[-1].data.view(-1)[0] = float("nan")


def warnings(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(r.getMessage() for r in caplog.records if r.levelname == "WARNING")


def exported(run: Path) -> set[str]:
    return {file.parent.name for file in run.glob("checkpoints/*/*.safetensors")}


def test_an_adapter_with_nan_is_never_exported(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    broken = '[{"class_path": "tests.callbacks.test_export_adapter.Break"}]'
    run = runs.fit(*PLAIN, f"--trainer.callbacks={broken}")
    assert exported(run) == {"step=000002"}, "only from before it broke"
    assert "NaN or inf, first" in warnings(caplog)


def test_an_adapter_that_has_not_learned_is_not_exported(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    run = runs.fit(*PLAIN, "--model.optimizer.init_args.lr=0")
    assert exported(run) == set()
    assert "has not learned anything" in warnings(caplog)


LOHA = '{"class_path": "Peft", "init_args": {"config_class": "LoHaConfig"}}'
DIFFUSERS = '[{"class_path": "oldbook_diffusion.export.DiffusersLoRA"}]'


def test_a_format_that_cannot_hold_the_method_is_refused_before_training(runs: Runs) -> None:
    message = runs.refuse(*PLAIN, f"--model.method={LOHA}", f"--export.formats={DIFFUSERS}")
    assert "DiffusersLoRA cannot hold what Peft trains" in message


def test_a_format_that_is_left_out_by_default_is_said_once(
    runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        run = runs.fit(*PLAIN, f"--model.method={LOHA}")
    said = [
        r.getMessage() for r in caplog.records if "not written at checkpoints" in r.getMessage()
    ]
    assert said == [
        "DiffusersLoRA is not written at checkpoints: diffusers loads plain LoRA alone; peft and "
        "merged hold it"
    ]
    names = {file.name for file in run.glob("checkpoints/step=000004/*.safetensors")}
    assert names == {"adapter_model.safetensors", "kohya_adapter.safetensors"}


def test_no_format_is_written_where_none_is_wanted(runs: Runs) -> None:
    assert exported(runs.fit(*PLAIN, "--export.formats=[]")) == set()


@pytest.mark.parametrize("method", [LoRA(), FullFineTuning()])
def test_a_model_without_its_method_is_never_taken_for_its_base(
    world: World, method: Method
) -> None:
    model = StableDiffusion(str(world.base))
    with pytest.raises(OldBookError, match="cannot be restored"), method.disabled(model):
        pass
