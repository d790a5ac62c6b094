"""The checkpoint that a run recommends, by a rule written down in its config."""

import json
import logging
from dataclasses import asdict
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only
from safetensors.torch import load_file

from oldbook_diffusion.callbacks.run_folder import run_folder
from oldbook_diffusion.metrics.panel import Panel
from oldbook_diffusion.metrics.selection import Choice, Rule, choose

log = logging.getLogger(__name__)


class ChooseCheckpoint(Callback):
    """At the end of a run, name the checkpoint to take: `checkpoints/best` and `best.ckpt`.

    Args:
        rule: What a checkpoint must keep to be taken.
    """

    def __init__(self, rule: Rule = Rule()) -> None:  # noqa: B008
        self.rule = rule

    @rank_zero_only
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose among all that this run has drawn, before it was resumed too."""
        folder = run_folder(trainer)
        if (folder / "images/panel.safetensors").is_file():
            log.info(recommend(folder, self.rule).reason)


def recommend(folder: Path, rule: Rule) -> Choice:
    """Choose a checkpoint of the run in a folder, and mark it there; a full disk is no error."""
    panel = Panel.from_tensors(load_file(folder / "images/panel.safetensors"))
    files = sorted(folder.glob("images/step=*/embeddings.safetensors"))
    drawings = {int(f.parent.name[5:]): load_file(f)["embeddings"] for f in files}
    choice = choose(panel, drawings, rule)
    checkpoints = folder / "checkpoints"
    try:
        checkpoints.mkdir(exist_ok=True)
        content = {**asdict(choice), "rule": asdict(rule)}
        (checkpoints / "best.json").write_text(json.dumps(content, indent=2) + "\n")
        for end in ("", ".ckpt"):
            link(checkpoints / f"best{end}", f"step={choice.step or 0:06d}{end}")
    except OSError as error:
        log.warning("the chosen checkpoint is not marked in %s: %s", checkpoints, error)
    return choice


def link(path: Path, target: str) -> None:
    """Point to a neighbour, if it is there, in place of what was pointed to."""
    path.unlink(missing_ok=True)
    if (path.parent / target).exists():
        path.symlink_to(target)
