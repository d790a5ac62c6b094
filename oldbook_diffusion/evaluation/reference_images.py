"""Reference images: plates through the autoencoder, as every sample goes, and their embeddings."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor, resize, to_pil_image

from oldbook_diffusion.batch import Batch, to_unit_range
from oldbook_diffusion.data.bad_samples import BadSampleError
from oldbook_diffusion.data.transforms import Images, center_crop, decode_image
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.encoders import ImageEncoder
from oldbook_diffusion.metrics.negative_controls import Change
from oldbook_diffusion.models import BaseModel

THUMBNAIL = 256  # pixels of a side, at most
FIX = "so that nothing can be measured: fix the dataset, or hold out other plates"
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")


@dataclass(frozen=True)
class Plates:
    """Embedded plates.

    Attributes:
        embeddings: [N, D].
        books: The book of each, where one is known.
        captions: The words of each.
        thumbnails: Each as a small JPEG file.
        variants: For each change by name, the embeddings [N, D] of the changed plates.
        untouched: [N, D], of the plates before the autoencoder; [0, D] where not asked for.
    """

    embeddings: Tensor
    books: list[str | None]
    captions: list[str]
    thumbnails: list[bytes]
    variants: Mapping[str, Tensor]
    untouched: Tensor

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The plates of one or more parts, in their order."""
        names = parts[0].variants
        return cls(
            torch.cat([part.embeddings for part in parts]),
            [book for part in parts for book in part.books],
            [caption for part in parts for caption in part.captions],
            [small for part in parts for small in part.thumbnails],
            {name: torch.cat([part.variants[name] for part in parts]) for name in names},
            torch.cat([part.untouched for part in parts]),
        )

    @property
    def book_ids(self) -> Tensor:  # => [N]
        """The books, numbered; a plate of no known book is a book of its own."""
        names = [book or f"plate {number}" for number, book in enumerate(self.books)]
        order = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return torch.tensor([order[name] for name in names])


@dataclass(frozen=True)
class MonitoredSubset:
    """Plates whose captions are sampled at every checkpoint: the monitored subset.

    Attributes:
        images: [C, 3, H, W] in [0, 1], as they are in the data.
        captions: The words of each.
        trained_on: [C] bool, whether it is trained on.
    """

    images: Tensor
    captions: list[str]
    trained_on: Tensor


def read_monitored(loaders: Iterable[Any]) -> MonitoredSubset:
    """Read the monitored subset: plates held out, then plates trained on.

    Raises:
        OldBookError: None of them could be used.
    """
    images, captions, trained_on = [], [], []
    for number, loader in enumerate(loaders):
        for batch in loader:
            images.append(to_unit_range(batch["images"]))
            captions += batch["prompts"]
            trained_on += [number == 1] * len(batch["prompts"])
    if not images:
        raise OldBookError(f"none of the monitored plates could be used, {FIX}")
    return MonitoredSubset(torch.cat(images), captions, torch.tensor(trained_on))


def embed_plates(
    model: BaseModel,
    encoder: ImageEncoder,
    loader: Iterable[Any],
    changes: Mapping[str, Change],
    untouched_too: bool = False,
) -> Plates:
    """Embed plates batch by batch, so that only thumbnails stay in memory.

    Raises:
        OldBookError: None of them could be used.
    """
    parts = [embed_batch(model, encoder, batch, changes, untouched_too) for batch in loader]
    if not parts:
        raise OldBookError(f"none of the plates could be used, {FIX}")
    return Plates.joined(parts)


def embed_batch(
    model: BaseModel,
    encoder: ImageEncoder,
    batch: Batch,
    changes: Mapping[str, Change],
    untouched_too: bool,
) -> Plates:
    """Embed the plates of a batch."""
    untouched = to_unit_range(batch["images"])
    images = model.round_trip(untouched).cpu()
    embeddings = encoder.encode_images(images)
    return Plates(
        embeddings,
        batch["books"],
        batch["prompts"],
        [thumbnail(image) for image in images],
        {name: encoder.encode_images(change(images)) for name, change in changes.items()},
        encoder.encode_images(untouched) if untouched_too else embeddings[:0],
    )


def thumbnail(image: Tensor) -> bytes:
    """An image [3, H, W] in [0, 1] as a small JPEG file."""
    page, content = to_pil_image(image), io.BytesIO()
    page.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    page.save(content, "JPEG", quality=88)
    return content.getvalue()


def enlarged(thumbnails: Iterable[bytes], resolution: int) -> Tensor:  # => [N, 3, R, R]
    """Thumbnails as images in [0, 1] of the size of samples."""
    pages = (pil_to_tensor(Image.open(io.BytesIO(content))) for content in thumbnails)
    return torch.stack([resize(page, [resolution, resolution]).float() / 255 for page in pages])


def read_negatives(folder: Path | None, resolution: int) -> Tensor:  # => [N, 3, R, R] in [0, 1]
    """Images that are not of the style, cropped as plates are; those that are none left out.

    Raises:
        OldBookError: A folder is named, and no image is in it.
    """
    pages = []
    files = [] if folder is None else sorted(folder.rglob("*"))
    for file in files:
        if file.suffix.lower() in ENDINGS:
            content = file.read_bytes()
            try:
                Images().check(content)
                pages.append(center_crop(decode_image(content), resolution))
            except BadSampleError:
                continue
    if folder is not None and not pages:
        raise OldBookError(f"there is no image in {folder}: set render.negatives_dir to a folder")
    return torch.stack(pages).float() / 255 if pages else torch.zeros(0, 3, resolution, resolution)
