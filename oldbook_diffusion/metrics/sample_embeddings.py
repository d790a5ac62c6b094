"""SampleEmbeddings: what one model's samples look like to an encoder."""

from collections.abc import Mapping
from typing import NamedTuple, Self

from torch import Tensor


class SampleEmbeddings(NamedTuple):
    """Embeddings [·, D] of one model's samples, each in the order of the reference set's.

    Attributes:
        prompts: Of the prompts, by which style is measured.
        captions: Of plates' captions.
        off_style: Of prompts that ask for another style.
    """

    prompts: Tensor
    captions: Tensor
    off_style: Tensor

    @classmethod
    def of_prompts(cls, prompts: Tensor) -> Self:
        """Samples of the prompts alone."""
        return cls(prompts, prompts[:0], prompts[:0])

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Self:
        """Samples out of a file that holds more than them.

        Raises:
            KeyError: It does not hold them.
        """
        return cls(*(tensors[name] for name in cls._fields))
