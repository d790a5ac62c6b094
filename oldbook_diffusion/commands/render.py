"""`oldbook render`: sample any prompt with a base model, and with weights trained on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from oldbook_diffusion.commands.function_command import run_function
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.export import FORMATS, Exporter, read_export
from oldbook_diffusion.images import before_and_after, save_image, slug
from oldbook_diffusion.models import BaseModel, Sampling, generate, load_model
from oldbook_diffusion.models.base import FROZEN_DTYPES

KINDS = ("base", "fine_tuned", "before_after")  # of pictures that one call can write


def run(arguments: Sequence[str]) -> None:
    """Generate, and print the files."""
    options = {"type": str, "help": "what the image shows"}
    run_function("render", arguments, render, "prompt", **options)


def render(**keys: Any) -> list[Path]:
    """Sample, and list the files written; the parser finds the keys in `Render`."""
    return Render(**keys).write()


@dataclass(frozen=True)
class Render:
    """Samples of a prompt by the base model and, beside them, by fine-tuned weights.

    On the device and in the precision of a run, they are the samples of the run.

    Attributes:
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
        device: Where it is sampled, such as cuda, cuda:1, mps or cpu; the GPU where there is one
            when null.
        precision: As `trainer.precision` of a run; half of the memory at 16-mixed and bf16-mixed.
    """

    prompt: str
    base: BaseModel | str = "CompVis/stable-diffusion-v1-4"
    adapter: Path | None = None
    adapter_format: Exporter | None = None
    seed: int = 0
    out: Path = Path("renders")
    scheduler: str = "DPMSolverMultistepScheduler"
    num_inference_steps: int = 25
    guidance_scale: float = 7.5
    negative_prompt: str = ""
    resolution: int | None = None
    device: str | None = None
    precision: Literal["32-true", "16-mixed", "bf16-mixed"] = "32-true"

    def write(self) -> list[Path]:
        """Sample, and list the files written."""
        base = self.base
        model = (load_model(base) if isinstance(base, str) else base).eval()
        sampling = self.sampling(model)
        samples = {"base": self.sample(model, sampling)}
        if self.adapter is not None:
            formats = FORMATS if self.adapter_format is None else [self.adapter_format]
            read_export(model, self.adapter, formats)
            samples["fine_tuned"] = self.sample(model, sampling)
        about = {"prompt": self.prompt, "seed": self.seed, "base": model.pretrained}
        return self.write_samples(samples, {**about, **vars(sampling)})

    def sample(self, model: BaseModel, sampling: Sampling) -> Tensor:  # => [1, 3, H, W]
        """Sample on the device and in the precision asked for."""
        device, dtype = find_device(self.device), FROZEN_DTYPES.get(self.precision)
        model.store_frozen_for(self.precision)
        model.to(device)
        with torch.autocast(device.type, dtype, enabled=dtype is not None):
            return generate(model, [self.prompt], [self.seed], sampling)

    def sampling(self, model: BaseModel) -> Sampling:
        """The settings of sampling, for a model."""
        side = self.resolution or model.default_resolution
        model.check_resolution(side)
        words = (self.scheduler, self.num_inference_steps, self.guidance_scale)
        return Sampling(*words, self.negative_prompt, side)

    def write_samples(self, samples: dict[str, Tensor], metadata: dict[str, object]) -> list[Path]:
        """Write samples, and a sheet of both where there are two."""
        self.out.mkdir(parents=True, exist_ok=True)
        stem = self.free_stem()
        files = [self.out / f"{stem}_{name}.png" for name in samples]
        for (name, sample), file in zip(samples.items(), files, strict=True):
            adapter = self.adapter if name == "fine_tuned" else ""
            save_image(sample[0], file, {**metadata, "adapter": adapter})
        if "fine_tuned" in samples:
            files.append(self.out / f"{stem}_before_after.png")
            sheet = before_and_after([self.prompt], samples["base"], samples["fine_tuned"])
            sheet.save(files[-1])
        return files

    def free_stem(self) -> str:
        """A name that no picture in the folder begins with: prompts and adapters may share one."""
        stem = f"{slug(self.prompt)}_seed={self.seed}"
        numbered = (f"{stem}_{number}" for number in count(2))
        return next(
            one
            for one in chain([stem], numbered)
            if not any((self.out / f"{one}_{kind}.png").exists() for kind in KINDS)
        )


def find_device(name: str | None) -> torch.device:
    """The device of a name; where it is null the GPU, or the CPU without one.

    Raises:
        OldBookError: There is no such device.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (AssertionError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise OldBookError(
            f"there is no device {name!r} ({reason}): leave device out, or set it to cpu"
        ) from error
