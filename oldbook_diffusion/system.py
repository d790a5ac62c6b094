"""The system: a frozen Stable Diffusion that learns one style through an adapter."""

from collections.abc import Sequence
from typing import Any, Protocol, Self, TypedDict

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from oldbook_diffusion.adapter import (
    Adapter,
    explain_misfit,
    keep_trainable,
    restore_frozen,
    without_adapter,
)
from oldbook_diffusion.cache import Cache, Store
from oldbook_diffusion.compiled import Compiled
from oldbook_diffusion.continuity import check_unchanged, settings
from oldbook_diffusion.encoding import FrozenEncoder
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.loss import DenoisingLoss
from oldbook_diffusion.metrics.catalogue import BANDS, TRAIN_LOSS
from oldbook_diffusion.metrics.timestep_loss import TimestepLoss, band_timesteps
from oldbook_diffusion.randomness import integers, key, normal
from oldbook_diffusion.sampling import Sampling, render
from oldbook_diffusion.stable_diffusion import StableDiffusion

FROZEN_DTYPES = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


class Illustrated(TypedDict):
    """What a training step needs of a batch."""

    images: Tensor  # [B, 3, H, W] in [0, 1], without those that the cache knows
    moments: list[Tensor | None]  # [2 C, h, w] of those that it knows
    keys: list[str]  # their names in the cache
    prompts: list[str]
    seeds: list[int]


class CachedData(Protocol):
    """The part of a datamodule that has to do with the cache."""

    cache: Cache | None
    known: Store | None


class StyleDiffusion(LightningModule):
    """Fine-tune the attention of Stable Diffusion on a style.

    Args:
        pretrained: Hub name or local folder of a Stable Diffusion checkpoint.
        adapter: What to adapt, and how much.
        revision: Branch, tag or commit on the hub.
        variant: Weight files to take, such as "fp16".
        gradient_checkpointing: Recompute activations in the backward pass to save memory.
        compile: Compile the denoiser for learning: some minutes at first, then faster steps.
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
        compile: bool = False,
        loss: DenoisingLoss | None = None,
        optimizer: OptimizerCallable = torch.optim.AdamW,
        lr_scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.pretrained = pretrained
        self.loaded_step = 0
        self.model = StableDiffusion(pretrained, revision, variant, gradient_checkpointing)
        self.encoder = FrozenEncoder(self.model)
        self.loss = loss or DenoisingLoss()
        self.timestep_loss = TimestepLoss()
        self.base_losses: dict[tuple[int, int], Tensor] = {}  # by dataloader and batch
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler
        self.settings = {**settings("adapter", adapter), **settings("loss", self.loss)}
        adapter.attach(self.model.unet)
        self.compiled = Compiled(self.model.unet) if compile else None
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

    def on_fit_start(self) -> None:
        """Open the cache, when the networks are where they will be in the run."""
        self.open_cache(self.trainer.datamodule)  # type: ignore[attr-defined]

    def open_cache(self, data: CachedData) -> None:
        """Encode with the cache; the data looks a picture up in it before decoding."""
        if data.cache is not None:
            self.encoder = FrozenEncoder(self.model, data.cache, str(self.trainer.precision))
            data.known = self.encoder.pictures

    @property
    def step(self) -> int:
        """Optimizer steps behind these weights, in training or of the checkpoint loaded."""
        return self.trainer.global_step or self.loaded_step

    def forward(self, prompts: Sequence[str], seeds: Sequence[int], sampling: Sampling) -> Tensor:
        """Draw one image per prompt; see `sampling.render`."""
        return render(self.model, prompts, seeds, sampling)

    def on_train_batch_start(self, batch: Illustrated, batch_idx: int) -> None:
        """Make what draws from the global generator, dropout, a function of the batch."""
        torch.manual_seed(key(*batch["seeds"]))

    def training_step(self, batch: Illustrated, batch_idx: int) -> Tensor:
        """Score the denoiser on a batch."""
        seeds = batch["seeds"]
        timesteps = integers(seeds, len(self.model.noise_scheduler))
        loss = self.losses(*self.encode_visits(batch), seeds, timesteps).mean()
        self.log(TRAIN_LOSS.tag, loss, batch_size=len(batch["seeds"]), prog_bar=True)
        return loss

    def validation_step(self, batch: Illustrated, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Score the denoiser and the base model on plates, each with its own noise for ever."""
        tuned = self.losses_by_band(batch)
        place = (dataloader_idx, batch_idx)
        if place not in self.base_losses:
            with without_adapter(self.model.unet):
                self.base_losses[place] = self.losses_by_band(batch)
        self.timestep_loss.update(tuned, self.base_losses[place], trained_on=dataloader_idx == 1)

    def predict_step(self, batch: Illustrated, batch_idx: int) -> Tensor:  # => images
        """The plates as the autoencoder shows them."""
        return self.model.round_trip(batch["images"])

    def on_validation_epoch_end(self) -> None:
        """Say at which step all that is logged now stands; Lightning would say one less."""
        self.log("step", float(self.step))
        nothing = torch.empty(0, BANDS)  # for the others to gather, where there was none to watch
        self.timestep_loss.update(nothing, nothing, trained_on=False)
        self.log_dict(self.timestep_loss.compute(), rank_zero_only=False)
        self.timestep_loss.reset()

    def encode(self, batch: Illustrated) -> tuple[Tensor, Tensor]:
        """The latents [B, C, h, w] and the prompt_embeds [B, T, D] of a batch."""
        posterior_seeds = [key(seed, "posterior") for seed in batch["seeds"]]
        images = batch["images"]
        noise = self.model.latent_noise(posterior_seeds, images.shape[-1])
        return self.model.encode_images(images, noise), self.model.encode_prompts(batch["prompts"])

    def encode_visits(self, batch: Illustrated) -> tuple[Tensor, Tensor]:
        """The latents and the prompt_embeds of a batch, from the cache where it knows them."""
        moments = self.encoder.moments(batch["images"], batch["moments"], batch["keys"])
        posterior_seeds = [key(seed, "posterior") for seed in batch["seeds"]]
        noise = normal(posterior_seeds, moments.chunk(2, dim=1)[0].shape[1:])
        return self.model.draw_latents(moments, noise), self.encoder.prompt_embeds(batch["prompts"])

    def losses(
        self, latents: Tensor, prompt_embeds: Tensor, seeds: Sequence[int], timesteps: Tensor
    ) -> Tensor:  # => [B]
        """The loss of each plate; its noise is a function of its seed."""
        noise = normal(seeds, latents.shape[1:]).to(self.device)
        learns = self.compiled is not None and torch.is_grad_enabled()
        unet = self.compiled if learns else self.model.unet
        parts = (unet, self.model.noise_scheduler, latents, prompt_embeds)
        return self.loss(*parts, noise, timesteps.to(self.device))

    def losses_by_band(self, batch: Illustrated) -> Tensor:  # => [B, BANDS] on the CPU
        """The loss of each plate at one timestep in each band."""
        encoded, bands = self.encode(batch), []
        for band in range(BANDS):
            seeds = [key(seed, "band", band) for seed in batch["seeds"]]
            timesteps = band_timesteps(seeds, band, len(self.model.noise_scheduler))
            bands.append(self.losses(*encoded, seeds, timesteps).cpu())
        return torch.stack(bands, dim=1)

    def rehearse(self, batch_size: int, resolution: int) -> None:
        """Go forward and back on noise, for whoever asks what that takes; nothing is learnt."""
        seeds = range(batch_size)
        latents = self.model.latent_noise(seeds, resolution).to(self.device)
        prompt_embeds = self.model.encode_prompts([""]).expand(batch_size, -1, -1)
        timesteps = integers(seeds, len(self.model.noise_scheduler))
        self.losses(latents, prompt_embeds, seeds, timesteps).mean().backward()
        self.zero_grad(set_to_none=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimize the adapter alone."""
        optimizer = self.optimizer([p for p in self.parameters() if p.requires_grad])
        if self.lr_scheduler is None:
            return optimizer
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": self.lr_scheduler(optimizer), "interval": "step"},
        }

    def on_train_end(self) -> None:
        """Leave all that was encoded to the next run."""
        self.encoder.flush()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep checkpoints small: the frozen weights are the pretrained ones."""
        self.encoder.flush()  # a run that goes on from here finds what was behind it
        checkpoint["state_dict"] = keep_trainable(self, checkpoint["state_dict"])
        checkpoint["base"] = {"pretrained": self.pretrained, "hash": self.model.fingerprint}
        checkpoint["model"] = self.settings

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the frozen weights back, so that Lightning can load strictly.

        Raises:
            OldBookError: The adapter was trained on another base model, with another objective,
                or has another shape.
        """
        base = checkpoint.get("base", {})
        if base.get("hash") != self.model.fingerprint:
            raise OldBookError(
                f"the checkpoint was trained on another base model ({base.get('pretrained')}) "
                f"than {self.pretrained}: set model.pretrained to that one"
            )
        cure = "set it back, or start a run of its own without --ckpt_path"
        for part in ("adapter", "loss"):
            then = {k: v for k, v in checkpoint.get("model", {}).items() if k.startswith(part)}
            check_unchanged(f"model.{part}", then, self.settings, cure)
        if misfit := explain_misfit(self, checkpoint["state_dict"]):
            raise OldBookError(
                f"the checkpoint does not fit model.adapter ({misfit}): set rank and "
                "target_modules as they were"
            )
        self.loaded_step = checkpoint["global_step"]
        checkpoint["state_dict"] = restore_frozen(self, checkpoint["state_dict"])
