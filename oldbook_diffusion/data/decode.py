"""Decoding a row: bytes, checks, image and prompt, or the cached posterior."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from torch import Tensor
from torch.utils.data import Dataset

from oldbook_diffusion.cache.store import Store
from oldbook_diffusion.data.bad_samples import BadSampleError, Reason
from oldbook_diffusion.data.captions import Captions, usable
from oldbook_diffusion.data.network import Network
from oldbook_diffusion.data.sampler import Row
from oldbook_diffusion.data.stream import Columns
from oldbook_diffusion.data.transforms import (
    Images,
    center_crop,
    decode_image,
    image_key,
    read_image,
)
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import uniform


def nowhere(path: str) -> bool:
    """Of a dataset that has no files beside its rows."""
    return False


@dataclass(frozen=True)
class Illustration:
    """One plate, ready to be batched; or an error, of the sample or of its server."""

    pixels: Tensor | None = None  # uint8 [3, H, W]
    moments: Tensor | None = None  # [2 C, h, w] of its posterior, where it is cached
    key: str = ""
    prompt: str = ""
    enlarged: bool = False  # since it is smaller than the square
    bad: BadSampleError | None = None
    lost: OldBookError | None = None


@dataclass(frozen=True)
class Decode(Dataset[Illustration]):
    """Turns rows into illustrations, in a worker or in the main process.

    Attributes:
        columns: Names of the columns.
        captions: How captions become prompts.
        resolution: Side of the squares, in pixels.
        training: Whether captions are dropped at random.
        cached: Posteriors that need no decoding.
        images: Which images are used, and whether half the training visits are mirrored.
        network: Timeouts and retries of remote images.
        holds: Whether a file that a row names belongs to the dataset.
    """

    columns: Columns
    captions: Captions
    resolution: int
    training: bool
    cached: Store | None = None
    images: Images = field(default_factory=Images)
    network: Network = field(default_factory=Network)
    holds: Callable[[str], bool] = nowhere

    def __getitem__(self, row: Row) -> Illustration:
        """Decode one row, unless its posterior is cached."""
        column = self.columns.caption
        caption = row.plate[column] if column else ""
        if column and not usable(caption):
            detail = "" if caption is None else f"{type(caption).__name__}: {str(caption)[:60]!r}"
            return Illustration(bad=BadSampleError(Reason.NO_CAPTION, detail))
        try:
            illustration = self.image(row)
        except BadSampleError as bad:
            illustration = Illustration(bad=bad)
        except OldBookError as lost:  # as a value: a worker would raise it with its traceback
            illustration = Illustration(lost=lost)
        if self.training:
            return replace(illustration, prompt=self.captions.training_prompt(caption, row.seed))
        return replace(illustration, prompt=self.captions.prompt(caption))

    def image(self, row: Row) -> Illustration:
        """The cached posterior of an image, or its pixels."""
        image = row.plate[self.columns.image] or {}
        content = read_image(image.get("bytes"), image.get("path"), self.read)
        side = self.images.check(content)  # whether it is cached or not
        enlarged = side < self.resolution
        mirrored = self.mirrored(row)
        key = image_key(content, self.resolution, mirrored)
        if self.cached is not None and (moments := self.cached.get(key)) is not None:
            return Illustration(moments=moments, key=key, enlarged=enlarged)
        pixels = center_crop(decode_image(content), self.resolution)
        pixels = pixels.flip(-1) if mirrored else pixels
        return Illustration(pixels, key=key, enlarged=enlarged)

    def read(self, path: str) -> bytes:
        """The bytes of a file that a row names.

        Raises:
            BadSampleError: It is not of the dataset, and others are not allowed.
            OldBookError: It cannot be read now.
        """
        if not self.images.allow_outside and not self.holds(path):
            raise BadSampleError(
                Reason.OUTSIDE,
                f"{path}: copy it there, or set data.images.allow_outside to true where you trust "
                "the dataset",
            )
        return self.network.fetch(path, lambda file: bytes(file.read()))

    def mirrored(self, row: Row) -> bool:
        """Whether this visit shows the image mirrored."""
        if row.mirrored is not None:
            return row.mirrored
        return self.training and self.images.random_flip and uniform(row.seed, "flip") < 0.5
