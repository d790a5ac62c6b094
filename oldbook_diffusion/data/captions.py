"""Captions: the config noun `data.captions`, which turns captions into prompts."""

from dataclasses import dataclass
from typing import Any

from jsonargparse.typing import ClosedUnitInterval

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import uniform


@dataclass(frozen=True)
class Captions:
    """How a plate's caption becomes a prompt.

    Attributes:
        template: The prompt, with `{caption}` for the plate's own caption; a prefix or a suffix
            stands before or after it, as in "old book illustration, {caption}".
        dropout: Fraction of training visits with an empty prompt, for classifier-free guidance.
    """

    template: str = "{caption}"
    dropout: ClosedUnitInterval = 0.0

    def __post_init__(self) -> None:
        if "{caption}" not in self.template:
            raise OldBookError(
                f"data.captions.template {self.template!r} does not contain {{caption}}"
            )

    def prompt(self, caption: str) -> str:
        """The prompt of a plate."""
        return self.template.replace("{caption}", caption)

    def training_prompt(self, caption: str, seed: int) -> str:
        """The prompt of one visit, empty in a fraction of them."""
        return "" if uniform(seed, "caption") < self.dropout else self.prompt(caption)


def usable(caption: Any) -> bool:
    """Whether a caption is text, and not empty."""
    return isinstance(caption, str) and bool(caption.strip())
