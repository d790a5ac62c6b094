"""What a format writes gives the same predictions when other programs load it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from diffusers.utils import convert_state_dict_to_kohya
from safetensors.torch import load_file, save_file

from oldbook_diffusion.export import (
    FORMATS,
    DiffusersLoRA,
    Exporter,
    FullDenoiser,
    Kohya,
    Merged,
    PeftFolder,
    SingleFile,
    export,
    read_export,
)
from oldbook_diffusion.models import StableDiffusion
from tests.conftest import World
from tests.export.matrix import (
    MEASURED,
    METHODS,
    PAGE,
    READERS,
    load_in_diffusers,
    page,
    predict,
    trained,
)


@pytest.mark.parametrize("name", METHODS)
def test_every_supported_format_gives_the_same_predictions(
    world: World, tmp_path: Path, name: str
) -> None:
    method = METHODS[name]()
    model = trained(world.base, method)
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
        (DiffusersLoRA(), {"lora", "lora_of_all_layers", "lora_with_patterns", "rslora", "dora"}),
        (PeftFolder(), METHODS.keys() - {"full", "full_attention"}),
        (FullDenoiser(), {"full", "full_attention"}),
        (Merged(), METHODS.keys()),
        (SingleFile(), METHODS.keys()),
        (Kohya(), METHODS.keys() - {"dora", "oft", "ia3", "full", "full_attention"}),
    ],
)
def test_a_format_supports_what_it_can_hold(
    world: World, exporter: Exporter, supported: set[str]
) -> None:
    model = StableDiffusion(str(world.base))
    found = {name for name, method in METHODS.items() if exporter.supports(method(), model)}
    assert found == supported


@pytest.mark.parametrize("name", ["lora", "lora_of_all_layers", "rslora", "lora_with_patterns"])
def test_a_reader_that_knows_no_alpha_reads_the_same_adapter(
    world: World, tmp_path: Path, name: str
) -> None:
    method = METHODS[name]()
    model = trained(world.base, method)
    (file,) = export(DiffusersLoRA(), method, model, tmp_path / "export")
    weights = load_file(file)
    save_file(weights, tmp_path / file.name)  # without metadata
    found = predict(load_in_diffusers(world.base, tmp_path))
    assert float((found - predict(model.unet)).abs().max()) < 1e-5
    if name in ("lora", "rslora"):
        alphas = {x: v for x, v in convert_state_dict_to_kohya(weights).items() if "alpha" in x}
        assert alphas
        assert {int(alpha) for alpha in alphas.values()} == {2}, "which is its rank"


def test_the_table_of_the_docs_is_current_and_nothing_in_it_is_wrong() -> None:
    then, now = (
        [line for line in text.splitlines() if not line.startswith(MEASURED)]
        for text in (PAGE.read_text(), page())
    )
    assert now == then, "run python -m tests.export.matrix"
    assert not [line for line in now if "WRONG" in line]


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
