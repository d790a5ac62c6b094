"""Drawing any prompt with a base model, and with an adapter on it."""

from pathlib import Path

from diffusers import StableDiffusionPipeline

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.pictures import before_and_after, save_drawing, slug
from oldbook_diffusion.sampling import Sampling, pipeline_of, render
from oldbook_diffusion.stable_diffusion import StableDiffusion

WEIGHTS = "pytorch_lora_weights.safetensors"


def draw(
    prompt: str,
    base: str = "CompVis/stable-diffusion-v1-4",
    adapter: Path | None = None,
    seed: int = 0,
    out: Path = Path("renders"),
    sampler: str = "DPMSolverMultistepScheduler",
    num_steps: int = 25,
    guidance_scale: float = 7.5,
    negative_prompt: str = "",
    resolution: int | None = None,
) -> list[Path]:
    """Draw a prompt with the base model and, beside it, with an adapter.

    Args:
        prompt: What to draw.
        base: Hub name or local folder of a Stable Diffusion checkpoint.
        adapter: File of an adapter, or the folder it is in; only the base draws when null.
        seed: Seed of the noise.
        out: Folder of the drawings.
        sampler: Class name of a diffusers scheduler.
        num_steps: Denoising steps.
        guidance_scale: Weight of classifier-free guidance; 1 is none.
        negative_prompt: What guidance steers away from.
        resolution: Side of the drawing, in pixels; the model's own when null.

    Returns:
        The files written.
    """
    model = StableDiffusion(base).eval()
    side = resolution or model.unet.config.sample_size * model.downsampling
    model.check_resolution(side)
    sampling = Sampling(sampler, num_steps, guidance_scale, negative_prompt, side)
    origin = {"prompt": prompt, "seed": seed, "base": base, **vars(sampling)}
    drawings = {"base": render(model, [prompt], [seed], sampling)}
    if adapter is not None:
        load_adapter(pipeline_of(model, sampler), adapter)
        model.eval()  # an adapter comes in training mode, and may drop
        drawings["tuned"] = render(model, [prompt], [seed], sampling)
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for name, drawing in drawings.items():
        files.append(out / f"{slug(prompt)}_seed={seed}_{name}.png")
        save_drawing(
            drawing[0], files[-1], {**origin, "adapter": adapter if name == "tuned" else ""}
        )
    if adapter is not None:
        files.append(out / f"{slug(prompt)}_seed={seed}_before_after.png")
        before_and_after([prompt], drawings["base"], drawings["tuned"]).save(files[-1])
    return files


def load_adapter(pipeline: StableDiffusionPipeline, adapter: Path) -> None:
    """Load an adapter as any user of diffusers does.

    Raises:
        OldBookError: There is no such file, or it does not fit the base model.
    """
    file = adapter / WEIGHTS if adapter.is_dir() else adapter
    if not file.is_file():
        raise OldBookError(f"there is no adapter {file}: look into checkpoints/ of a run's folder")
    try:
        pipeline.load_lora_weights(file.parent, weight_name=file.name)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise OldBookError(f"the adapter {file} does not fit this base model: {reason}") from error
