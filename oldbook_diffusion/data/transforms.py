"""From the bytes of a scanned page to a square of pixels."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import PIL
import torch
from PIL import ExifTags, Image, UnidentifiedImageError
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF

from oldbook_diffusion.data.faults import BadPlateError, Reason
from oldbook_diffusion.data.network import Network
from oldbook_diffusion.errors import OldBookError

TRANSFORM = "Lanczos, centre crop, 1"  # another one needs another name: caches depend on it
TURNS: dict[Any, Image.Transpose] = {  # by the orientation that is noted (Exif 2.3, table 6)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Limits:
    """Which pictures are plates, by the size that their headers tell.

    Attributes:
        max_pixels: A picture of more is not decoded; a page of 20 x 28 inches at 600 dpi has 200
            million.
        min_side: Shorter sides, in pixels, show nothing.
    """

    max_pixels: int = 200_000_000
    min_side: int = 16

    def __post_init__(self) -> None:
        if not 0 < self.min_side**2 <= self.max_pixels:
            raise OldBookError(
                f"no picture fits data.limits: min_side {self.min_side} and max_pixels "
                f"{self.max_pixels}; raise max_pixels or lower min_side to 1 or more"
            )

    def check(self, content: bytes) -> None:
        """Look at the header of a picture.

        Raises:
            BadPlateError: It is no picture, or not of a size to train on.
        """
        with faults_of_pictures(content):
            size = Image.open(io.BytesIO(content)).size
        told = f"{size[0]} x {size[1]} pixels"
        if size[0] * size[1] > self.max_pixels:
            raise BadPlateError(Reason.OVERSIZED, told)
        if min(size) < self.min_side:
            raise BadPlateError(Reason.TOO_SMALL, told)


@contextmanager
def faults_of_pictures(content: bytes) -> Iterator[None]:
    """Give the faults that Pillow finds their kind; its own limit of size gives way to ours."""
    pillows, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    except UnidentifiedImageError as error:
        raise BadPlateError(Reason.CORRUPT, f"begins with {content[:16]!r}") from error
    except Exception as error:  # Pillow raises nearly every kind
        told = " ".join(str(error).split()) or type(error).__name__
        raise BadPlateError(Reason.CORRUPT, told) from error
    finally:
        Image.MAX_IMAGE_PIXELS = pillows


def read_page(content: bytes | None, path: str | None, network: Network) -> bytes:
    """Get the bytes of a page, from memory or from its file.

    Raises:
        BadPlateError: The file cannot be read, or is empty.
        OldBookError: It does not come.
    """
    if content is None and path is not None:
        try:
            content = network.fetch(path, lambda file: bytes(file.read()))
        except (OSError, ValueError) as error:  # ValueError: no such kind of address
            raise BadPlateError(Reason.UNREADABLE, str(error)) from error
    if not content:
        raise BadPlateError(Reason.EMPTY)
    return content


def picture_key(content: bytes, resolution: int, mirrored: bool) -> str:
    """Name a square of pixels by all that it is made from."""
    made = f"{TRANSFORM} {PIL.__version__} {resolution} {mirrored}\n"
    digest = blake2b(made.encode(), digest_size=16)
    digest.update(content)
    return digest.hexdigest()


def decode_page(content: bytes) -> Image.Image:
    """Decode to RGB: upright, on white where transparent, 16 bits scaled to 8.

    Raises:
        BadPlateError: The bytes are not a whole picture.
    """
    with faults_of_pictures(content):
        image = Image.open(io.BytesIO(content))
        image.load()
        return to_rgb(upright(image))


def upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its metadata asks; what nobody can read there costs no plate."""
    try:
        turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # Pillow raises nearly every kind
        return image
    # not by Pillow, which writes all of the metadata anew and stumbles over other entries
    return image if turn is None else image.transpose(turn)


def to_rgb(image: Image.Image) -> Image.Image:
    """Bring any mode to RGB without clipping or dropping what is transparent."""
    if image.mode.startswith("I"):
        deep = np.asarray(image).astype(np.float64)
        image = Image.fromarray((deep / 257).round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        page = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(page, image)
    return image.convert("RGB")


def center_crop(image: Image.Image, resolution: int) -> Tensor:  # => uint8 [3, H, W], H = W
    """Resize the short side to `resolution` (Lanczos, antialiased), cut the middle square."""
    if min(image.size) != resolution:
        image = TF.resize(image, resolution, InterpolationMode.LANCZOS)
    image = TF.center_crop(image, [resolution, resolution])
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)
