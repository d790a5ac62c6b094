"""A method of peft either starts from the base model and gives it back, or is refused."""

import json
from typing import Any

import pytest

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.methods import FullFineTuning, LoRA, Method, Peft
from oldbook_diffusion.models import StableDiffusion
from tests.conftest import Runs, World

PLAIN = ("--render.prompts=[]", "--render.encoder=null")


@pytest.mark.parametrize(
    ("config_class", "arguments", "said"),
    [
        ("LoraConfig", {"init_lora_weights": "pissa"}, "changes weights of the base model"),
        ("FourierFTConfig", {"n_frequency": 20}, "changes the model before training"),
        ("VBLoRAConfig", {"num_vectors": 16, "vector_length": 4}, "does not fit these layers"),
        ("LoraConfig", {"init_lora_weights": "corda"}, "initialization from data is not run"),
        ("AdaLoraConfig", {"total_step": 10}, "never reallocate its ranks"),
        ("LoraConfig", {"init_lora_weights": "eva"}, "would be plain LoRA"),
        ("LoHaConfg", {}, "did you mean LoHaConfig?"),
        ("LoHaConfig", {"rnk": 3}, "has no argument 'rnk'"),
    ],
)
def test_a_method_that_cannot_be_compared_with_its_base_is_refused(
    world: World, config_class: str, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(OldBookError, match=said):
        Peft(config_class, arguments).attach(StableDiffusion(str(world.base)))


@pytest.mark.parametrize("method", [LoRA(target_modules=["no"]), FullFineTuning(["no"])])
def test_names_that_no_layer_has_are_refused(world: World, method: Method) -> None:
    with pytest.raises(OldBookError, match="fits no layer of this model"):
        method.attach(StableDiffusion(str(world.base)))


def test_a_mistake_in_a_method_is_one_sentence(runs: Runs) -> None:
    method = {"class_path": "Peft", "init_args": {"config_class": "OFTConfig"}}
    method["init_args"]["target_modules"] = ["conv1"]  # type: ignore[index]
    assert "model.method: Peft fails on these layers" in runs.refuse(
        *PLAIN, f"--model.method={json.dumps(method)}"
    )
