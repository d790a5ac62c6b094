"""From a row to an illustration: bytes, checks, picture, prompt; or what is already encoded."""

from dataclasses import dataclass, field, replace

from torch import Tensor
from torch.utils.data import Dataset

from oldbook_diffusion.cache.store import Store
from oldbook_diffusion.data.captions import Captions, usable
from oldbook_diffusion.data.faults import BadPlateError, Reason
from oldbook_diffusion.data.network import Network
from oldbook_diffusion.data.order import Row
from oldbook_diffusion.data.source import Columns
from oldbook_diffusion.data.transforms import (
    Limits,
    center_crop,
    decode_page,
    picture_key,
    read_page,
)
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import uniform


@dataclass(frozen=True)
class Illustration:
    """One plate, ready to be batched, or the reason why it is not: it is bad, or did not come."""

    pixels: Tensor | None = None  # uint8 [3, H, W]
    moments: Tensor | None = None  # [2 C, h, w] of its posterior, where the cache knows it
    key: str = ""
    prompt: str = ""
    bad: BadPlateError | None = None
    absent: OldBookError | None = None


@dataclass(frozen=True)
class Decode(Dataset[Illustration]):
    """Turns rows into illustrations, in a worker or in the main process.

    Attributes:
        columns: Names of the columns.
        captions: How captions become prompts.
        resolution: Side of the squares, in pixels.
        training: Whether captions are dropped at random.
        flip: Whether half the visits are mirrored.
        known: What is encoded already and needs no decoding.
        limits: Which pictures are plates.
        network: How long to wait for pictures from afar.
    """

    columns: Columns
    captions: Captions
    resolution: int
    training: bool
    flip: bool = False
    known: Store | None = None
    limits: Limits = field(default_factory=Limits)
    network: Network = field(default_factory=Network)

    def __getitem__(self, row: Row) -> Illustration:
        """Decode one row, unless it has been encoded before."""
        caption = row.plate[self.columns.caption]
        if not usable(caption):
            said = "" if caption is None else f"{type(caption).__name__}: {str(caption)[:60]!r}"
            return Illustration(bad=BadPlateError(Reason.NO_CAPTION, said))
        try:
            illustration = self.picture(row)
        except BadPlateError as bad:
            illustration = Illustration(bad=bad)
        except OldBookError as absent:  # as a value: a worker would raise it with its traceback
            illustration = Illustration(absent=absent)
        if self.training:
            return replace(illustration, prompt=self.captions.training_prompt(caption, row.seed))
        return replace(illustration, prompt=self.captions.prompt(caption))

    def picture(self, row: Row) -> Illustration:
        """What the autoencoder says about a picture, or its pixels."""
        page = row.plate[self.columns.image] or {}
        content = read_page(page.get("bytes"), page.get("path"), self.network)
        self.limits.check(content)  # whether the cache knows it or not
        mirrored = self.mirrored(row)
        key = picture_key(content, self.resolution, mirrored)
        if self.known is not None and (moments := self.known.get(key)) is not None:
            return Illustration(moments=moments, key=key)
        pixels = center_crop(decode_page(content), self.resolution)
        return Illustration(pixels.flip(-1) if mirrored else pixels, key=key)

    def mirrored(self, row: Row) -> bool:
        """Whether this visit shows the picture mirrored."""
        if row.mirrored is not None:
            return row.mirrored
        return self.flip and uniform(row.seed, "flip") < 0.5
