"""RunContext: a process of a run, the run's folder, and what it shares with other processes."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed
from lightning.pytorch import Trainer
from torch import Tensor

from oldbook_diffusion.run.folder import RunFolder

T = TypeVar("T")


@dataclass(frozen=True)
class RunContext:
    """A process of a run, as callbacks and evaluations see it."""

    trainer: Trainer

    @property
    def folder(self) -> RunFolder:
        """The run's folder: `SAVE_DIR/NAME/version_N` of its logger, as the main process has it.

        Another process may count the versions differently. `trainer.log_dir` asks the main one,
        and stalls where not all of them ask.
        """
        logger = self.trainer.logger
        named = (getattr(logger, name, None) for name in ("log_dir", "save_dir"))
        return RunFolder(Path(next(filter(None, named), self.trainer.default_root_dir)))

    @property
    def data(self) -> Any:
        """The datamodule."""
        return self.trainer.datamodule  # type: ignore[attr-defined]

    @property
    def is_main(self) -> bool:
        """Whether this process scores and writes for all."""
        return self.trainer.is_global_zero

    def broadcast(self, value: T) -> T:
        """The main process's value, in every process."""
        return self.trainer.strategy.broadcast(value)

    def shard(self, items: Sequence[T]) -> Sequence[T]:
        """The items that this process takes care of."""
        return items[self.trainer.global_rank :: self.trainer.world_size]

    def gather(self, images: Tensor) -> Tensor:  # => [N, ...], in the order before `shard`
        """Bring the shards of all processes together, in every process."""
        if not torch.distributed.is_initialized():
            return images
        shards: list[Any] = [None] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(shards, images)
        whole = torch.empty(sum(map(len, shards)), *images.shape[1:])
        for rank, shard in enumerate(shards):
            whole[rank :: len(shards)] = shard
        return whole

    def resume_command(self, saves: bool) -> str:
        """The command that resumes the run, or starts it anew where nothing is saved.

        Args:
            saves: Whether the run is about to be saved.
        """
        folder = self.folder
        there = saves or bool(folder.checkpoint_files)
        start = folder.path if there else self.trainer.ckpt_path  # which may be of another run
        words = ["oldbook", "fit", "--config", str(folder.config)]
        return shlex.join([*words, "--ckpt_path", str(start)] if start else words)
