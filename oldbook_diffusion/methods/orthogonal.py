"""Methods that rotate or reflect the input of a layer."""

from dataclasses import dataclass, field

from peft import BOFTConfig, HRAConfig, OFTConfig, PeftConfig
from torch import nn

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.methods.layers import fits
from oldbook_diffusion.methods.peft import PeftMethod
from oldbook_diffusion.models import BaseModel


@dataclass
class OFT(PeftMethod):
    """Rotations of blocks of a linear layer's input (Qiu et al. 2023).

    Attributes:
        block_size: Width of the blocks.
        exact: Rotate exactly, by the Cayley transform; else by five terms of a series, which is
            faster and not quite orthogonal.
        dropout: Share of the blocks that do not rotate, in training.
        target_modules: Sets of linear layers (attention, feed_forward), or ends of their names.
    """

    block_size: int = 8
    exact: bool = True
    dropout: float = 0.0
    target_modules: list[str] = field(default_factory=lambda: ["attention"])

    def config(self) -> PeftConfig:
        """OFT as a config of peft."""
        return OFTConfig(
            oft_block_size=self.block_size,
            use_cayley_neumann=not self.exact,
            module_dropout=self.dropout,
            target_modules=self.targets(),
        )

    def attach(self, model: BaseModel) -> None:
        """Inject the rotations.

        Raises:
            OldBookError: A layer is a convolution, on which OFT of peft 0.21 is wrong: it changes
                the model before training, and merges into something else.
        """
        for path, layer in model.denoiser.named_modules():
            if isinstance(layer, nn.Conv2d) and fits(path, self.targets()):
                raise OldBookError(
                    f"model.method: OFT rotates linear layers alone, and {path} is a convolution: "
                    "leave it out of target_modules"
                )
        super().attach(model)


@dataclass
class BOFT(PeftMethod):
    """Rotations by butterflies of small blocks (Liu et al. 2023).

    Attributes:
        block_size: Width of the blocks.
        num_factors: Factors of the butterfly.
        dropout: Share of the blocks that do not rotate, in training.
        target_modules: Sets of layers, or ends of their names.
    """

    block_size: int = 4
    num_factors: int = 1
    dropout: float = 0.0
    target_modules: list[str] = field(default_factory=lambda: ["attention"])

    def config(self) -> PeftConfig:
        """BOFT as a config of peft."""
        return BOFTConfig(
            boft_block_size=self.block_size,
            boft_n_butterfly_factor=self.num_factors,
            boft_dropout=self.dropout,
            target_modules=self.targets(),
        )


@dataclass
class HRA(PeftMethod):
    """Chains of reflections of a layer's input (Householder, Yuan et al. 2024).

    Attributes:
        rank: Number of reflections; even, so that pairs of them undo each other at the start.
        target_modules: Sets of layers, or ends of their names.
    """

    rank: int = 8
    target_modules: list[str] = field(default_factory=lambda: ["attention"])

    def __post_init__(self) -> None:
        if self.rank < 2 or self.rank % 2:
            raise OldBookError(
                f"model.method: HRA of rank {self.rank} would change the model before training, "
                "take an even number"
            )

    def config(self) -> PeftConfig:
        """HRA as a config of peft."""
        return HRAConfig(r=self.rank, target_modules=self.targets())
