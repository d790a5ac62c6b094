"""`oldbook render`: sample any prompt with a base model, and with weights trained on it."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from oldbook_diffusion.commands.function_command import run_function
from oldbook_diffusion.export import FORMATS, Exporter, read_export
from oldbook_diffusion.images import before_and_after, save_drawing, slug
from oldbook_diffusion.models import BaseModel, Sampling, generate, load_model


def run(arguments: Sequence[str]) -> None:
    """Generate, and print the files."""
    run_function("render", arguments, render, "prompt", type=str, help="what the image shows")


def render(
    prompt: str,
    base: BaseModel | str = "CompVis/stable-diffusion-v1-4",
    adapter: Path | None = None,
    adapter_format: Exporter | None = None,
    seed: int = 0,
    out: Path = Path("renders"),
    scheduler: str = "DPMSolverMultistepScheduler",
    num_inference_steps: int = 25,
    guidance_scale: float = 7.5,
    negative_prompt: str = "",
    resolution: int | None = None,
) -> list[Path]:
    """Sample a prompt with the base model and, beside it, with fine-tuned weights.

    Args:
        prompt: Text to sample.
        base: Hub name or local folder of a base model, or a class of base models.
        adapter: File of fine-tuned weights, or the folder it is in; base model only when null.
        adapter_format: Format of these weights; recognized by their files when null.
        seed: Seed of the noise.
        out: Folder of the samples.
        scheduler: Class name of a diffusers scheduler.
        num_inference_steps: Denoising steps.
        guidance_scale: Weight of classifier-free guidance; 1 is none.
        negative_prompt: What guidance steers away from.
        resolution: Side of the sample, in pixels; the model's own when null.

    Returns:
        The files written.
    """
    model = (load_model(base) if isinstance(base, str) else base).eval()
    side = resolution or model.default_resolution
    model.check_resolution(side)
    sampling = Sampling(scheduler, num_inference_steps, guidance_scale, negative_prompt, side)
    metadata = {"prompt": prompt, "seed": seed, "base": model.pretrained, **vars(sampling)}
    samples = {"base": generate(model, [prompt], [seed], sampling)}
    if adapter is not None:
        read_export(model, adapter, FORMATS if adapter_format is None else [adapter_format])
        samples["fine_tuned"] = generate(model, [prompt], [seed], sampling)
    return write_samples(out, prompt, seed, samples, {**metadata, "adapter": adapter})


def write_samples(
    out: Path, prompt: str, seed: int, samples: dict[str, Tensor], metadata: dict[str, object]
) -> list[Path]:
    """Write samples of a prompt, and a sheet of both where there are two."""
    out.mkdir(parents=True, exist_ok=True)
    stem = f"{slug(prompt)}_seed={seed}"
    files = [out / f"{stem}_{name}.png" for name in samples]
    for (name, sample), file in zip(samples.items(), files, strict=True):
        adapter = metadata["adapter"] if name == "fine_tuned" else ""
        save_drawing(sample[0], file, {**metadata, "adapter": adapter})
    if "fine_tuned" in samples:
        files.append(out / f"{stem}_before_after.png")
        before_and_after([prompt], samples["base"], samples["fine_tuned"]).save(files[-1])
    return files
