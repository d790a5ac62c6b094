"""Sampling inside a run: every process its shard, in the precision of the run."""

from collections.abc import Sequence

from torch import Tensor

from oldbook_diffusion.models import Sampling
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.system import StyleDiffusion


def generate(
    context: RunContext,
    system: StyleDiffusion,
    prompts: Sequence[str],
    seeds: Sequence[int],
    sampling: Sampling,
) -> Tensor:  # => [N, 3, H, W] in [0, 1], in every process
    """Sample one image for each prompt and seed, and leave the module in the mode it was in."""
    training = system.training
    system.eval()
    with context.trainer.precision_plugin.forward_context():
        images = system(context.shard(prompts), context.shard(seeds), sampling)
    system.train(training)
    return context.gather(images)
