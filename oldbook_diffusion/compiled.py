"""Compiled: the forward pass of a network through torch.compile."""

from typing import Any

import torch
from torch import nn
from torch._dynamo.exc import TorchDynamoException  # private: torch.compiler names no error

from oldbook_diffusion.errors import OldBookError


class Compiled:
    """Calls a network, compiled at the first call; the network itself is unchanged.

    Sampling and scoring call the network itself: they would be recompiled for each batch size.

    Args:
        network: Its parameters keep their names and may change.
    """

    def __init__(self, network: nn.Module) -> None:
        self.forward = torch.compile(network.forward)

    def __call__(self, *arguments: Any) -> Any:
        """Run the forward pass.

        Raises:
            OldBookError: There is no compiler, or it fails.
        """
        try:
            return self.forward(*arguments)
        except TorchDynamoException as error:
            reason = str(error).strip().split("\n")[0]
            raise OldBookError(
                f"the denoiser cannot be compiled here ({reason}): install a C++ compiler, or "
                "Triton for a GPU, or set model.compile to false"
            ) from error
