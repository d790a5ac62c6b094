"""Settings of sampling."""

from dataclasses import dataclass

import diffusers

from oldbook_diffusion.errors import OldBookError


@dataclass(frozen=True)
class Sampling:
    """How images are sampled from noise.

    Attributes:
        scheduler: Class name of a diffusers scheduler.
        num_inference_steps: Denoising steps per sample.
        guidance_scale: Weight of classifier-free guidance (Ho and Salimans 2022); 1 is none, and
            takes half the time.
        negative_prompt: What guidance steers away from.
        resolution: Side of the samples, in pixels.
        batch_size: Samples generated at once; it changes the speed, not the noise.
    """

    scheduler: str = "DPMSolverMultistepScheduler"
    num_inference_steps: int = 25
    guidance_scale: float = 7.5
    negative_prompt: str = ""
    resolution: int = 512
    batch_size: int = 4

    def __post_init__(self) -> None:
        if not hasattr(getattr(diffusers, self.scheduler, None), "from_config"):
            raise OldBookError(
                f"{self.scheduler!r} is not a scheduler of diffusers, take for "
                "instance DPMSolverMultistepScheduler, DDIMScheduler or EulerDiscreteScheduler"
            )

    @property
    def guided(self) -> bool:
        """Whether each step needs the denoiser without the prompt too."""
        return self.guidance_scale > 1
