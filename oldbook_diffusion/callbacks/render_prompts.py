"""What the adapter draws, seen and scored at every checkpoint."""

import logging
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from oldbook_diffusion.adapter import without_adapter
from oldbook_diffusion.callbacks.prompts import PROMPTS
from oldbook_diffusion.callbacks.run_folder import run_folder
from oldbook_diffusion.callbacks.score_drawings import ScoreDrawings
from oldbook_diffusion.metrics import ImageTextEncoder
from oldbook_diffusion.pictures import before_and_after, save_drawing, side_by_side, slug
from oldbook_diffusion.stable_diffusion import Sampling
from oldbook_diffusion.system import StyleDiffusion

log = logging.getLogger(__name__)


class RenderPrompts(Callback):
    """Draw the same prompts from the same noise at every checkpoint; keep and score the drawings.

    The untouched base model draws once, before the first step. Drawing uses generators of its
    own: a run learns the same with it and without.

    Args:
        prompts: What to draw; the 15 of the reference experiment when null, nothing when empty.
        num_seeds: Drawings of each prompt.
        first_seed: Seed of the first drawing; the next drawing takes the next seed.
        sampling: How drawings are made from noise.
        encoder: What the scores are measured with; none are when null.
    """

    def __init__(
        self,
        prompts: list[str] | None = None,
        num_seeds: int = 2,
        first_seed: int = 0,
        sampling: Sampling = Sampling(),  # noqa: B008
        encoder: ImageTextEncoder | None = None,
    ) -> None:
        self.prompts = list(PROMPTS) if prompts is None else prompts
        self.own = [number for number in range(len(self.prompts)) for _ in range(num_seeds)]
        self.seeds = list(range(first_seed, first_seed + len(self.own)))
        self.num_seeds = num_seeds
        self.sampling = sampling
        self.scores = None if encoder is None else ScoreDrawings(encoder, self.prompts)
        self.base: Tensor | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse what would fail only at the first checkpoint."""
        assert isinstance(pl_module, StyleDiffusion)
        pl_module.model.check_resolution(self.sampling.resolution)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw with the base model, and show its scores as the first point of the curves."""
        if not self.prompts:
            return
        scores = self.begin(trainer, pl_module)
        if trainer.global_step == 0:
            for logger in trainer.loggers:
                logger.log_metrics(scores, step=0)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw, keep, score; before `Checkpoint`, which may rank by the score."""
        if trainer.sanity_checking or not self.prompts:
            return
        if self.base is None:
            self.begin(trainer, pl_module)
        drawings = self.draw(trainer, pl_module)
        scores = {} if self.scores is None else self.scores.score(drawings, self.share(trainer))
        self.keep(trainer, pl_module, gather(drawings))
        pl_module.log_dict(scores)
        if "style/normalised" in scores:
            pl_module.log("style", scores["style/normalised"], prog_bar=True, logger=False)

    def begin(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, float]:
        """Draw with the base model, and learn what its drawings are compared with."""
        assert isinstance(pl_module, StyleDiffusion)
        with without_adapter(pl_module.model.unet):
            drawings = self.draw(trainer, pl_module)
        self.base = gather(drawings)
        self.write(trainer, "base", 0, self.base)
        if self.scores is None:
            return {}
        plates = trainer.datamodule.val_dataloader()  # type: ignore[attr-defined]
        with trainer.precision_plugin.forward_context():
            for batch in plates:
                images = pl_module.model.round_trip(batch["images"])
                self.scores.add_plates(images, batch["books"], pl_module.device)
        return self.scores.score_base(drawings, self.share(trainer))

    def share(self, trainer: Trainer) -> list[int]:
        """Numbers of the prompts that this process draws, one for each drawing."""
        return self.own[trainer.global_rank :: trainer.world_size]

    def draw(self, trainer: Trainer, pl_module: LightningModule) -> Tensor:  # => images
        """Draw this process's share of the prompts."""
        prompts = [self.prompts[number] for number in self.share(trainer)]
        seeds = self.seeds[trainer.global_rank :: trainer.world_size]
        training = pl_module.training
        pl_module.eval()
        with trainer.precision_plugin.forward_context():
            drawings = pl_module(prompts, seeds, self.sampling)
        pl_module.train(training)
        return drawings

    def keep(self, trainer: Trainer, pl_module: LightningModule, drawings: Tensor) -> None:
        """Write the drawings, beside those of the base model; a full disk does not end a run."""
        assert isinstance(pl_module, StyleDiffusion)
        assert self.base is not None
        if not trainer.is_global_zero:
            return
        step = pl_module.step
        try:
            self.write(trainer, f"step={step:06d}", step, drawings)
            sheet = before_and_after(
                self.prompts, self.base[:: self.num_seeds], drawings[:: self.num_seeds]
            )
            sheet.save(run_folder(trainer) / "before_after.png")
        except (OSError, SafetensorError) as error:
            log.warning("the drawings of step %d are not kept: %s", step, error)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                self.show(logger, step, drawings)

    def write(self, trainer: Trainer, name: str, step: int, drawings: Tensor) -> None:
        """Write PNGs that say how they were made, and their embeddings."""
        folder = run_folder(trainer) / "images" / name
        if not trainer.is_global_zero:
            return
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed, drawing in zip(self.own, self.seeds, drawings, strict=True):
            prompt = self.prompts[number]
            origin = {"prompt": prompt, "seed": seed, "step": step, **vars(self.sampling)}
            save_drawing(drawing, folder / f"{number:02d}_{slug(prompt)}_seed={seed}.png", origin)
        if self.scores is not None:
            self.write_embeddings(folder, drawings)

    def write_embeddings(self, folder: Path, drawings: Tensor) -> None:
        """Keep the embeddings, so that other scores need no drawing and no encoder."""
        assert self.scores is not None
        tensors: dict[str, Any] = {
            "embeddings": self.scores.embed(drawings),
            "prompts": torch.tensor(self.own),
            "seeds": torch.tensor(self.seeds),
        }
        save_file(tensors, folder / "embeddings.safetensors", {"encoder": self.scores.identity})

    def show(self, logger: TensorBoardLogger, step: int, drawings: Tensor) -> None:
        """One tag for each prompt: base on the left, tuned on the right, a row for each seed."""
        assert self.base is not None
        for number, prompt in enumerate(self.prompts):
            rows = slice(number * self.num_seeds, (number + 1) * self.num_seeds)
            picture = side_by_side(self.base[rows], drawings[rows])
            logger.experiment.add_image(f"drawings/{number:02d} {prompt}", picture, step)


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
