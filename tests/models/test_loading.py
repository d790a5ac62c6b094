"""A pretrained folder that cannot be used is refused in one sentence."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Runs, World


def rename_family(folder: Path) -> None:
    index = json.loads((folder / "model_index.json").read_text())
    index["_class_name"] = "StableDiffusionXLPipeline"
    (folder / "model_index.json").write_text(json.dumps(index))


def lose_vocabulary(folder: Path) -> None:
    (folder / "tokenizer/tokenizer.json").unlink()


def lose_vae(folder: Path) -> None:
    shutil.rmtree(folder / "vae")


def lose_index(folder: Path) -> None:
    (folder / "model_index.json").unlink()


def damage_index(folder: Path) -> None:
    (folder / "model_index.json").write_text("{")


def shorten_vocabulary(folder: Path) -> None:
    """An embedding with fewer rows than the tokenizer has tokens."""
    from safetensors.torch import load_file, save_file

    config = json.loads((folder / "text_encoder/config.json").read_text())
    config["vocab_size"] -= 10
    (folder / "text_encoder/config.json").write_text(json.dumps(config))
    file = folder / "text_encoder/model.safetensors"
    weights = load_file(file)
    (name,) = (name for name in weights if name.endswith("token_embedding.weight"))
    weights[name] = weights[name][:-10].clone()
    save_file(weights, file, metadata={"format": "pt"})


def lengthen_prompts(folder: Path) -> None:
    file = folder / "tokenizer/tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "model_max_length": 77}))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (rename_family, "is a StableDiffusionXLPipeline, which is not supported"),
        (lose_vocabulary, "has 2 tokens and its text encoder 74"),
        (shorten_vocabulary, "has 74 tokens and its text encoder 64"),
        (lengthen_prompts, "makes prompts of 77 tokens and its text encoder takes 12"),
        (lose_vae, "cannot load the vae of"),
        (lose_index, "it has no model_index.json"),
        (damage_index, "cannot load the model_index.json of"),
    ],
)
def test_a_pipeline_that_cannot_be_used_is_refused(
    runs: Runs, world: World, tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    folder = tmp_path / "base"
    shutil.copytree(world.base, folder)
    damage(folder)
    assert said in runs.refuse(f"--model.pretrained={folder}")


class Command:
    """What runs a command where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("part", ["text_encoder", "vae", "unet"])
def test_weights_that_bring_code_along_are_refused(
    runs: Runs, world: World, tmp_path: Path, part: str
) -> None:
    base = shutil.copytree(world.base, tmp_path / "base")
    for file in (base / part).glob("*.safetensors"):
        file.unlink()
    names = {"text_encoder": "pytorch_model.bin"}
    content = pickle.dumps({"weight": Command(tmp_path / "taken")})
    (base / part / names.get(part, "diffusion_pytorch_model.bin")).write_bytes(content)
    message = runs.refuse(f"--model.pretrained={base}")
    assert not (tmp_path / "taken").exists()
    assert "weights_only=False" not in message
    assert "set model.pretrained to" in message
