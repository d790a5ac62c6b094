"""From the bytes of a scanned page to a square of pixels."""

import io
from hashlib import blake2b

import fsspec
import numpy as np
import PIL
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF

TRANSFORM = "Lanczos, centre crop, 1"  # another one needs another name: caches depend on it
MAX_PIXELS = 200_000_000  # a page of 20 x 28 inches at 600 dpi


class BadPageError(Exception):
    """A page that cannot become a picture; the message is the reason."""


def read_page(content: bytes | None, path: str | None) -> bytes:
    """Get the bytes of a page, from memory or from its file.

    Raises:
        BadPageError: The file cannot be read, or is empty.
    """
    if content is None and path is not None:
        try:
            with fsspec.open(path, "rb") as file:
                content = file.read()
        except OSError as error:
            raise BadPageError(f"unreadable ({error})") from error
    if not content:
        raise BadPageError("empty file")
    return content


def picture_key(content: bytes, resolution: int, mirrored: bool) -> str:
    """Name a square of pixels by all that it is made from."""
    made = f"{TRANSFORM} {PIL.__version__} {resolution} {mirrored}\n"
    digest = blake2b(made.encode(), digest_size=16)
    digest.update(content)
    return digest.hexdigest()


def decode_page(content: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode to RGB: upright, on white where transparent, 16 bits scaled to 8.

    Raises:
        BadPageError: The bytes are not a whole picture, or the picture is too large.
    """
    try:
        image = Image.open(io.BytesIO(content))
        if image.width * image.height > max_pixels:
            raise BadPageError(f"oversized ({image.width} x {image.height} pixels)")
        image.load()
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as error:
        raise BadPageError("corrupt or truncated") from error
    except Image.DecompressionBombError as error:
        raise BadPageError("oversized") from error
    return to_rgb(ImageOps.exif_transpose(image))


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
