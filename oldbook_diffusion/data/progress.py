"""Progress: how far a run has come in its data."""

from typing import Any

from oldbook_diffusion.batch import Batch
from oldbook_diffusion.data.sampler import Position


class Progress:
    """The position of a run and the counts of bad samples up to it.

    Args:
        counts: Of bad samples, before the first batch.

    Attributes:
        position: After the batch that is in use.
    """

    def __init__(self, counts: dict[str, Any]) -> None:
        self.counts = counts
        self.position = Position()
        self.mark_step()

    def enter(self, batch: Batch) -> None:
        """Go to the position after a batch, which is about to be used."""
        self.position, self.counts = batch["position"], batch["bad_samples"]

    def mark_step(self) -> None:
        """Remember the position after an optimizer step."""
        self.after_step = self.position, self.counts

    def return_to_step(self) -> None:
        """Go back to the position after the last optimizer step, from within an unfinished one."""
        self.position, self.counts = self.after_step

    def state_dict(self) -> dict[str, Any]:
        """The position and the counts, as a checkpoint keeps them."""
        return {"position": self.position._asdict(), "bad_samples": self.counts}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to a position; what an older checkpoint lacks stays."""
        self.position = Position(**state_dict["position"])
        self.counts = state_dict.get("bad_samples", self.counts)
        self.mark_step()
