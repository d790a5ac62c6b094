"""Files of kohya's scripts: other programs read ours, and we read theirs or say why not."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image, ImageChops
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from oldbook_diffusion.cli import main
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.export import FORMATS, read_export
from oldbook_diffusion.models import StableDiffusion
from tests.conftest import Runs, World, write_config
from tests.export.test_base import predict

FILE = "checkpoints/step=000004/kohya_adapter.safetensors"
Weights = dict[str, Tensor]


@pytest.fixture(scope="module")
def run(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a LoRA whose alpha is not its rank."""
    return Runs(write_config(world, tmp_path_factory.mktemp("kohya"))).fit(
        "--model.optimizer.init_args.lr=0.3",
        "--model.method.init_args.alpha=7.0",
        "--render.prompts=[]",
        "--render.encoder=null",
    )


def read(world: World, weights: Weights, folder: Path) -> Tensor:
    """What a model predicts with weights of a file."""
    save_file(weights, folder / "theirs.safetensors")
    model = StableDiffusion(str(world.base))
    read_export(model, folder / "theirs.safetensors", FORMATS)
    return predict(model.unet)


def test_diffusers_reads_the_file_of_a_checkpoint_as_its_own(run: Path, world: World) -> None:
    found = []
    for name in ("kohya_adapter.safetensors", "pytorch_lora_weights.safetensors"):
        pipeline = StableDiffusionPipeline.from_pretrained(world.base)
        pipeline.load_lora_weights(run / "checkpoints/step=000004", weight_name=name)
        found.append(predict(pipeline.unet))
    assert torch.allclose(*found, atol=1e-5)
    base = predict(StableDiffusion(str(world.base)).unet)
    assert float((found[0] - base).abs().max()) > 1e-2


def test_render_reads_the_file(run: Path, world: World, tmp_path: Path) -> None:
    images = []
    for file in (run / FILE, (run / FILE).with_name("pytorch_lora_weights.safetensors")):
        out = tmp_path / file.stem
        words = ["a rose", f"--base={world.base}", f"--adapter={file}", f"--out={out}"]
        main(["render", *words, "--num_inference_steps=2"])
        images.append(Image.open(next(out.glob("*fine_tuned.png"))).convert("RGB"))
    difference = ImageChops.difference(*images)
    assert max(high for _, high in difference.getextrema()) <= 1


def test_the_file_says_what_it_is_and_names_no_place(run: Path, world: World) -> None:
    with safe_open(run / FILE, "pt") as content:
        metadata = content.metadata()
    assert metadata["ss_network_module"] == "networks.lora"
    assert (metadata["ss_network_dim"], metadata["ss_network_alpha"]) == ("2", "2")
    assert metadata["ss_base_model_version"] == "sd_v1"
    assert metadata["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert str(world.base) not in str(metadata)
    assert (run / FILE).stat().st_mode & 0o777 == 0o644


def test_alpha_scales_what_is_read_and_is_the_rank_where_there_is_none(
    run: Path, world: World, tmp_path: Path
) -> None:
    weights = load_file(run / FILE)
    whole = read(world, weights, tmp_path)
    halved = {
        n: v * 2 if ".lora_up" in n else v / 2 if "alpha" in n else v for n, v in weights.items()
    }
    assert torch.allclose(read(world, halved, tmp_path), whole, atol=1e-5)
    without = {name: value for name, value in weights.items() if "alpha" not in name}
    assert torch.allclose(read(world, without, tmp_path), whole, atol=1e-5)


def test_a_text_encoder_is_read_too(world: World, tmp_path: Path) -> None:
    name = "lora_te_text_model_encoder_layers_0_self_attn_q_proj"
    torch.manual_seed(0)
    down, up = torch.randn(2, 16), torch.randn(16, 2)
    save_file(
        {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up},
        tmp_path / "te.safetensors",
    )
    model = StableDiffusion(str(world.base))
    before = model.encode_prompts(["a rose"])["prompt_embeds"]
    read_export(model, tmp_path / "te.safetensors", FORMATS)
    assert not torch.allclose(model.encode_prompts(["a rose"])["prompt_embeds"], before)


def other_base(weights: Weights) -> Weights:
    return {name.replace("down_blocks", "input_blocks"): v for name, v in weights.items()}


def narrower(weights: Weights) -> Weights:
    return {
        n: v[:, :3].contiguous() if "down" in n.split(".")[1] else v for n, v in weights.items()
    }


def without_up(weights: Weights) -> Weights:
    last = next(name for name in reversed(weights) if "lora_up" in name)
    return {name: value for name, value in weights.items() if name != last}


def without_update(weights: Weights) -> Weights:
    return {name: v * 0 if ".lora_up" in name else v for name, v in weights.items()}


def with_part(part: str) -> Callable[[Weights], Weights]:
    def change(weights: Weights) -> Weights:
        first = next(iter(weights)).split(".")[0]
        return {**weights, f"{first}.{part}": torch.ones(1)}

    return change


BROKEN = {
    "have no place in this model": other_base,
    "for a weight of": narrower,
    "holds tensors alpha, lora_down.weight": without_up,
    "holds DoRA, from which programs compute different things": with_part("dora_scale"),
    "holds OFT": with_part("oft_blocks"),
    "or holds NaN or inf": lambda weights: {n: v * float("nan") for n, v in weights.items()},
    "it holds no update": lambda weights: {
        n: v * 0 if "up" in n else v for n, v in weights.items()
    },
}


@pytest.mark.parametrize("said", BROKEN)
def test_a_file_that_does_not_fit_is_refused_in_one_sentence(
    run: Path, world: World, tmp_path: Path, said: str
) -> None:
    weights = load_file(run / FILE)
    with pytest.raises(OldBookError, match=said) as error:
        read(world, BROKEN[said](weights), tmp_path)
    assert "does not fit this base model" in str(error.value)


def test_a_file_that_is_cut_is_refused_in_one_sentence(
    run: Path, world: World, tmp_path: Path
) -> None:
    content = (run / FILE).read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(SystemExit, match="does not fit this base model"):
        main(
            [
                "render",
                "a rose",
                f"--base={world.base}",
                f"--adapter={tmp_path / 'cut.safetensors'}",
            ]
        )


def test_a_format_by_its_class_writes_the_same_file_later(run: Path, tmp_path: Path) -> None:
    words = ["export", str(run / "checkpoints/last.ckpt"), "--format=Kohya"]
    main([*words, f"--out={tmp_path}"])
    assert (tmp_path / "kohya_adapter.safetensors").read_bytes() == (run / FILE).read_bytes()
