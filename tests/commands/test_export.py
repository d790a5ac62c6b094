"""`oldbook export`: several formats at once, from a checkpoint or a run's folder."""

import re
import shlex
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file
from torch import Tensor

from oldbook_diffusion.cli import main
from oldbook_diffusion.export import FORMATS, PeftFolder, read_export
from oldbook_diffusion.models import StableDiffusion
from tests.conftest import Runs, World, write_config
from tests.export.test_base import predict

PLAIN = ["--render.prompts=[]", "--render.encoder=null"]
ALL = ["peft", "diffusers", "kohya", "merged", "single-file"]


@pytest.fixture(scope="module")
def run(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a LoRA whose alpha is not its rank."""
    return Runs(write_config(world, tmp_path_factory.mktemp("export"))).fit(
        "--model.optimizer.init_args.lr=0.1",
        "--model.method.init_args.alpha=7.0",
        *PLAIN,
    )


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All formats of the run, in one folder."""
    folder = tmp_path_factory.mktemp("all")
    main(["export", str(run), "--to", *ALL, f"--out={folder}"])
    return folder


@pytest.fixture(scope="module")
def expected(run: Path, world: World) -> Tensor:
    """Predictions with the adapter that the run wrote itself."""
    model = StableDiffusion(str(world.base))
    read_export(model, run / "checkpoints/step=000004", [PeftFolder()])
    return predict(model.unet)


def test_a_merged_folder_is_a_pipeline_of_plain_diffusers(
    exported: Path, expected: Tensor, world: World
) -> None:
    pipeline = StableDiffusionPipeline.from_pretrained(exported)
    assert torch.allclose(predict(pipeline.unet), expected, atol=1e-5)
    model = StableDiffusion(str(world.base))
    before = predict(model.unet)
    assert float((expected - before).abs().max()) > 1e-2
    assert StableDiffusion(str(exported)).pretrained, "and a base model for another run"


def test_merged_weights_are_exact_to_their_rounding(exported: Path, world: World) -> None:
    adapter = load_file(exported / "kohya_adapter.safetensors")
    base, merged = (
        UNet2DConditionModel.from_pretrained(one, subfolder="unet").state_dict()
        for one in (world.base, exported)
    )
    adapted = 0
    for name, weight in base.items():
        layer = "lora_unet_" + name.removesuffix(".weight").replace(".", "_")
        exact = weight.double()
        if f"{layer}.alpha" in adapter:
            up, down = (adapter[f"{layer}.lora_{one}.weight"].double() for one in ("up", "down"))
            exact, adapted = exact + up @ down, adapted + 1
        assert torch.allclose(merged[name].double(), exact, rtol=1e-6, atol=1e-6), name
    assert adapted == len(adapter) / 3


def test_a_single_file_is_a_checkpoint_of_stable_diffusion(
    exported: Path, expected: Tensor, world: World
) -> None:
    pipeline = StableDiffusionPipeline.from_single_file(
        exported / "merged_model.safetensors", config=str(world.base), local_files_only=True
    )
    assert torch.allclose(predict(pipeline.unet), expected, atol=1e-5)
    base = StableDiffusionPipeline.from_pretrained(world.base)
    for part in ("vae", "text_encoder"):
        theirs, ours = (getattr(one, part).state_dict() for one in (pipeline, base))
        assert theirs.keys() == ours.keys()
        assert all(torch.equal(theirs[name], ours[name]) for name in ours), part


@pytest.mark.parametrize("file", ["merged_model.safetensors", "unet"])
def test_render_reads_a_merged_model(
    exported: Path, expected: Tensor, world: World, file: str, tmp_path: Path
) -> None:
    place = exported / file
    if place.is_dir():
        place = tmp_path
        (tmp_path / "unet").symlink_to(exported / "unet")
    model = StableDiffusion(str(world.base))
    read_export(model, place, FORMATS)
    assert torch.allclose(predict(model.unet), expected, atol=1e-5)


def test_no_file_names_a_place_of_this_machine(exported: Path, world: World) -> None:
    files = [file for file in exported.rglob("*") if file.is_file()]
    assert len(files) > 8
    for file in files:
        assert str(world.base.parent).encode() not in file.read_bytes(), file.name
        assert file.stat().st_mode & 0o777 == 0o644


def test_the_same_run_is_exported_as_the_same_bytes(
    exported: Path, run: Path, tmp_path: Path
) -> None:
    main(["export", str(run), "--to", *ALL, f"--out={tmp_path}"])
    for file in exported.rglob("*"):
        if file.is_file():
            again = tmp_path / file.relative_to(exported)
            assert again.read_bytes() == file.read_bytes(), file.name


def test_an_unknown_format_is_refused_with_all_that_there_are(run: Path) -> None:
    with pytest.raises(SystemExit, match="no format 'lycoris', take some of diffusers, peft"):
        main(["export", str(run), "--to", "peft", "lycoris"])


def test_the_commands_of_the_docs_work_one_after_the_other(
    runs: Runs, run: Path, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs/exchange.md").read_text()
    commands = re.findall(r"^ *oldbook (.*)$", page, re.M)
    assert [command.split()[0] for command in commands] == [
        "export",
        "render",
        "export",
        "export",
        "fit",
    ]
    places = {"runs/nano/version_0": run, "checkpoints/nano/base": world.base}
    quick = {"fit": PLAIN, "render": ["--num_inference_steps=2"]}
    monkeypatch.chdir(tmp_path)
    for command in commands:
        for shown, there in {**places, "configs/nano.yaml": runs.config}.items():
            command = command.replace(shown, str(there))
        words = shlex.split(command)
        main([*words, *quick.get(words[0], [])])
    assert StableDiffusion("whole").unet is not None
    assert (tmp_path / "converted/pytorch_lora_weights.safetensors").is_file()
