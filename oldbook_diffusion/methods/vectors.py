"""Methods that train few numbers a layer: scales, norms, shards, spectra and shared projections."""

from dataclasses import dataclass, field

from peft import (
    FourierFTConfig,
    IA3Config,
    LNTuningConfig,
    MissConfig,
    PeftConfig,
    VeraConfig,
)
from torch import nn

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.methods.peft import PeftMethod
from oldbook_diffusion.models import BaseModel


@dataclass
class IA3(PeftMethod):
    """Factors of keys, values and inner activations ((IA)³, Liu et al. 2022).

    Attributes:
        target_modules: Layers whose outputs are scaled, but for those below.
        feedforward_modules: Those of them whose inputs are scaled.
    """

    target_modules: list[str] = field(default_factory=lambda: ["to_k", "to_v", "ff.net.2"])
    feedforward_modules: list[str] = field(default_factory=lambda: ["ff.net.2"])

    def config(self) -> PeftConfig:
        """(IA)³ as a config of peft."""
        return IA3Config(
            target_modules=self.targets(), feedforward_modules=list(self.feedforward_modules)
        )


@dataclass
class LNTuning(PeftMethod):
    """Training of the norms' own scales and shifts (Zhao et al. 2023).

    Attributes:
        target_modules: The set of norms, or ends of their names.
    """

    target_modules: list[str] = field(default_factory=lambda: ["norms"])

    def config(self) -> PeftConfig:
        """LN tuning as a config of peft."""
        return LNTuningConfig(target_modules=self.targets())

    def prepare(self, model: BaseModel) -> None:
        """Refuse layers that are no norms: all of their weights would be trained."""
        for path, layer in model.denoiser.named_modules():
            inner = getattr(layer, "base_layer", None)
            if isinstance(inner, nn.Linear | nn.Conv2d):
                raise OldBookError(
                    f"model.method: LNTuning trains norms alone, and {path} is none: set "
                    "target_modules to [norms]"
                )


@dataclass
class MiSS(PeftMethod):
    """One matrix that all shards of a linear layer's input share (Kang and Yin 2024).

    It is exactly a LoRA of twice the rank or less.

    Attributes:
        rank: Number of shards.
        dropout: Dropout on the input of the update.
        target_modules: Sets of linear layers (attention, feed_forward), or ends of their names.
    """

    rank: int = 4
    dropout: float = 0.0
    target_modules: list[str] = field(default_factory=lambda: ["attention"])

    def config(self) -> PeftConfig:
        """MiSS as a config of peft."""
        return MissConfig(r=self.rank, miss_dropout=self.dropout, target_modules=self.targets())


@dataclass
class FourierFT(PeftMethod):
    """Few coefficients of the update's spectrum, zero at the start (Gao et al. 2024).

    Attributes:
        num_frequencies: Coefficients a layer.
        scale: Scale of the update.
        seed: Seed of the frequencies that are trained.
        target_modules: Sets of linear layers (attention, feed_forward), or ends of their names.
    """

    num_frequencies: int = 200
    scale: float = 150.0
    seed: int = 777
    target_modules: list[str] = field(default_factory=lambda: ["attention"])

    def config(self) -> PeftConfig:
        """FourierFT as a config of peft, from zeros: peft's own start changes the model."""
        return FourierFTConfig(
            n_frequency=self.num_frequencies,
            scaling=self.scale,
            random_loc_seed=self.seed,
            init_weights=True,
            target_modules=self.targets(),
        )


@dataclass
class VeRA(PeftMethod):
    """Scales between frozen random projections that all layers share (Kopiczko et al. 2023).

    Attributes:
        rank: Rank of the projections.
        seed: Seed of the projections, which are a function of it.
        dropout: Dropout on the input of the update.
        target_modules: Sets of linear layers (attention, feed_forward), or ends of their names.
    """

    rank: int = 256
    seed: int = 0
    dropout: float = 0.0
    target_modules: list[str] = field(default_factory=lambda: ["attention"])

    def config(self) -> PeftConfig:
        """VeRA as a config of peft."""
        return VeraConfig(
            r=self.rank,
            projection_prng_key=self.seed,
            vera_dropout=self.dropout,
            target_modules=self.targets(),
        )
