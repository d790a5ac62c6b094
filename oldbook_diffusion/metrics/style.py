"""Linear style scores on embeddings: directions from what is not the style towards what is.

All take embeddings [N, D] of length one, and give a direction [D]; the score of an embedding is
its product with the direction, and `normalized` sets 0 at the base model and 1 at plates.
"""

from collections.abc import Sequence
from math import nan

import torch
from sklearn.covariance import ledoit_wolf
from torch import Tensor

from oldbook_diffusion.metrics.inference import prompt_means

NOTHING = 1e-6  # of a direction's length


def projection(plates: Tensor, base: Tensor) -> Tensor:  # => [D]
    """The difference of means: the plainest direction, and blind to shortcuts."""
    return (plates.double().mean(0) - base.double().mean(0)).contiguous()


def beyond_tone(plates: Tensor, base: Tensor, controls: Sequence[Tensor]) -> Tensor:  # => [D]
    """The difference of means without what tone, edges and grain change in the base's samples.

    Args:
        plates: Embeddings of plates.
        base: Embeddings of the base model's samples.
        controls: For each control, the embeddings of the same samples changed by it.

    Returns:
        The direction; NaN where the controls leave none.
    """
    away = torch.stack([projection(control, base) for control in controls])
    basis = torch.linalg.qr(away.T).Q
    direction = projection(plates, base)
    beyond = direction - basis @ (basis.T @ direction)
    # with as many controls as axes nothing is left but rounding, which is no direction
    return beyond if beyond.norm() > NOTHING * direction.norm() else torch.full_like(beyond, nan)


def probe(plates: Tensor, negatives: Sequence[Tensor]) -> Tensor:  # => [D]
    """Linear discriminant analysis of plates against what is not plates, all of it one class.

    The spread between the negative groups counts as spread within that class, so that a way in
    which only some of them are like plates, such as being grey, does not count as style. The
    covariance is shrunk by the rule of Ledoit and Wolf (2004), which needs no tuning.

    Args:
        plates: Embeddings of plates.
        negatives: Embeddings of each named group, all of one size: the base model's samples,
            negative controls, hard negatives.
    """
    classes = [plates.double(), torch.cat(list(negatives)).double()]
    within = torch.cat([members - members.mean(0) for members in classes])
    covariance, _ = ledoit_wolf(within.numpy(), assume_centered=True)
    gap = classes[0].mean(0) - classes[1].mean(0)
    return torch.linalg.solve(torch.from_numpy(covariance), gap)


def normalized(samples: Tensor, base: Tensor, plates: Tensor, prompts: Tensor) -> Tensor:
    """The style gained by each prompt: 0 where the base model is, 1 where plates are.

    Args:
        samples: [N], scores of samples.
        base: [N], scores of the base model's samples of the same prompts from the same noise.
        plates: [M], scores of plates that no direction was fitted on.
        prompts: [N], the prompt of each sample.

    Returns:
        [P], one mean gain of each prompt. The whole distance is one number for all prompts, so
        that prompts whose base samples lie nearer to plates do not count more.
    """
    zero = prompt_means(base, prompts)
    whole = plates.double().mean() - zero.mean()
    return (prompt_means(samples, prompts) - zero) / whole
