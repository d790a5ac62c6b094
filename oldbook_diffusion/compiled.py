"""A network's forward pass as one program."""

from typing import Any

import torch
from torch import nn
from torch._dynamo.exc import TorchDynamoException

from oldbook_diffusion.errors import OldBookError


class Compiled:
    """Calls a network, compiled at the first call; the network itself stays what it is.

    Only who calls it through here waits for the compiler: what draws or measures in batches of
    other sizes would be compiled anew for each.

    Args:
        network: Its parameters keep their names and may change.
    """

    def __init__(self, network: nn.Module) -> None:
        self.forward = torch.compile(network.forward)

    def __call__(self, *arguments: Any) -> Any:
        """Go forward.

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
