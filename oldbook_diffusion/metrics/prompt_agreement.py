"""Whether drawings still show what their prompts say."""

from typing import Any, Literal

import torch
from torch import Tensor
from torchmetrics import Metric

from oldbook_diffusion.metrics.prompt_fidelity import agreement, reciprocal_rank


class PromptAgreement(Metric):
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
