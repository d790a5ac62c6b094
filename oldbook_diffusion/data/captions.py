"""The words that go with a plate."""

from dataclasses import dataclass
from typing import Any

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import uniform


@dataclass(frozen=True)
class Captions:
    """How a plate's caption becomes a prompt.

    Attributes:
        template: The prompt, with `{caption}` for the plate's own words; a prefix or a suffix
            stands before or after it, as in "old book illustration, {caption}".
        dropout: Share of training visits without words, for classifier-free guidance.
    """

    template: str = "{caption}"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if "{caption}" not in self.template:
            raise OldBookError(
                f"data.captions.template {self.template!r} has no place for {{caption}}"
            )
        if not 0 <= self.dropout <= 1:
            raise OldBookError(f"data.captions.dropout is a share from 0 to 1, not {self.dropout}")

    def prompt(self, caption: str) -> str:
        """The prompt of a plate."""
        return self.template.replace("{caption}", caption)

    def training_prompt(self, caption: str, seed: int) -> str:
        """The prompt of one visit, empty in a share of them."""
        return "" if uniform(seed, "caption") < self.dropout else self.prompt(caption)


def usable(caption: Any) -> bool:
    """Whether a caption is words."""
    return isinstance(caption, str) and bool(caption.strip())
