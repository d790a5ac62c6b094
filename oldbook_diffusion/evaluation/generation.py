"""Drawing inside a run: every process its share, in the precision of the run."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from oldbook_diffusion.sampling import Sampling


def draw_prompts(
    trainer: Trainer,
    pl_module: LightningModule,
    prompts: Sequence[str],
    seeds: Sequence[int],
    sampling: Sampling,
) -> Tensor:  # => [N, 3, H, W] in [0, 1], in every process
    """Draw one image for each prompt and seed, and leave the module in the mode it was in."""
    share = slice(trainer.global_rank, None, trainer.world_size)
    training = pl_module.training
    pl_module.eval()
    with trainer.precision_plugin.forward_context():
        drawings = pl_module(prompts[share], seeds[share], sampling)
    pl_module.train(training)
    return gather(drawings)


def gather(drawings: Tensor) -> Tensor:  # => [N, 3, H, W], in the order of the prompts
    """Bring the shares of all processes together."""
    if not torch.distributed.is_initialized():
        return drawings
    shares: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(shares, drawings)
    whole = torch.empty(sum(map(len, shares)), *drawings.shape[1:])
    for rank, share in enumerate(shares):
        whole[rank :: len(shares)] = share
    return whole
