"""`oldbook render` samples with the base model and with exported weights, or says why not."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torchvision.transforms.functional import pil_to_tensor

from oldbook_diffusion.cli import main
from tests import tiny
from tests.conftest import Runs, World

EXPORT = "checkpoints/step=000004"


def pixels(file: Path) -> torch.Tensor:
    """Pixels of a picture."""
    with Image.open(file) as picture:
        return pil_to_tensor(picture)


def test_a_prompt_is_sampled_with_and_without_the_adapter(
    runs: Runs, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = runs.fit("--model.optimizer.init_args.lr=0.3")
    capsys.readouterr()
    prompt = "A futuristic cityscape at sunset with flying cars and neon lights"
    out = tmp_path / "out"
    main(["render", prompt, f"--base={world.base}", f"--adapter={run / EXPORT}", f"--out={out}"])
    files = [Path(line) for line in capsys.readouterr().out.splitlines() if line]
    assert [file.exists() for file in files] == [True, True, True]
    with Image.open(files[0]) as base, Image.open(files[1]) as fine_tuned:
        assert base.size == (tiny.RESOLUTION, tiny.RESOLUTION)
        assert base.tobytes() != fine_tuned.tobytes()
        assert fine_tuned.info["prompt"] == prompt


def test_rendering_without_a_file_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there is no adapter"):
        main(["render", "a rose", f"--base={world.base}", f"--adapter={tmp_path / 'no'}"])


def test_an_adapter_of_another_model_is_refused(runs: Runs, world: World, tmp_path: Path) -> None:
    run = runs.fit("--render.prompts=[]")
    weights = load_file(run / EXPORT / "pytorch_lora_weights.safetensors")
    wrong = {name: torch.cat([value, value], dim=1).contiguous() for name, value in weights.items()}
    save_file(wrong, tmp_path / "wrong.safetensors")
    with pytest.raises(SystemExit, match="does not fit this base model"):
        main(["render", "x", f"--base={world.base}", f"--adapter={tmp_path / 'wrong.safetensors'}"])


def test_a_folder_without_an_adapter_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="none of the formats DiffusersLoRA, PeftFolder, Kohya"):
        main(["render", "a rose", f"--base={world.base}", f"--adapter={tmp_path}"])


def test_a_resolution_that_the_model_cannot_take_is_refused(world: World) -> None:
    with pytest.raises(SystemExit, match="such as 28 or 32"):
        main(["render", "a rose", f"--base={world.base}", "--resolution=30"])


def test_every_picture_has_a_file_of_its_own(
    runs: Runs, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = runs.fit("--model.optimizer.init_args.lr=0.3", "--render.prompts=[]")
    style = "A botanical illustration of a rose in the style of an old book by"
    calls = [
        (f"{style} Redoute",),
        (f"{style} Linnaeus",),
        ("日本語",),
        ("مرحبا",),
        ("a rose", f"--adapter={run / 'checkpoints/step=000002'}"),
        ("a rose", f"--adapter={run / 'checkpoints/step=000004'}"),
    ]
    capsys.readouterr()
    for call in calls:
        options = (f"--base={world.base}", f"--out={tmp_path / 'out'}", "--num_inference_steps=2")
        main(["render", *call, *options])
    files = [line for line in capsys.readouterr().out.splitlines() if line.endswith(".png")]
    assert len(set(files)) == len(files) == 10
    assert len(list((tmp_path / "out").iterdir())) == 10


def test_a_run_in_half_precision_is_rendered_as_it_sampled(
    runs: Runs, world: World, tmp_path: Path
) -> None:
    half = "bf16-mixed"
    run = runs.fit(f"--trainer.precision={half}", "--model.optimizer.init_args.lr=0.3")
    settings = ["--seed=2", "--num_inference_steps=2", "--guidance_scale=2", "--device=cpu"]
    command = ["render", "a rose", f"--base={world.base}", f"--adapter={run / EXPORT}", *settings]
    main([*command, f"--out={tmp_path / 'full'}"])
    main([*command, f"--out={tmp_path / 'half'}", f"--precision={half}"])
    sampled = pixels(run / "images/step=000004/01_a-rose_seed=2.png")
    name = "a-rose_seed=2_fine_tuned.png"
    assert torch.equal(pixels(tmp_path / "half" / name), sampled)
    assert not torch.equal(pixels(tmp_path / "full" / name), sampled)


def test_a_device_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(SystemExit, match=r"there is no device 'cuda:9' .* set it to cpu"):
        main(["render", "a rose", f"--base={world.base}", "--device=cuda:9"])


def test_a_sample_with_nan_is_refused(runs: Runs, world: World, tmp_path: Path) -> None:
    run = runs.fit("--render.prompts=[]")
    weights = load_file(run / EXPORT / "pytorch_lora_weights.safetensors")
    huge = {name: torch.full_like(value, 1e30) for name, value in weights.items()}
    save_file(huge, tmp_path / "pytorch_lora_weights.safetensors")
    with pytest.raises(SystemExit, match="'a rose' with seed 0 holds NaN or inf"):
        main(
            [
                "render",
                "a rose",
                f"--base={world.base}",
                f"--adapter={tmp_path}",
            ]
        )
