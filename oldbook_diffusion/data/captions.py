"""Captions: the config noun `data.captions`, which turns captions into prompts."""

from dataclasses import dataclass
from typing import Any

from jsonargparse.typing import ClosedUnitInterval

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import uniform

CAPTION = "{caption}"


@dataclass(frozen=True)
class Captions:
    """How a plate's caption becomes a prompt.

    Attributes:
        template: The prompt, with `{caption}` for the plate's own caption; a prefix or a suffix
            stands before or after it, as in "old book illustration, {caption}". Where
            `data.columns.caption` is null, the prompt of every plate, such as "an old book
            illustration".
        dropout: Fraction of training visits with an empty prompt, for classifier-free guidance.
    """

    template: str = "{caption}"
    dropout: ClosedUnitInterval = 0.0

    def check_column(self, column: str | None) -> None:
        """Refuse a template that does not go with the column of captions.

        Raises:
            OldBookError: It leaves captions out, or there are none to put in.
        """
        if column is not None and CAPTION not in self.template:
            raise OldBookError(
                f"data.captions.template {self.template!r} does not contain {CAPTION}: add it, or "
                "set data.columns.caption to null to give these words to every image"
            )
        if column is None and (CAPTION in self.template or not self.template.strip()):
            raise OldBookError(
                "data.columns.caption is null, so that images have no captions: set "
                "data.captions.template to the words that all of them get, such as 'an old book "
                "illustration'"
            )

    def prompt(self, caption: str) -> str:
        """The prompt of a plate."""
        return self.template.replace(CAPTION, caption)

    def training_prompt(self, caption: str, seed: int) -> str:
        """The prompt of one visit, empty in a fraction of them."""
        return "" if uniform(seed, "caption") < self.dropout else self.prompt(caption)


def usable(caption: Any) -> bool:
    """Whether a caption is text, and not empty."""
    return isinstance(caption, str) and bool(caption.strip())
