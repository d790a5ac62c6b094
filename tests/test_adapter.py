"""The adapter is what plain diffusers thinks it is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from safetensors import safe_open

from tests import tiny
from tests.conftest import Runs, World

EXPORT = "checkpoints/step=000004"


@pytest.mark.parametrize(
    ("alpha", "layers"),
    [
        ("null", "[to_q,to_k,to_v,to_out.0]"),
        ("7.0", "[to_q,to_k,to_v,to_out.0]"),
        ("null", "[to_q,to_out.0,proj_in,proj_out,ff.net.0.proj,ff.net.2]"),
        ("null", "[ff.net.2]"),
    ],
)
def test_plain_diffusers_draws_the_same(runs: Runs, world: World, alpha: str, layers: str) -> None:
    run = runs.fit(
        "--model.optimizer.init_args.lr=0.3",
        f"--model.method.init_args.alpha={alpha}",
        f"--model.method.init_args.target_modules={layers}",
    )
    pipeline = StableDiffusionPipeline.from_pretrained(world.base)
    pipeline.load_lora_weights(run / EXPORT)
    from diffusers import DPMSolverMultistepScheduler

    pipeline.scheduler = DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config)
    drawn = pipeline(
        "a castle",
        generator=torch.Generator().manual_seed(1),
        height=tiny.RESOLUTION,
        width=tiny.RESOLUTION,
        num_inference_steps=2,
        guidance_scale=2.0,
    ).images[0]
    name = "00_a-castle_seed=1.png"
    with (
        Image.open(run / "images/step=000004" / name) as tuned,
        Image.open(run / "images/base" / name) as base,
    ):
        drawing, ours, untouched = (np.asarray(x, float) for x in (drawn, tuned, base))
    assert np.abs(drawing - ours).max() <= 1, "one step of rounding, from another batch layout"
    assert np.abs(drawing - untouched).max() > 4, "the adapter must matter"


def test_the_adapter_changes_the_drawings(runs: Runs) -> None:
    run = runs.fit("--model.optimizer.init_args.lr=0.3")
    name = "00_a-castle_seed=0.png"
    with (
        Image.open(run / "images/base" / name) as a,
        Image.open(run / "images/step=000004" / name) as b,
    ):
        assert np.abs(np.asarray(a, float) - np.asarray(b, float)).max() > 1


def test_the_adapter_carries_its_rank_and_alpha(runs: Runs) -> None:
    run = runs.fit("--model.method.init_args.alpha=7.0", "--render.prompts=[]")
    file = run / EXPORT / "pytorch_lora_weights.safetensors"
    with safe_open(file, "pt") as content:
        metadata = str(content.metadata())
        assert all("lora" in key for key in content.keys())  # noqa: SIM118
    assert '"unet.lora_alpha": 7.0' in metadata
    assert '"unet.r": 2' in metadata


def test_a_prompt_is_drawn_with_and_without_the_adapter(
    runs: Runs, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from oldbook_diffusion.cli import main

    run = runs.fit("--model.optimizer.init_args.lr=0.3")
    capsys.readouterr()
    prompt = "A futuristic cityscape at sunset with flying cars and neon lights"
    out = tmp_path / "out"
    main(["render", prompt, f"--base={world.base}", f"--adapter={run / EXPORT}", f"--out={out}"])
    files = [Path(line) for line in capsys.readouterr().out.splitlines() if line]
    assert [file.exists() for file in files] == [True, True, True]
    with Image.open(files[0]) as base, Image.open(files[1]) as tuned:
        assert base.size == (tiny.RESOLUTION, tiny.RESOLUTION)
        assert base.tobytes() != tuned.tobytes()
        assert tuned.info["prompt"] == prompt


def test_rendering_without_a_file_is_refused(world: World, tmp_path: Path) -> None:
    from oldbook_diffusion.cli import main

    with pytest.raises(SystemExit, match="there is no adapter"):
        main(["render", "a rose", f"--base={world.base}", f"--adapter={tmp_path / 'no'}"])


def test_an_adapter_of_another_model_is_refused(runs: Runs, world: World, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from oldbook_diffusion.cli import main

    run = runs.fit("--render.prompts=[]")
    weights = load_file(run / EXPORT / "pytorch_lora_weights.safetensors")
    wrong = {name: torch.cat([value, value], dim=1).contiguous() for name, value in weights.items()}
    save_file(wrong, tmp_path / "wrong.safetensors")
    with pytest.raises(SystemExit, match="does not fit this base model"):
        main(["render", "x", f"--base={world.base}", f"--adapter={tmp_path / 'wrong.safetensors'}"])
