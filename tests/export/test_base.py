"""What a format writes gives the same predictions when other programs load it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils import convert_state_dict_to_kohya
from peft import PeftModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from oldbook_diffusion.export import (
    FORMATS,
    DiffusersLoRA,
    Exporter,
    FullDenoiser,
    Kohya,
    PeftFolder,
    export,
    read_export,
)
from oldbook_diffusion.methods import FullFineTuning, LoRA, Method, Peft
from oldbook_diffusion.models import StableDiffusion
from tests.conftest import World
from tests.export import programs

METHODS: dict[str, Callable[[], Method]] = {
    "lora": lambda: LoRA(rank=2, alpha=7.0, dropout=0.5),
    "lora_of_all_layers": lambda: LoRA(
        rank=2, target_modules=["to_q", "to_out.0", "proj_in", "ff.net.2", "conv1"]
    ),
    "rslora": lambda: Peft("LoraConfig", {"r": 2, "lora_alpha": 4, "use_rslora": True}),
    "dora": lambda: Peft("LoraConfig", {"r": 2, "use_dora": True}),
    "loha": lambda: Peft("LoHaConfig", {"r": 2, "alpha": 4, "rank_dropout": 0.5}),
    "loha_of_convolutions": lambda: Peft(
        "LoHaConfig",
        {"r": 2, "alpha": 4, "use_effective_conv2d": True},
        ["to_q", "conv1", "proj_in"],
    ),
    "lokr": lambda: Peft("LoKrConfig", {"r": 2, "alpha": 4}),
    "lokr_whole": lambda: Peft("LoKrConfig", {"r": 64, "alpha": 128}, ["to_q", "conv1"]),
    "lokr_decomposed": lambda: Peft(
        "LoKrConfig",
        {"r": 1, "alpha": 3, "decompose_both": True, "use_effective_conv2d": True},
        ["to_q", "conv1"],
    ),
    "oft": lambda: Peft("OFTConfig", {"oft_block_size": 4, "use_cayley_neumann": False}),
    "ia3": lambda: Peft("IA3Config", {"feedforward_modules": []}),
    "full": FullFineTuning,
    "full_attention": lambda: FullFineTuning(["attn1", "attn2"]),
}


def predict(denoiser: nn.Module) -> Tensor:
    """Predictions on fixed noise."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(2, 4, 16, 16, generator=generator)
    embeds = torch.randn(2, 12, 16, generator=generator)
    with torch.no_grad():
        return denoiser.eval()(noise, torch.tensor([10, 900]), embeds).sample


def load_in_diffusers(base: Path, folder: Path) -> nn.Module:
    pipeline = StableDiffusionPipeline.from_pretrained(base)
    pipeline.load_lora_weights(folder)
    return pipeline.unet


def load_in_peft(base: Path, folder: Path) -> nn.Module:
    unet = UNet2DConditionModel.from_pretrained(base, subfolder="unet")
    return PeftModel.from_pretrained(unet, folder)


def load_part(base: Path, folder: Path) -> nn.Module:
    return UNet2DConditionModel.from_pretrained(folder, subfolder="unet")


def load_as_other_programs(base: Path, folder: Path) -> nn.Module:
    unet = UNet2DConditionModel.from_pretrained(base, subfolder="unet")
    programs.apply(unet, load_file(folder / "kohya_adapter.safetensors"))
    return unet


READERS = {
    "DiffusersLoRA": load_in_diffusers,
    "PeftFolder": load_in_peft,
    "FullDenoiser": load_part,
    "Kohya": load_as_other_programs,
}


def trained(world: World, method: Method) -> StableDiffusion:
    """A model whose trained weights have moved."""
    torch.manual_seed(0)
    model = StableDiffusion(str(world.base))
    method.attach(model)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model


@pytest.mark.parametrize("name", METHODS)
def test_every_supported_format_gives_the_same_predictions(
    world: World, tmp_path: Path, name: str
) -> None:
    method = METHODS[name]()
    model = trained(world, method)
    expected, base = predict(model.unet), predict(StableDiffusion(str(world.base)).unet)
    formats = [one for one in FORMATS if one.supports(method, model)]
    assert formats, "a method that nothing can be done with"
    for exporter in formats:
        folder = tmp_path / exporter.name
        assert export(exporter, method, model, folder)
        theirs = predict(READERS[exporter.name](world.base, folder))
        ours = StableDiffusion(str(world.base))
        read_export(ours, folder, FORMATS)
        for found in (theirs, predict(ours.unet)):
            assert float((found - expected).abs().max()) < 1e-5
            assert float((found - base).abs().max()) > 1e-3
    with method.disabled(model):
        assert torch.equal(predict(model.unet), base)
    assert torch.equal(predict(model.unet), expected)


@pytest.mark.parametrize(
    ("exporter", "supported"),
    [
        (DiffusersLoRA(), {"lora", "lora_of_all_layers", "rslora", "dora"}),
        (PeftFolder(), METHODS.keys() - {"full", "full_attention"}),
        (FullDenoiser(), {"full", "full_attention"}),
        (Kohya(), METHODS.keys() - {"dora", "oft", "ia3", "full", "full_attention"}),
    ],
)
def test_a_format_supports_what_it_can_hold(
    world: World, exporter: Exporter, supported: set[str]
) -> None:
    model = StableDiffusion(str(world.base))
    found = {name for name, method in METHODS.items() if exporter.supports(method(), model)}
    assert found == supported


@pytest.mark.parametrize("name", ["lora", "lora_of_all_layers", "rslora", "patterns"])
def test_a_reader_that_knows_no_alpha_reads_the_same_adapter(
    world: World, tmp_path: Path, name: str
) -> None:
    patterns = {"r": 2, "lora_alpha": 8, "rank_pattern": {"to_q": 3}, "alpha_pattern": {"to_v": 5}}
    method = Peft("LoraConfig", patterns) if name == "patterns" else METHODS[name]()
    model = trained(world, method)
    (file,) = export(DiffusersLoRA(), method, model, tmp_path / "export")
    weights = load_file(file)
    save_file(weights, tmp_path / file.name)  # without metadata
    found = predict(load_in_diffusers(world.base, tmp_path))
    assert float((found - predict(model.unet)).abs().max()) < 1e-5
    if name in ("lora", "rslora"):
        alphas = {x: v for x, v in convert_state_dict_to_kohya(weights).items() if "alpha" in x}
        assert alphas
        assert {int(alpha) for alpha in alphas.values()} == {2}, "which is its rank"


WRITE = """
import sys, torch
from pathlib import Path
from oldbook_diffusion.export import FORMATS, export
from oldbook_diffusion.methods import LoRA
from oldbook_diffusion.models import StableDiffusion
torch.manual_seed(0)
model, method = StableDiffusion(sys.argv[1]), LoRA(rank=2)
method.attach(model)
for parameter in model.parameters():
    if parameter.requires_grad:
        parameter.data += torch.randn_like(parameter)
for exporter in FORMATS[:3]:
    for number in range(8):
        export(exporter, method, model, Path(sys.argv[2]) / str(number))
"""


def test_equal_weights_are_written_as_equal_bytes_in_every_process(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = [str(world.base), str(tmp_path / "0")], [str(world.base), str(tmp_path / "1")]
    monkeypatch.setattr(sys, "argv", ["write", *here])
    exec(WRITE, {})
    other = "1" if os.environ.get("PYTHONHASHSEED") == "0" else "0"  # by default it is random
    command = [sys.executable, "-c", WRITE, *there]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": other})
    for name in (
        "pytorch_lora_weights.safetensors",
        "adapter_config.json",
        "kohya_adapter.safetensors",
    ):
        files = list(tmp_path.rglob(name))
        assert len(files) == 16
        assert len({file.read_bytes() for file in files}) == 1, name
