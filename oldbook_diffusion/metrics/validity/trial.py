"""Trial: embeddings that the validity checks of an encoder need beyond the reference set."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

MIXTURES = (0.0, 0.25, 0.5, 0.75, 1.0)  # fractions of the plate in a blend


@dataclass(frozen=True)
class Trial:
    """Embeddings that the checks need beyond the reference set.

    Attributes:
        replicates: The base model's samples of the prompts, from other noise.
        hard_negatives: For each hard negative, the base's samples of the prompts changed by it.
        variants: Held-out plates changed by what should not matter, in the same order.
        untouched: Held-out plates that have not been through the autoencoder.
        mixtures: [5, K, D], samples of held-out captions blended with the plates of them.
        negatives: Images that are not of the style; [0, D] where none are given.
    """

    replicates: Tensor
    hard_negatives: Mapping[str, Tensor]
    variants: Mapping[str, Tensor]
    untouched: Tensor
    mixtures: Tensor
    negatives: Tensor
