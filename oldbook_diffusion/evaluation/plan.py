"""Sampling plan: what is sampled at every checkpoint, from which noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from oldbook_diffusion.models import Sampling

# first seeds of what is sampled beside the prompts, so that no two groups share their noise
PROBE_FIT, CAPTIONS, OFF_STYLE, REPLICATES, CONFIRMATION = 10_000, 20_000, 30_000, 40_000, 50_000


class SampleImages(NamedTuple):
    """Samples as images [·, 3, H, W] in [0, 1].

    Attributes:
        prompts: Of the prompts.
        captions: Of plates' captions.
        off_style: Of prompts that ask for another style.
    """

    prompts: Tensor
    captions: Tensor
    off_style: Tensor


@dataclass(frozen=True)
class SamplingPlan:
    """What is sampled at every checkpoint.

    Attributes:
        prompts: All prompts.
        samples_per_prompt: Samples of each prompt.
        first_seed: Seed of the first sample; the next sample takes the next seed.
        sampling: How samples are made from noise.
        captions: Captions of plates.
        off_style: Prompts that ask for another style.
    """

    prompts: Sequence[str]
    samples_per_prompt: int
    first_seed: int
    sampling: Sampling
    captions: Sequence[str] = ()
    off_style: Sequence[str] = ()

    @property
    def prompt_ids(self) -> list[int]:
        """The prompt of each sample of the prompts, by number."""
        return [
            number for number in range(len(self.prompts)) for _ in range(self.samples_per_prompt)
        ]

    @property
    def seeds(self) -> range:
        """The seed of each sample of the prompts."""
        return range(self.first_seed, self.first_seed + len(self.prompt_ids))

    @property
    def texts(self) -> list[str]:
        """The prompt of each sample of the prompts, as text."""
        return [self.prompts[number] for number in self.prompt_ids]

    @property
    def requests(self) -> list[tuple[str, int]]:
        """The prompt and the seed of everything that is sampled."""
        groups = (
            (self.texts, self.first_seed),
            (self.captions, CAPTIONS),
            (self.off_style, OFF_STYLE),
        )
        return [(text, first + i) for texts, first in groups for i, text in enumerate(texts)]

    def split(self, images: Tensor) -> SampleImages:
        """Split images [N, 3, H, W] in the order of `requests` into their groups."""
        sizes = [len(self.prompt_ids), len(self.captions), len(self.off_style)]
        return SampleImages(*images.split(sizes))
