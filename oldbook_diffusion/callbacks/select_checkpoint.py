"""The checkpoint that a run recommends, by a rule written down in its config."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_only
from safetensors import SafetensorError
from safetensors.torch import load_file

from oldbook_diffusion.evaluation.validity import failures, silence
from oldbook_diffusion.metrics.reference_set import ReferenceSet, SampleEmbeddings
from oldbook_diffusion.metrics.selection import Choice, Rule, choose
from oldbook_diffusion.run.folder import run_folder

log = logging.getLogger(__name__)


class SelectCheckpoint(Callback):
    """At the end of a run, name the checkpoint to take: `checkpoints/best` and `best.ckpt`.

    Args:
        rule: What a checkpoint must keep to be taken.
        patience: Stop when the rule has named the same checkpoint this many checkpoints long;
            never when null.
    """

    def __init__(self, rule: Rule = Rule(), patience: int | None = None) -> None:  # noqa: B008
        self.rule = rule
        self.patience = patience

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop where the rule has long made up its mind."""
        if self.patience is None or trainer.state.fn != "fit":
            return
        choice = None
        if trainer.is_global_zero and measured(folder := run_folder(trainer)):
            choice = choose_of(folder, self.rule).step
            later = [step for step in checkpoints_of(folder) if choice and step > choice]
            choice = choice if len(later) >= self.patience else None
        if (chosen := trainer.strategy.broadcast(choice)) is not None:
            log.info("The rule has long named step %d: the run stops.", chosen)
            trainer.should_stop = True

    @rank_zero_only
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose among all that this run has drawn, before it was resumed too."""
        if measured(folder := run_folder(trainer)):
            log.info(recommend(folder, self.rule).reason)


def measured(folder: Path) -> bool:
    """Whether a run has anything to choose by."""
    return (folder / "images/panel.safetensors").is_file()


def checkpoints_of(folder: Path) -> dict[int, SampleEmbeddings]:
    """What each checkpoint of a run has drawn; what was not kept whole is left out."""
    drawings = {}
    for file in sorted(folder.glob("images/step=*/embeddings.safetensors")):
        try:
            drawings[int(file.parent.name[5:])] = SampleEmbeddings.from_tensors(load_file(file))
        except (OSError, SafetensorError, KeyError) as error:
            log.warning("%s is left out of the choice: %s", file, error)
    return drawings


def choose_of(folder: Path, rule: Rule) -> Choice:
    """Choose a checkpoint of the run in a folder, if its encoder may judge."""
    if wrong := failures(folder):
        return Choice(
            None,
            f"No checkpoint is recommended, since the encoder cannot judge this style: "
            f"{len(wrong)} answers of its gate fail ({'; '.join(wrong)}).",
        )
    panel = ReferenceSet.from_tensors(load_file(folder / "images/panel.safetensors"))
    choice = choose(panel, checkpoints_of(folder), rule)
    return replace(choice, reason=f"{choice.reason} {silence(folder)}".strip())


def recommend(folder: Path, rule: Rule) -> Choice:
    """Choose a checkpoint of the run in a folder, and mark it there; a full disk is no error."""
    choice = choose_of(folder, rule)
    try:
        mark(folder / "checkpoints", choice, {**asdict(choice), "rule": asdict(rule)})
    except OSError as error:
        log.warning("the chosen checkpoint is not marked in %s: %s", folder, error)
    return choice


def mark(checkpoints: Path, choice: Choice, record: Mapping[str, object]) -> None:
    """Write the choice down, and link to what was chosen."""
    checkpoints.mkdir(exist_ok=True)
    (checkpoints / "best.json").write_text(json.dumps(record, indent=2) + "\n")
    for end in ("", ".ckpt"):
        link(checkpoints / f"best{end}", f"step={choice.step or 0:06d}{end}")


def link(path: Path, target: str) -> None:
    """Point to a neighbour, if it is there, in place of what was pointed to."""
    path.unlink(missing_ok=True)
    if (path.parent / target).exists():
        path.symlink_to(target)
