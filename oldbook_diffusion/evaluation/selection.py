"""Selection of the checkpoint that a run recommends, from what is kept in its folder."""

import logging
from dataclasses import asdict, replace

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.evaluation.validity import failures, not_run
from oldbook_diffusion.metrics.sample_embeddings import SampleEmbeddings
from oldbook_diffusion.metrics.selection import Choice, Rule, choose
from oldbook_diffusion.run.folder import RunFolder

log = logging.getLogger(__name__)


def has_scores(folder: RunFolder) -> bool:
    """Whether a run has anything to select by."""
    return folder.reference_set.is_file()


def read_checkpoints(folder: RunFolder) -> dict[int, SampleEmbeddings]:
    """The embeddings of each checkpoint of a run; unreadable ones are left out."""
    embeddings = {}
    for step in folder.sampled_steps:
        if not folder.embeddings_of(step).exists():
            continue
        try:
            embeddings[step] = folder.read_embeddings(step)
        except OldBookError as error:
            log.warning("step %d is left out of the selection: %s", step, error)
    return embeddings


def select(folder: RunFolder, rule: Rule) -> Choice:
    """Select a checkpoint of a run, if its encoder is valid."""
    if failed := failures(folder):
        return Choice(
            None,
            "No checkpoint is recommended, since the style encoder failed these validity checks: "
            f"{'; '.join(failed)}.",
        )
    choice = choose(folder.read_reference_set(), read_checkpoints(folder), rule)
    return replace(choice, reason=f"{choice.reason} {not_run(folder)}".strip())


def recommend(folder: RunFolder, rule: Rule) -> Choice:
    """Select a checkpoint of a run, and link to it; a full disk is no error."""
    choice = select(folder, rule)
    try:
        folder.write_selection(choice.step, {**asdict(choice), "rule": asdict(rule)})
    except OSError as error:
        log.warning("the selected checkpoint is not linked in %s: %s", folder.path, error)
    return choice


def is_settled(folder: RunFolder, rule: Rule, patience: int) -> int | None:
    """The checkpoint that stays selected although as many later ones as `patience` were scored."""
    step = select(folder, rule).step
    later = [other for other in read_checkpoints(folder) if step and other > step]
    return step if len(later) >= patience else None
