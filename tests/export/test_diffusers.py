"""An exported LoRA does in plain diffusers what it does here."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.export import FORMATS, read_export
from oldbook_diffusion.models import StableDiffusion
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


def test_the_adapter_says_that_alpha_is_its_rank_for_it_is_folded_in(runs: Runs) -> None:
    run = runs.fit("--model.method.init_args.alpha=7.0", "--render.prompts=[]")
    file = run / EXPORT / "pytorch_lora_weights.safetensors"
    with safe_open(file, "pt") as content:
        metadata = str(content.metadata())
        assert all("lora" in key for key in content.keys())  # noqa: SIM118
    assert '"unet.lora_alpha": 2' in metadata
    assert '"unet.r": 2' in metadata


def test_a_file_that_diffusers_would_read_in_part_or_not_at_all_is_refused(
    runs: Runs, world: World, tmp_path: Path
) -> None:
    run = runs.fit("--render.prompts=[]", "--render.encoder=null")
    weights = load_file(run / EXPORT / "pytorch_lora_weights.safetensors")
    one_layer = "unet.up_blocks.9.attentions.0.proj_in"
    broken = {
        "1 of its .* layers have no place in this model, first up_blocks.9": {
            **weights,
            f"{one_layer}.lora_A.weight": torch.ones(2, 8),
            f"{one_layer}.lora_B.weight": torch.ones(8, 2),
        },
        "diffusers finds none of its layers": {
            name.replace("unet.", "transformer.", 1): x for name, x in weights.items()
        },
        "holds NaN": {name: x * float("nan") for name, x in weights.items()},
    }
    for said, theirs in broken.items():
        save_file(theirs, tmp_path / "theirs.safetensors")
        with pytest.raises(OldBookError, match=said):
            read_export(StableDiffusion(str(world.base)), tmp_path / "theirs.safetensors", FORMATS)
