"""Every method in every format, as every program reads it: `python -m tests.export.matrix`.

It measures them, and writes the table into `docs/formats.md`.
"""

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils import logging
from peft import PeftModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from oldbook_diffusion.export import FORMATS, export
from oldbook_diffusion.methods import FullFineTuning, LoRA, Method, Peft
from oldbook_diffusion.models import StableDiffusion
from tests import tiny
from tests.export import programs

METHODS: dict[str, Callable[[], Method]] = {
    "lora": lambda: LoRA(rank=2, alpha=7.0, dropout=0.5),
    "lora_of_all_layers": lambda: LoRA(
        rank=2, target_modules=["to_q", "to_out.0", "proj_in", "ff.net.2", "conv1"]
    ),
    "rslora": lambda: Peft("LoraConfig", {"r": 2, "lora_alpha": 4, "use_rslora": True}),
    "lora_with_patterns": lambda: Peft(
        "LoraConfig",
        {"r": 2, "lora_alpha": 8, "rank_pattern": {"to_q": 3}, "alpha_pattern": {"to_v": 5}},
    ),
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


def load_single_file(base: Path, folder: Path) -> nn.Module:
    (file,) = folder.glob("*.safetensors")
    pipeline = StableDiffusionPipeline.from_single_file(
        file, config=str(base), local_files_only=True
    )
    return pipeline.unet


READERS = {
    "DiffusersLoRA": load_in_diffusers,
    "PeftFolder": load_in_peft,
    "FullDenoiser": load_part,
    "Kohya": load_as_other_programs,
    "Merged": load_part,
    "SingleFile": load_single_file,
}


def trained(base: Path, method: Method) -> StableDiffusion:
    """A model whose trained weights have moved."""
    torch.manual_seed(0)
    model = StableDiffusion(str(base))
    method.attach(model)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model


def load_in_diffusers_without_metadata(base: Path, folder: Path) -> nn.Module:
    (file,) = folder.glob("*.safetensors")
    with tempfile.TemporaryDirectory() as bare:
        save_file(load_file(file), Path(bare) / file.name)
        return load_in_diffusers(base, Path(bare))


COLUMNS: dict[str, tuple[str, Callable[[Path, Path], nn.Module]]] = {
    "diffusers → diffusers": ("DiffusersLoRA", load_in_diffusers),
    "without metadata": ("DiffusersLoRA", load_in_diffusers_without_metadata),
    "peft → peft": ("PeftFolder", load_in_peft),
    "kohya → diffusers": ("Kohya", load_in_diffusers),
    "kohya → ComfyUI, A1111": ("Kohya", load_as_other_programs),
    "merged → diffusers": ("Merged", load_part),
    "single-file → diffusers": ("SingleFile", load_single_file),
}
LIMIT = 1e-5
PAGE = Path(__file__).parents[2] / "docs/formats.md"
MEASURED = "Measured when this page was written: "


def measure(base: Path, method: Method, folder: Path) -> tuple[list[float | str], float]:
    """The difference of predictions by column, or who refuses; and what the adapter moves."""
    model = trained(base, method)
    expected = predict(model.unet)
    for exporter in FORMATS:
        if exporter.supports(method, model):
            export(exporter, method, model, folder / exporter.name)
    cells: list[float | str] = []
    for name, reader in COLUMNS.values():
        if not (folder / name).exists():
            cells.append("not written")
            continue
        try:
            found = predict(reader(base, folder / name))
        except ValueError:
            cells.append("not read")
            continue
        cells.append(float((found - expected).abs().max()))
    with method.disabled(model):
        moved = float((predict(model.unet) - expected).abs().max())
    return cells, moved


def page() -> str:
    """The page of the docs."""
    rows, largest, least = [], 0.0, float("inf")
    logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as work, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        base = tiny.write_pipeline(Path(work) / "base")
        for name, make in METHODS.items():
            cells, moved = measure(base, make(), Path(work) / name)
            numbers = [cell for cell in cells if isinstance(cell, float)]
            largest, least = max(largest, *numbers), min(least, moved)
            words = [c if isinstance(c, str) else "same" if c < LIMIT else "WRONG" for c in cells]
            rows.append(f"| {name.replace('_', ' ')} | {' | '.join(words)} |")
    head = f"| method | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 1)}"
    measured = (
        f"{MEASURED}{largest:.0e} at most, where the adapters move it by {least:.0e} or more."
    )
    return TEXT.format(table="\n".join([head, *rows]), measured=measured)


TEXT = """# Which program reads which file

Written by `python -m tests.export.matrix`, and held to be current by a test. A method is trained
on a tiny Stable Diffusion, written in a format (before the arrow) and read by a program (behind
it); *same* says that the largest difference of the denoiser's prediction is below 0.00001. ComfyUI
and AUTOMATIC1111 are their arithmetic, written anew from their sources
(`tests/export/programs.py`), not runs of them.

{table}

{measured}

* *Without metadata*: the file of diffusers as a reader takes it that ignores its header.
* *Not written*: `oldbook export` refuses it, and says what holds the method instead. Programs
  compute different things from DoRA in kohya's layout, and turn the other side of a layer with OFT.
* *Not read*: the program refuses the file with an error.
* `merged` and `single-file` hold every method, and are as large as the base model.
"""

if __name__ == "__main__":
    PAGE.write_text(page())
