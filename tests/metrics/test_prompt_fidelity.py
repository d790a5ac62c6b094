"""PromptFidelity, against what can be worked out by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from oldbook_diffusion.metrics.prompt_fidelity import PromptFidelity


def directions(*angles: float) -> Tensor:
    turns = torch.tensor(angles)
    return torch.stack([turns.cos(), turns.sin()], dim=1)


def test_clip_score_is_the_cosine_to_the_own_prompt() -> None:
    texts = F.normalize(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), dim=1)
    metric = PromptFidelity()
    metric.update(directions(0.0, 0.5), texts, torch.tensor([0, 1]))
    result = metric.compute()
    assert float(result["clip_score"]) == pytest.approx((1 + 0.479426) / 2, abs=1e-5)
    assert float(result["recall"]) == pytest.approx(0.5)
