"""Training starts from an adapter of any layout, and adapters without a run are converted."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from oldbook_diffusion.cli import main
from oldbook_diffusion.export import FORMATS, read_export
from oldbook_diffusion.methods import LoRA
from oldbook_diffusion.models import StableDiffusion
from oldbook_diffusion.system import StyleDiffusion
from tests.conftest import Runs, World, write_config
from tests.export.matrix import predict

PLAIN = ("--render.prompts=[]", "--render.encoder=null")
ADAPTER = "checkpoints/step=000004"
FILES = ["", "pytorch_lora_weights.safetensors", "kohya_adapter.safetensors"]
Weights = dict[str, Tensor]


@pytest.fixture(scope="module")
def run(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a LoRA whose alpha is not its rank."""
    return Runs(write_config(world, tmp_path_factory.mktemp("start"))).fit(
        *PLAIN, "--model.optimizer.init_args.lr=0.1", "--model.method.init_args.alpha=7.0"
    )


@pytest.fixture(scope="module")
def expected(run: Path, world: World) -> Tensor:
    """What a model predicts with that run's adapter."""
    model = StableDiffusion(str(world.base))
    read_export(model, run / ADAPTER, FORMATS)
    return predict(model.unet)


def started(world: World, where: Path, **options: object) -> Tensor:
    """What a model predicts before its first step."""
    method = LoRA(**{"rank": 2, "alpha": 3.0, "init_from": str(where), **options})  # type: ignore[arg-type]
    system = StyleDiffusion(method, pretrained=str(world.base))
    assert not method.has_learned(system.model)
    found = predict(system.model.denoiser)
    with system.base_model() as base:
        base_alone = predict(base.denoiser)
    assert torch.equal(base_alone, predict(StableDiffusion(str(world.base)).unet))
    return found


@pytest.mark.parametrize("file", FILES)
def test_training_starts_where_the_adapter_ended(
    run: Path, world: World, expected: Tensor, file: str, tmp_path: Path
) -> None:
    place = run / ADAPTER / file
    if not file:  # a folder of peft alone
        place = tmp_path
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            (tmp_path / name).symlink_to(run / ADAPTER / name)
    assert torch.allclose(started(world, place), expected, atol=1e-5)


def test_training_starts_from_a_run(run: Path, world: World, expected: Tensor) -> None:
    assert torch.allclose(started(world, run), expected, atol=1e-5)


def test_a_run_that_started_so_is_exported_without_its_start(
    runs: Runs, run: Path, tmp_path: Path
) -> None:
    file = tmp_path / "theirs.safetensors"
    file.write_bytes((run / ADAPTER / FILES[2]).read_bytes())
    goes_on = runs.fit(*PLAIN, f"--model.method.init_args.init_from={file}")
    file.unlink()
    main(["export", str(goes_on), "--to", "kohya", f"--out={tmp_path / 'out'}"])
    written = (tmp_path / "out" / FILES[2]).read_bytes()
    assert written == (goes_on / ADAPTER / FILES[2]).read_bytes()


@pytest.mark.parametrize("file", FILES[1:])
def test_an_adapter_without_a_run_is_converted_to_every_format(
    run: Path, world: World, expected: Tensor, file: str, tmp_path: Path
) -> None:
    words = ["export", str(run / ADAPTER / file), f"--base={world.base}", f"--out={tmp_path}"]
    main([*words, "--to", "peft", "diffusers", "kohya", "merged", "single-file"])
    for exporter in FORMATS:
        model = StableDiffusion(str(world.base))
        assert exporter.recognizes(tmp_path)
        read_export(model, tmp_path, [exporter])
        assert torch.allclose(predict(model.unet), expected, atol=1e-5), exporter.name


def of_another_base(weights: Weights) -> Weights:
    return {name.replace("down_blocks_1", "down_blocks_7"): x for name, x in weights.items()}


def wider(weights: Weights) -> Weights:
    return {n: torch.cat([x, x], 1) if "lora_down" in n else x for n, x in weights.items()}


def without_one(weights: Weights) -> Weights:
    return {name: x for name, x in weights.items() if name != max(weights)}


def without_a_layer(weights: Weights) -> Weights:
    return {n: x for n, x in weights.items() if n.split(".")[0] != max(weights).split(".")[0]}


def of_rank_one(weights: Weights) -> Weights:
    cut = {
        n: x[:1] if "lora_down" in n else x[:, :1] for n, x in weights.items() if "alpha" not in n
    }
    return {name: x.contiguous() for name, x in cut.items()}


def numbered(weights: Weights) -> Weights:
    return {f"unet:{number}:up": x for number, x in enumerate(weights.values())}


def with_text_encoder(weights: Weights) -> Weights:
    return {**weights, "lora_te_text_model_encoder_layers_0_mlp_fc1.alpha": torch.ones(())}


BROKEN: dict[str, Callable[[Weights], Weights]] = {
    "have no place in this model, first lora_unet_down_blocks_7": of_another_base,
    "is for a weight of another shape": wider,
    "does not fit this base model: .*lora_up.weight": without_one,
    "one of 1 layers that only one of both adapts: set model.method.target_modules to": (
        without_a_layer
    ),
    "has rank 1 and model.method.rank is 2: set it to the same": of_rank_one,
    "it numbers its layers and does not name them": numbered,
    "it trains the text encoder too": with_text_encoder,
    "holds NaN or inf": lambda weights: {n: x * float("nan") for n, x in weights.items()},
    "it holds no update": lambda weights: {
        n: x * 0 if "up" in n else x for n, x in weights.items()
    },
}


@pytest.mark.parametrize("said", BROKEN)
def test_what_cannot_be_started_from_is_refused_in_a_sentence(
    runs: Runs, run: Path, tmp_path: Path, said: str
) -> None:
    file = tmp_path / "theirs.safetensors"
    save_file(BROKEN[said](load_file(run / ADAPTER / FILES[2])), file)
    message = runs.refuse(f"--model.method.init_args.init_from={file}")
    assert re.search(said, message), message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("theirs.bin", "is a pickle, which may run code"),
        ("cut.safetensors", "does not fit this base model|there is no adapter"),
        ("nothing.safetensors", "there is no adapter"),
    ],
)
def test_files_that_are_no_adapters_are_refused_in_a_sentence(
    runs: Runs, run: Path, tmp_path: Path, name: str, said: str
) -> None:
    if name.startswith(("theirs", "cut")):
        (tmp_path / name).write_bytes((run / ADAPTER / FILES[1]).read_bytes()[:900])
    message = runs.refuse(f"--model.method.init_args.init_from={tmp_path / name}")
    assert re.search(said, message), message
