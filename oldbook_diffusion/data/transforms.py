"""Image transforms, from the bytes of a file to a square of pixels."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import PIL
import torch
from jsonargparse.typing import ClosedUnitInterval, PositiveInt
from numpy.typing import NDArray
from PIL import ExifTags, Image, PngImagePlugin, UnidentifiedImageError
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF

from oldbook_diffusion.data.bad_samples import BadSampleError, Reason
from oldbook_diffusion.errors import OldBookError

TRANSFORM = "Lanczos, centre crop, 1"  # another one needs another name: caches depend on it
# no EPS, whose reader starts Ghostscript, and none of the readers that wait for a plugin
FORMATS = (
    "JPEG",
    "PNG",
    "TIFF",
    "WEBP",
    "AVIF",
    "JPEG2000",
    "GIF",
    "BMP",
    "DIB",
    "PPM",
    "TGA",
    "PCX",
    "ICO",
    "PSD",
    "SGI",
)
ROWS_AT_ONCE = 64  # of a page of 16 bits
LONGEST_TEXT = PngImagePlugin.MAX_TEXT_MEMORY
ORIENTATIONS: dict[Any, Image.Transpose] = {  # Exif 2.3, table 6
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Images:
    """Which images are used, by the size in their headers, and how training augments them.

    Attributes:
        random_flip: Whether half the training visits are mirrored.
        max_pixels: An image of more is not decoded; a page of 14 x 20 inches at 600 dpi has 100
            million.
        min_side: Length of the shorter side, in pixels, below which an image is too small.
        allow_outside: Whether rows may name images outside of data.path, by path or address; a
            dataset that you do not trust could have any file read that you can read.
        max_bad_fraction: The largest fraction of bad samples; a run with more of them stops.
    """

    random_flip: bool = False
    max_pixels: PositiveInt = 100_000_000
    min_side: PositiveInt = 16
    allow_outside: bool = False
    max_bad_fraction: ClosedUnitInterval = 0.05

    def __post_init__(self) -> None:
        if self.min_side**2 > self.max_pixels:
            raise OldBookError(
                f"no image fits data.images: min_side is {self.min_side} and max_pixels "
                f"{self.max_pixels}; raise max_pixels or lower min_side"
            )

    def check(self, content: bytes) -> int:
        """Check the header of an image; give the length of its shorter side, in pixels.

        Raises:
            BadSampleError: It is no image, or not of a size to train on.
        """
        with pillow_errors(content):
            size = Image.open(io.BytesIO(content), formats=FORMATS).size
        pixels = f"{size[0]} x {size[1]} pixels"
        if size[0] * size[1] > self.max_pixels:
            raise BadSampleError(Reason.OVERSIZED, pixels)
        if min(size) < self.min_side:
            raise BadSampleError(Reason.TOO_SMALL, pixels)
        return min(size)


@contextmanager
def pillow_errors(content: bytes) -> Iterator[None]:
    """Make bad samples of Pillow's errors; its own limit of size is lifted, ours holds.

    One text of a PNG may be as large as all together: scanners and ComfyUI write long ones.
    """
    pillows, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    text, PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_CHUNK, LONGEST_TEXT
    try:
        yield
    except UnidentifiedImageError as error:
        raise BadSampleError(Reason.CORRUPT, f"begins with {content[:16]!r}") from error
    except Exception as error:  # Pillow raises nearly every kind
        message = " ".join(str(error).split()) or type(error).__name__
        raise BadSampleError(Reason.CORRUPT, message) from error
    finally:
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = pillows, text


def read_image(content: bytes | None, path: str | None, read: Callable[[str], bytes]) -> bytes:
    """The bytes of an image, from memory or from its file.

    Raises:
        BadSampleError: The file cannot be read, or is empty.
        OldBookError: It cannot be read now.
    """
    if content is None and path is not None:
        try:
            content = read(path)
        except (OSError, ValueError) as error:  # ValueError: no such kind of address
            raise BadSampleError(Reason.UNREADABLE, str(error)) from error
    if not content:
        raise BadSampleError(Reason.EMPTY)
    return content


def image_key(content: bytes, resolution: int, mirrored: bool) -> str:
    """Hash all that a square of pixels is made from."""
    made = f"{TRANSFORM} {PIL.__version__} {resolution} {mirrored}\n"
    digest = blake2b(made.encode(), digest_size=16)
    digest.update(content)
    return digest.hexdigest()


def decode_image(content: bytes) -> Image.Image:
    """Decode to RGB: upright, on white where transparent, 16 bits scaled to 8.

    Raises:
        BadSampleError: The image is damaged or truncated.
    """
    with pillow_errors(content):
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        image.load()
        return to_rgb(upright(image))


def upright(image: Image.Image) -> Image.Image:
    """Apply the orientation in an image's metadata; metadata that cannot be read is ignored."""
    try:
        turn = ORIENTATIONS.get(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # Pillow raises nearly every kind
        return image
    # not by Pillow, which writes all of the metadata anew and stumbles over other entries
    return image if turn is None else image.transpose(turn)


def to_rgb(image: Image.Image) -> Image.Image:
    """Bring any mode to RGB without clipping or dropping what is transparent."""
    if image.mode.startswith("I"):
        image = Image.fromarray(shallow(np.asarray(image)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        page = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(page, image)
    return image.convert("RGB")


def shallow(deep: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale numbers in [0, 65535] to [0, 255], a few rows at a time: a page has 100 million."""
    scaled = np.empty(deep.shape, np.uint8)
    for first in range(0, len(deep), ROWS_AT_ONCE):
        rows = deep[first : first + ROWS_AT_ONCE].clip(0, 65535).astype(np.uint32)
        scaled[first : first + ROWS_AT_ONCE] = (rows + 128) // 257  # the nearest
    return scaled


def center_crop(image: Image.Image, resolution: int) -> Tensor:  # => uint8 [3, H, W], H = W
    """Resize the short side to `resolution` (Lanczos, antialiased), cut the middle square."""
    if min(image.size) != resolution:
        image = TF.resize(image, resolution, InterpolationMode.LANCZOS)
    image = TF.center_crop(image, [resolution, resolution])
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1)
