"""PromptFidelity: mean CLIP score and recall@1 of samples."""

from typing import Any, Literal

import torch
from torch import Tensor
from torchmetrics import Metric

from oldbook_diffusion.metrics.fidelity import clip_score, reciprocal_rank


class PromptFidelity(Metric):
    """Mean CLIP score and recall@1 of samples, over all samples alike.

    The CLIP score is without its factor (Hessel et al. 2021); it falls a little with any change
    of style. Recall@1, the fraction of samples that find their own prompt among all, does not,
    where the style pulls alike at all prompts.
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False

    clip_score: Tensor
    recall: Tensor
    count: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("clip_score", "recall", "count"):
            zero = torch.tensor(0.0, dtype=torch.float64)
            self.add_state(name, zero, dist_reduce_fx="sum")

    def update(self, samples: Tensor, texts: Tensor, own: Tensor) -> None:
        """Take in embeddings.

        Args:
            samples: [N, D], of length one.
            texts: [P, D], of length one, all prompts.
            own: [N], the prompt of each sample.
        """
        self.clip_score += clip_score(samples, texts, own).double().sum()
        self.recall += (reciprocal_rank(samples, texts, own) == 1).sum()
        self.count += len(samples)

    def compute(self) -> dict[Literal["clip_score", "recall"], Tensor]:
        """Means over the samples."""
        return {"clip_score": self.clip_score / self.count, "recall": self.recall / self.count}
