"""Confirmation of the selected checkpoint on noise and prompts that it was not selected by.

A checkpoint that was selected for its score is a little luckier than it is good; samples from
fresh noise have no part in that luck.
"""

import logging

import torch

from oldbook_diffusion.evaluation.artifacts import optional
from oldbook_diffusion.evaluation.generation import generate
from oldbook_diffusion.evaluation.plan import CONFIRMATION, SamplingPlan
from oldbook_diffusion.evaluation.prompts import CONFIRMATION_PROMPTS
from oldbook_diffusion.evaluation.scorer import Scorer
from oldbook_diffusion.metrics.catalogue import STYLE
from oldbook_diffusion.metrics.compute import confirm as confirm_scores
from oldbook_diffusion.run.checkpoint_io import read_checkpoint
from oldbook_diffusion.run.context import RunContext
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


def confirm(
    context: RunContext, system: StyleDiffusion, scorer: Scorer, plan: SamplingPlan, step: int
) -> None:
    """Sample with the adapter of a checkpoint, and write what it scores."""
    there = context.folder.checkpoint(step)
    if (file := context.broadcast(there if there.is_file() else None)) is None:
        return
    last = system.trained_state()
    chosen = read_checkpoint(file, system.device)["state_dict"]
    system.load_trained_state(chosen)
    groups = {
        "the prompts, other noise": (plan.prompts, CONFIRMATION),
        "other prompts": (CONFIRMATION_PROMPTS, CONFIRMATION + len(plan.prompt_ids)),
    }
    scores = {
        name: score_prompts(context, system, scorer, plan, list(prompts), first)
        for name, (prompts, first) in groups.items()
    }
    system.load_trained_state(last)
    if context.is_main:
        with optional("the confirmation"):
            record = {"step": step, **scorer.encoder.metadata, "scores": scores}
            context.folder.write_confirmation(record)
        for name, values in scores.items():
            log.info("Step %d on %s: style %s", step, name, STYLE.in_words(values))


def score_prompts(
    context: RunContext,
    system: StyleDiffusion,
    scorer: Scorer,
    plan: SamplingPlan,
    prompts: list[str],
    first: int,
) -> dict[str, float]:
    """Sample and score some prompts, from the seeds after a first one."""
    texts = [prompt for prompt in prompts for _ in range(plan.samples_per_prompt)]
    order = (texts, range(first, first + len(texts)), plan.sampling)
    fine_tuned = generate(context, system, *order)
    with system.base_model():
        base = generate(context, system, *order)
    if not context.is_main or scorer.references is None:
        return {}
    own = torch.arange(len(prompts)).repeat_interleave(plan.samples_per_prompt)
    samples = (scorer.embed(base), scorer.embed(fine_tuned))
    return confirm_scores(scorer.references, *samples, own, scorer.embed_texts(prompts))
