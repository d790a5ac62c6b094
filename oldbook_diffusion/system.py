"""The system: a frozen Stable Diffusion that learns one style through an adapter."""

from collections.abc import Sequence
from typing import Any, Self, TypedDict

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from oldbook_diffusion.adapter import Adapter, explain_misfit, keep_trainable, restore_frozen
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.loss import DenoisingLoss
from oldbook_diffusion.randomness import integers, key, normal
from oldbook_diffusion.stable_diffusion import Sampling, StableDiffusion

FROZEN_DTYPES = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


class Illustrated(TypedDict):
    """What a training step needs of a batch."""

    images: Tensor  # [B, 3, H, W] in [0, 1]
    prompts: list[str]
    seeds: list[int]


class StyleDiffusion(LightningModule):
    """Fine-tune the attention of Stable Diffusion on a style.

    Args:
        pretrained: Hub name or local folder of a Stable Diffusion checkpoint.
        adapter: What to adapt, and how much.
        revision: Branch, tag or commit on the hub.
        variant: Weight files to take, such as "fp16".
        gradient_checkpointing: Recompute activations in the backward pass to save memory.
        loss: The denoising objective.
        optimizer: Makes the optimizer from the trainable parameters.
        lr_scheduler: Makes the learning-rate schedule, stepped once per optimizer step;
            constant when null.
    """

    def __init__(
        self,
        pretrained: str,
        adapter: Adapter,
        revision: str | None = None,
        variant: str | None = None,
        gradient_checkpointing: bool = False,
        loss: DenoisingLoss | None = None,
        optimizer: OptimizerCallable = torch.optim.AdamW,
        lr_scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.pretrained = pretrained
        self.loaded_step = 0
        self.model = StableDiffusion(pretrained, revision, variant, gradient_checkpointing)
        self.loss = loss or DenoisingLoss()
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler
        adapter.attach(self.model.unet)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Set the mode of the denoiser; what only encodes and decodes never drops anything."""
        super().train(mode)
        self.model.vae.eval()
        self.model.text_encoder.eval()
        return self

    def setup(self, stage: str) -> None:
        """Store what does not learn in the precision of the run."""
        if dtype := FROZEN_DTYPES.get(str(self.trainer.precision)):
            self.model.store_frozen_as(dtype)

    @property
    def step(self) -> int:
        """Optimizer steps behind these weights, in training or of the checkpoint loaded."""
        return self.trainer.global_step or self.loaded_step

    def forward(self, prompts: Sequence[str], seeds: Sequence[int], sampling: Sampling) -> Tensor:
        """Draw one image per prompt; see `StableDiffusion.render`."""
        return self.model.render(prompts, seeds, sampling)

    def on_train_batch_start(self, batch: Illustrated, batch_idx: int) -> None:
        """Make what draws from the global generator, dropout, a function of the batch."""
        torch.manual_seed(key(*batch["seeds"], self.global_rank))

    def training_step(self, batch: Illustrated, batch_idx: int) -> Tensor:
        """Score the denoiser on a batch."""
        loss = self.denoising_loss(batch)
        self.log("train/loss", loss, batch_size=len(batch["seeds"]), prog_bar=True)
        return loss

    def validation_step(self, batch: Illustrated, batch_idx: int) -> None:
        """Score the denoiser on held-out plates, each with its own noise and timestep for ever."""
        loss = self.denoising_loss(batch)
        self.log("val/loss", loss, batch_size=len(batch["seeds"]), sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """Say at which step all that is logged now stands; Lightning would say one less."""
        self.log("step", float(self.step))

    def denoising_loss(self, batch: Illustrated) -> Tensor:  # => scalar
        """The loss of one batch; its draws are functions of the seeds of its plates."""
        images, seeds = batch["images"], batch["seeds"]
        resolution, timesteps = images.shape[-1], len(self.model.noise_scheduler)
        posterior_seeds = [key(seed, "posterior") for seed in seeds]
        posterior_noise = self.model.latent_noise(posterior_seeds, resolution)
        latents = self.model.encode_images(images, posterior_noise)
        return self.loss(
            self.model.unet,
            self.model.noise_scheduler,
            latents,
            self.model.encode_prompts(batch["prompts"]),
            normal(seeds, latents.shape[1:]).to(self.device),
            integers(seeds, timesteps).to(self.device),
        ).mean()

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimize the adapter alone."""
        optimizer = self.optimizer([p for p in self.parameters() if p.requires_grad])
        if self.lr_scheduler is None:
            return optimizer
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": self.lr_scheduler(optimizer), "interval": "step"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep checkpoints small: the frozen weights are the pretrained ones."""
        checkpoint["state_dict"] = keep_trainable(self, checkpoint["state_dict"])
        checkpoint["base"] = {"pretrained": self.pretrained, "hash": self.model.fingerprint}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the frozen weights back, so that Lightning can load strictly.

        Raises:
            OldBookError: The adapter was trained on another base model, or has another shape.
        """
        base = checkpoint.get("base", {})
        if base.get("hash") != self.model.fingerprint:
            raise OldBookError(
                f"the checkpoint was trained on another base model ({base.get('pretrained')}) "
                f"than {self.pretrained}: set model.pretrained to that one"
            )
        if misfit := explain_misfit(self, checkpoint["state_dict"]):
            raise OldBookError(
                f"the checkpoint does not fit model.adapter ({misfit}): set rank and "
                "target_modules as they were"
            )
        self.loaded_step = checkpoint["global_step"]
        checkpoint["state_dict"] = restore_frozen(self, checkpoint["state_dict"])
