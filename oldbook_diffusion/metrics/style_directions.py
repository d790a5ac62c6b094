"""Linear style scores on embeddings: directions from what is not the style towards what is.

All take embeddings [N, D] of length one, and give a direction [D]; the score of an embedding is
its product with the direction, and `normalised` sets 0 at the base model and 1 at plates.
"""

from collections.abc import Sequence

import torch
from sklearn.covariance import ledoit_wolf
from torch import Tensor

from oldbook_diffusion.metrics.paired_inference import prompt_means


def projection(plates: Tensor, base: Tensor) -> Tensor:  # => [D]
    """The difference of means: the plainest direction, and blind to shortcuts."""
    return (plates.double().mean(0) - base.double().mean(0)).contiguous()


def beyond_tone(plates: Tensor, base: Tensor, controls: Sequence[Tensor]) -> Tensor:  # => [D]
    """The difference of means without what tone, edges and grain change in the base's drawings.

    Args:
        plates: Embeddings of plates.
        base: Embeddings of the base model's drawings.
        controls: For each control, the embeddings of the same drawings changed by it.
    """
    away = torch.stack([projection(control, base) for control in controls])
    basis = torch.linalg.qr(away.T).Q
    direction = projection(plates, base)
    return direction - basis @ (basis.T @ direction)


def probe(plates: Tensor, negatives: Sequence[Tensor]) -> Tensor:  # => [D]
    """Linear discriminant analysis of plates against several groups that are not plates.

    Groups count alike, whatever their sizes. The covariance within groups is shrunk by the rule
    of Ledoit and Wolf (2004), which needs no tuning.

    Args:
        plates: Embeddings of plates.
        negatives: Embeddings of each named group: the base model's drawings, photographs,
            controls, decoy styles.
    """
    groups = [group.double() for group in (plates, *negatives)]
    within = torch.cat([group - group.mean(0) for group in groups])
    covariance, _ = ledoit_wolf(within.numpy(), assume_centered=True)
    against = torch.stack([group.mean(0) for group in groups[1:]]).mean(0)
    return torch.linalg.solve(torch.from_numpy(covariance), groups[0].mean(0) - against)


def normalised(drawings: Tensor, base: Tensor, plates: Tensor, prompts: Tensor) -> Tensor:
    """The style gained by each prompt: 0 where the base model is, 1 where plates are.

    Args:
        drawings: [N], scores of drawings.
        base: [N], scores of the base model's drawings of the same prompts from the same noise.
        plates: [M], scores of plates that no direction was fitted on.
        prompts: [N], the prompt of each drawing.

    Returns:
        [P], one mean gain of each prompt. The whole distance is one number for all prompts, so
        that prompts whose base drawings lie nearer to plates do not count more.
    """
    origin = prompt_means(base, prompts)
    whole = plates.double().mean() - origin.mean()
    return (prompt_means(drawings, prompts) - origin) / whole
