"""Exit status of processes that train together."""

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Trainer


def status(trainer: Trainer, of_the_run: int) -> int:
    """Exit status of a process where all of them stop for one reason.

    Lightning kills the process that has started the others, whose status is the run's, as soon as
    one of these ends with another status than 0.
    """
    environment = getattr(trainer.strategy, "cluster_environment", None)
    started = isinstance(environment, LightningEnvironment) and trainer.local_rank > 0
    return 0 if started else of_the_run
