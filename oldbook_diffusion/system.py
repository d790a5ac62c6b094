"""StyleDiffusion: the LightningModule that fine-tunes a base model by a method and an objective."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.plugins.precision import MixedPrecision, Precision
from lightning.pytorch.utilities import GradClipAlgorithmType
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer

from oldbook_diffusion.batch import Batch, to_unit_range
from oldbook_diffusion.compatibility import check_compatible
from oldbook_diffusion.encoding import CachedData, FrozenEncoder
from oldbook_diffusion.export import FORMATS, read_layers, start_from
from oldbook_diffusion.fingerprint import settings
from oldbook_diffusion.methods import Method
from oldbook_diffusion.methods.state import keep_trainable, restore_frozen
from oldbook_diffusion.metrics.catalogue import BANDS
from oldbook_diffusion.metrics.timestep_loss import TimestepLoss
from oldbook_diffusion.models import BaseModel, Conditioning, Sampling, choose_model, generate
from oldbook_diffusion.objectives import DenoisingLoss, Objective
from oldbook_diffusion.optimization import (
    build_optimizer,
    build_schedule,
    check_clipping,
    check_schedule,
)
from oldbook_diffusion.randomness import key, seed_generators
from oldbook_diffusion.transfer import send


class StyleDiffusion(LightningModule):
    """Fine-tuning of a text-to-image model on a style.

    Args:
        method: Which weights are trained.
        pretrained: Hub name or local folder of a base model; its family is read from its
            model_index.json.
        base: Base model by its class, in the place of `pretrained`.
        revision: Branch, tag or commit on the hub.
        variant: Weight files to load, such as "fp16".
        gradient_checkpointing: Recompute activations in the backward pass to save memory.
        compile: Compile the denoiser for training: some minutes at first, then faster steps.
        objective: What it is trained to do; to denoise when null.
        optimizer: Makes the optimizer from the trainable parameters.
        lr_scheduler: Makes the learning-rate schedule, stepped once per optimizer step;
            constant when null.
    """

    def __init__(
        self,
        method: Method,
        pretrained: str | None = None,
        base: BaseModel | None = None,
        revision: str | None = None,
        variant: str | None = None,
        gradient_checkpointing: bool = False,
        compile: bool = False,
        objective: Objective | None = None,
        optimizer: OptimizerCallable = torch.optim.AdamW,
        lr_scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.loaded_step = 0
        self.model = choose_model(base, pretrained, revision, variant)
        self.method = method
        self.encoder = FrozenEncoder(self.model)
        self.objective = objective or DenoisingLoss()
        self.timestep_loss = TimestepLoss()
        self.base_losses: dict[tuple[int, int], Tensor] = {}  # by dataloader and batch
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler
        self.settings = {**settings("method", method), **settings("objective", self.objective)}
        if gradient_checkpointing:
            self.model.enable_gradient_checkpointing()
        self.attach(method)
        if compile:
            self.model.compile_denoiser()
        self.train()

    def attach(self, method: Method) -> None:
        """Attach the method, and start from an adapter if it names one."""
        where: str | None = getattr(method, "init_from", None)
        layers = read_layers(self.model, Path(where), FORMATS) if where else {}
        method.attach(self.model)
        if where:
            start_from(method, self.model, layers, where)

    def setup(self, stage: str) -> None:
        """Keep the frozen weights in the precision of the run."""
        self.model.store_frozen_for(str(self.trainer.precision))

    def on_fit_start(self) -> None:
        """Open the cache; by now the networks are on the device of the run."""
        self.open_cache(self.trainer.datamodule)  # type: ignore[attr-defined]

    def open_cache(self, data: CachedData) -> None:
        """Encode with the cache; the data looks images up in it before decoding."""
        if data.cache is not None:
            self.encoder = FrozenEncoder(self.model, data.cache, str(self.trainer.precision))
            data.cached = self.encoder.images

    @property
    def step(self) -> int:
        """Optimizer step of these weights, in training or of the loaded checkpoint."""
        return self.trainer.global_step or self.loaded_step

    @contextmanager
    def base_model(self) -> Iterator[BaseModel]:
        """Context in which the model is the base model.

        Raises:
            OldBookError: The method cannot restore it.
        """
        with self.method.disabled(self.model):
            yield self.model

    def trained_state(self) -> dict[str, Tensor]:
        """A copy of the trained weights."""
        return {name: x.clone() for name, x in keep_trainable(self, self.state_dict()).items()}

    def load_trained_state(self, state_dict: dict[str, Tensor]) -> None:
        """Load trained weights, of this run or of a checkpoint of it."""
        self.load_state_dict(restore_frozen(self, state_dict))

    def forward(self, prompts: Sequence[str], seeds: Sequence[int], sampling: Sampling) -> Tensor:
        """Generate one image per prompt; see `models.generate`."""
        return generate(self.model, prompts, seeds, sampling)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed the global generators, which dropout uses, by the batch."""
        seed_generators(key(*batch["seeds"]), self.device)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of a batch."""
        seeds = batch["seeds"]
        losses = self.losses(*self.encode_visits(batch), seeds, self.model.process.times(seeds))
        return losses.mean()

    def validation_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Losses of the fine-tuned and the base model, with fixed noise for each plate."""
        fine_tuned = self.losses_by_band(batch)
        key = (dataloader_idx, batch_idx)
        if key not in self.base_losses:
            with self.base_model():
                self.base_losses[key] = self.losses_by_band(batch)
        self.timestep_loss.update(fine_tuned, self.base_losses[key], dataloader_idx == 1)

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:  # => images
        """Plates after a round trip through the autoencoder."""
        return self.model.round_trip(to_unit_range(batch["images"]))

    def on_validation_epoch_end(self) -> None:
        """Log validation losses at their optimizer step; Lightning would log one less."""
        self.log("step", float(self.step))
        nothing = torch.empty(0, BANDS)  # gathered from processes without a monitored plate
        self.timestep_loss.update(nothing, nothing, trained_on=False)
        self.log_dict(self.timestep_loss.compute(), rank_zero_only=False)
        self.timestep_loss.reset()

    def posterior_noise(self, batch: Batch) -> Tensor:  # => like latents
        """Noise by which the latents of a batch are sampled, a function of its seeds."""
        seeds = [key(seed, "posterior") for seed in batch["seeds"]]
        return send(self.model.latent_noise(seeds, batch["images"].shape[-1]), self.device)

    def encode(self, batch: Batch) -> tuple[Tensor, Conditioning]:
        """Latents and conditioning of a batch."""
        images = to_unit_range(batch["images"])
        latents = self.model.encode_images(images, self.posterior_noise(batch))
        return latents, self.model.encode_prompts(batch["prompts"])

    def encode_visits(self, batch: Batch) -> tuple[Tensor, Conditioning]:
        """Latents and conditioning of a batch, from the cache where they are cached."""
        images = to_unit_range(batch["images"])
        moments = self.encoder.moments(images, batch["moments"], batch["keys"])
        latents = self.model.sample_latents(moments, self.posterior_noise(batch))
        return latents, self.encoder.conditioning(batch["prompts"])

    def losses(
        self, latents: Tensor, conditioning: Conditioning, seeds: Sequence[int], times: Tensor
    ) -> Tensor:  # => [B]
        """Loss of each plate, with noise that is a function of its seed."""
        target, mixed = self.objective.draw(seeds, latents.shape[1:])
        noise = send(target, self.device)
        mixed = noise if mixed is target else send(mixed, self.device)
        times = send(times, self.device)
        return self.objective(self.model, latents, noise, times, conditioning, mixed)

    def losses_by_band(self, batch: Batch) -> Tensor:  # => [B, BANDS] on the CPU
        """Loss of each plate at one time in each band."""
        encoded, bands = self.encode(batch), []
        for band in range(BANDS):
            seeds = [key(seed, "band", band) for seed in batch["seeds"]]
            times = self.model.process.band_times(seeds, band, BANDS)
            bands.append(self.losses(*encoded, seeds, times).cpu())
        return torch.stack(bands, dim=1)

    def rehearse(self, batch_size: int, resolution: int) -> None:
        """Run a forward and a backward pass on noise, to measure memory; no weight changes."""
        seeds = range(batch_size)
        latents = self.model.latent_noise(seeds, resolution).to(self.device)
        one = self.model.encode_prompts([""])
        conditioning = {name: x.expand(batch_size, *x.shape[1:]) for name, x in one.items()}
        times = self.model.process.times(seeds)
        self.losses(latents, conditioning, seeds, times).mean().backward()
        self.zero_grad(set_to_none=True)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Optimizer of what the method trains, and its schedule, which is checked here."""
        if self.lr_scheduler is not None:
            check_schedule(self.lr_scheduler, self.optimizer, self.trainer.max_steps)
        optimizer, schedule = self.build_optimization()
        if schedule is None:
            return optimizer
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def build_optimization(self) -> tuple[Optimizer, Any]:
        """The optimizer of the config, and its schedule or null, before the first step."""
        optimizer = build_optimizer(self.optimizer, self.method.parameter_groups(self.model))
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if scaler is not None and self.trainer.gradient_clip_val:
            check_clipping(optimizer)
        if self.lr_scheduler is None:
            return optimizer, None
        return optimizer, build_schedule(self.lr_scheduler, optimizer, self.trainer.max_steps)

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip, also a fused optimizer's gradients: Lightning refuses it for a scaler's sake."""
        plugin = self.trainer.precision_plugin
        if isinstance(plugin, MixedPrecision) and plugin.scaler is None:
            how = GradClipAlgorithmType(gradient_clip_algorithm or GradClipAlgorithmType.NORM)
            Precision.clip_gradients(plugin, optimizer, gradient_clip_val or 0.0, how)
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def on_train_end(self) -> None:
        """Flush the cache for the next run."""
        self.encoder.flush()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save trained weights only: the frozen ones are those of the base model."""
        self.encoder.flush()  # a resumed run finds everything encoded before this checkpoint
        checkpoint["state_dict"] = keep_trainable(self, checkpoint["state_dict"])
        checkpoint["base"] = {"pretrained": self.model.pretrained, "hash": self.model.fingerprint}
        checkpoint["model"] = self.settings
        checkpoint["optimizer"] = type(self.trainer.optimizers[0]).__name__

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the frozen weights to the trained ones, so that Lightning can load strictly.

        Raises:
            OldBookError: The checkpoint does not fit this run.
        """
        check_compatible(checkpoint, self, self.model, self.settings)
        self.loaded_step = checkpoint["global_step"]
        checkpoint["state_dict"] = restore_frozen(self, checkpoint["state_dict"])
