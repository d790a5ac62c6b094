"""Methods whose updates are products of small matrices (LyCORIS, Yeh et al. 2023)."""

from dataclasses import dataclass, field

from peft import LoHaConfig, LoKrConfig, PeftConfig

from oldbook_diffusion.methods.peft import PeftMethod


@dataclass
class LoHa(PeftMethod):
    """Updates `alpha / rank * (B1 A1) * (B2 A2)`, multiplied by element (Hyeon-Woo et al. 2021).

    Attributes:
        rank: Rank of both factors; that of the update is up to its square.
        alpha: Scale of the update, applied as `alpha / rank`; the rank when null.
        rank_dropout: Dropout on rows of the update.
        target_modules: Sets of layers (attention, feed_forward, projections, convolutions), or
            ends of their names.
        decompose_convolutions: Decompose kernels too: a quarter of the weights, slower to learn.
    """

    rank: int = 4
    alpha: float | None = None
    rank_dropout: float = 0.0
    target_modules: list[str] = field(default_factory=lambda: ["attention"])
    decompose_convolutions: bool = False

    def config(self) -> PeftConfig:
        """LoHa as a config of peft."""
        return LoHaConfig(
            r=self.rank,
            alpha=self.rank if self.alpha is None else self.alpha,
            rank_dropout=self.rank_dropout,
            use_effective_conv2d=self.decompose_convolutions,
            target_modules=self.targets(),
        )


@dataclass
class LoKr(PeftMethod):
    """Updates that are Kronecker products of a small and a large matrix.

    Attributes:
        rank: Rank of the large matrix, which is whole from half of its side on.
        alpha: Scale of the update, applied as `alpha / rank`; the rank when null.
        factor: Side of the small matrix; as square as can be when null.
        decompose_both: Decompose the small matrix too.
        rank_dropout: Dropout on rows of the update.
        target_modules: Sets of layers (attention, feed_forward, projections, convolutions), or
            ends of their names.
        decompose_convolutions: Decompose kernels too.
    """

    rank: int = 4
    alpha: float | None = None
    factor: int | None = None
    decompose_both: bool = False
    rank_dropout: float = 0.0
    target_modules: list[str] = field(default_factory=lambda: ["attention"])
    decompose_convolutions: bool = False

    def config(self) -> PeftConfig:
        """LoKr as a config of peft."""
        return LoKrConfig(
            r=self.rank,
            alpha=self.rank if self.alpha is None else self.alpha,
            decompose_factor=-1 if self.factor is None else self.factor,
            decompose_both=self.decompose_both,
            rank_dropout=self.rank_dropout,
            use_effective_conv2d=self.decompose_convolutions,
            target_modules=self.targets(),
        )
