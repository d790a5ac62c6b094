"""Whether drawings still show what their prompts say, whatever style they are in.

All take drawings [N, D] and texts [P, D] of length one, and own [N], the prompt of each drawing.
Products are taken in float64: in float32 the last digits depend on where a tensor lies in memory.
"""

from typing import Any, Literal

import torch
from torch import Tensor
from torchmetrics import Metric


def agreement(drawings: Tensor, texts: Tensor, own: Tensor) -> Tensor:  # => [N]
    """Cosine of each drawing to its prompt: CLIPScore without its factor (Hessel et al. 2021)."""
    return (drawings.double() * texts[own].double()).sum(dim=1)


def centred_agreement(drawings: Tensor, texts: Tensor, own: Tensor) -> Tensor:  # => [N]
    """Agreement less the mean agreement with the other prompts: a shift of style cancels."""
    cosines = drawings.double() @ texts.double().T
    mine = agreement(drawings, texts, own)
    return mine - (cosines.sum(dim=1) - mine) / (len(texts) - 1)


def reciprocal_rank(drawings: Tensor, texts: Tensor, own: Tensor) -> Tensor:  # => [N]
    """One over the rank of a drawing's own prompt among all; 1 where it is identified."""
    cosines = drawings.double() @ texts.double().T
    above = cosines > cosines.gather(1, own[:, None])
    return 1 / (1 + above.sum(dim=1)).double()


def retention(drawings: Tensor, base: Tensor, directions: Tensor) -> Tensor:  # => [N]
    """Cosine of each drawing to the base's of the same prompt and noise, the style projected out.

    Args:
        drawings: [N, D].
        base: [N, D], in the same order.
        directions: [K, D], the directions of style.
    """
    axes = torch.linalg.qr(directions.T.double()).Q
    left, right = (x.double() - x.double() @ axes @ axes.T for x in (drawings, base))
    return torch.cosine_similarity(left, right)


class PromptFidelity(Metric):
    """Mean cosine of drawings to their prompts, and the share that find their own among all.

    The cosine is CLIPScore without its factor (Hessel et al. 2021); it falls a little with any
    change of style. The share (recall at 1) does not, where the style pulls alike at all prompts.
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False

    agreement: Tensor
    identified: Tensor
    count: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("agreement", "identified", "count"):
            zero = torch.tensor(0.0, dtype=torch.float64)
            self.add_state(name, zero, dist_reduce_fx="sum")

    def update(self, drawings: Tensor, texts: Tensor, own: Tensor) -> None:
        """Take in embeddings.

        Args:
            drawings: [N, D], of length one.
            texts: [P, D], of length one, all prompts.
            own: [N], the prompt of each drawing.
        """
        self.agreement += agreement(drawings, texts, own).double().sum()
        self.identified += (reciprocal_rank(drawings, texts, own) == 1).sum()
        self.count += len(drawings)

    def compute(self) -> dict[Literal["agreement", "identified"], Tensor]:
        """Means over the drawings."""
        return {
            "agreement": self.agreement / self.count,
            "identified": self.identified / self.count,
        }
