"""The chosen checkpoint on what the choice has never seen: other noise, and other prompts.

A checkpoint that was chosen for its score is a little luckier than it is good; drawings from
fresh noise have no part in that luck.
"""

import json
import logging
from pathlib import Path

import torch
from lightning.pytorch import LightningModule, Trainer

from oldbook_diffusion.adapter import keep_trainable, restore_frozen, without_adapter
from oldbook_diffusion.evaluation.artifacts import excused
from oldbook_diffusion.evaluation.generation import draw_prompts
from oldbook_diffusion.evaluation.plan import FRESH, SamplingPlan
from oldbook_diffusion.evaluation.prompts import FRESH_PROMPTS
from oldbook_diffusion.evaluation.scorer import Scorer
from oldbook_diffusion.metrics.compute import confirm
from oldbook_diffusion.run.checkpoint_io import read_checkpoint
from oldbook_diffusion.run.folder import run_folder
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)
FILE = "checkpoints/confirmed.json"


def confirm_choice(
    trainer: Trainer, pl_module: LightningModule, scores: Scorer, assignment: SamplingPlan
) -> None:
    """Draw with the chosen checkpoint's adapter, where one is chosen, and write what it scores."""
    assert isinstance(pl_module, StyleDiffusion)
    folder = run_folder(trainer)
    step = chosen_step(folder)
    file = folder / f"checkpoints/step={step or 0:06d}.ckpt"
    there = step is not None and file.is_file()
    step, file = trainer.strategy.broadcast((step, file) if there else (None, file))
    if step is None:
        return
    last = {
        name: x.clone() for name, x in keep_trainable(pl_module, pl_module.state_dict()).items()
    }
    chosen = read_checkpoint(file, pl_module.device)["state_dict"]
    pl_module.load_state_dict(restore_frozen(pl_module, chosen))
    orders = {
        "the prompts, other noise": (assignment.prompts, FRESH),
        "other prompts": (FRESH_PROMPTS, FRESH + len(assignment.own)),
    }
    found = {
        what: again(trainer, pl_module, scores, assignment, list(prompts), first)
        for what, (prompts, first) in orders.items()
    }
    pl_module.load_state_dict(restore_frozen(pl_module, last))
    if trainer.is_global_zero:
        with excused("the confirmation"):
            record = {"step": step, **scores.encoder.origin, "scores": found}
            (folder / FILE).write_text(json.dumps(record, indent=2) + "\n")
        for what, numbers in found.items():
            log.info("Step %d on %s: style %s", step, what, in_words(numbers))


def chosen_step(folder: Path) -> int | None:
    """The step that a run recommends, or none."""
    file = folder / "checkpoints/best.json"
    if not file.is_file():
        return None
    step: int | None = json.loads(file.read_text())["step"]
    return step


def again(
    trainer: Trainer,
    pl_module: StyleDiffusion,
    scores: Scorer,
    assignment: SamplingPlan,
    prompts: list[str],
    first: int,
) -> dict[str, float]:
    """Draw and score some prompts, from the seeds after a first one."""
    texts = [prompt for prompt in prompts for _ in range(assignment.num_seeds)]
    order = (texts, range(first, first + len(texts)), assignment.sampling)
    tuned = draw_prompts(trainer, pl_module, *order)
    with without_adapter(pl_module.model.unet):
        base = draw_prompts(trainer, pl_module, *order)
    if not trainer.is_global_zero or scores.panel is None:
        return {}
    own = torch.arange(len(prompts)).repeat_interleave(assignment.num_seeds)
    drawn = (scores.embed(base), scores.embed(tuned))
    return confirm(scores.panel, *drawn, own, scores.embed_texts(prompts))


def in_words(numbers: dict[str, float]) -> str:
    """The style score with its interval, where there is one."""
    score = f"{numbers['style/score']:.2f}"
    if "style/score_lower" not in numbers:
        return score
    return f"{score} ({numbers['style/score_lower']:.2f} to {numbers['style/score_upper']:.2f})"
