"""Captions: the config noun `data.captions`, which turns captions into prompts."""

from dataclasses import dataclass
from typing import Any

from jsonargparse.typing import ClosedUnitInterval, NonNegativeInt

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import key, permutation, uniform

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
        shuffle_tags: Whether the parts of a caption between commas come in another order at each
            training visit.
        keep_tags: Number of parts at the beginning that stay where they are, and are never left
            out.
        tag_dropout: Fraction of the other parts that a training visit leaves out.
    """

    template: str = "{caption}"
    dropout: ClosedUnitInterval = 0.0
    shuffle_tags: bool = False
    keep_tags: NonNegativeInt = 0
    tag_dropout: ClosedUnitInterval = 0.0

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

    def prompt(self, caption: str | list[str]) -> str:
        """The prompt of a plate; of several captions the first."""
        return self.template.replace(CAPTION, texts(caption)[0])

    def training_prompt(self, caption: str | list[str], seed: int) -> str:
        """The prompt of one visit, a function of its seed: empty in a fraction of them."""
        if uniform(seed, "caption") < self.dropout:
            return ""
        versions = texts(caption)
        one = versions[int(uniform(seed, "version of the caption") * len(versions))]
        return self.prompt(self.change_tags(one, seed))

    def change_tags(self, caption: str, seed: int) -> str:
        """A caption with the parts between commas in another order, and some left out."""
        if not self.shuffle_tags and not self.tag_dropout:
            return caption
        tags = [tag.strip() for tag in caption.split(",")]
        first, rest = tags[: self.keep_tags], tags[self.keep_tags :]
        draws = [uniform(seed, "tag", number) for number in range(len(rest))]
        rest = [tag for tag, draw in zip(rest, draws, strict=True) if draw >= self.tag_dropout]
        if self.shuffle_tags:
            rest = [rest[place] for place in permutation(len(rest), key(seed, "order of tags"))]
        return ", ".join([*first, *rest])


def texts(caption: str | list[str]) -> list[str]:
    """The captions of a plate that are not empty; one empty one where it has none."""
    versions = [caption] if isinstance(caption, str) else caption
    return [text for text in versions if isinstance(text, str) and text.strip()] or [""]


def usable(caption: Any) -> bool:
    """Whether a caption is text and not empty, or a list with such a text in it."""
    return isinstance(caption, str | list) and texts(caption) != [""]
