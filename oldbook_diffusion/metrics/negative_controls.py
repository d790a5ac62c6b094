"""Negative controls and hard negatives: images that are not old plates and may pass for some.

A score is only as good as what it has been tested against. Negative controls change the tone, the
edges or the grain of the base model's samples and add no engraver's line; hard negatives are other
printed styles. Claims hold for the shortcuts named here, and for no others.

All take and give images [N, 3, H, W] in [0, 1], and are deterministic.
"""

import io
from collections.abc import Callable

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as TF

Change = Callable[[Tensor], Tensor]
PAPER = (0.96, 0.91, 0.80)
SEPIA_INK = (0.26, 0.16, 0.08)


def grey(images: Tensor) -> Tensor:
    """Luminance alone."""
    return TF.rgb_to_grayscale(images, num_output_channels=3)


def on_paper(ink: Tensor, dark: tuple[float, float, float] = (0.1, 0.1, 0.1)) -> Tensor:
    """Print ink [N, 1, H, W], 1 where it is dark, on yellowed paper."""
    paper, colour = (torch.tensor(tone).view(1, 3, 1, 1) for tone in (PAPER, dark))
    return (paper * (1 - ink) + colour * ink).clamp(0, 1)


def darkness(images: Tensor) -> Tensor:  # => [N, 1, H, W]
    """What ink would have to cover."""
    return 1 - grey(images)[:, :1]


def texture(like: Tensor, coarseness: int, seed: int) -> Tensor:  # => [1, 1, H, W]
    """A fixed sheet of noise, of unit variance, smooth over some pixels."""
    height, width = like.shape[-2:]
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(
        1, 1, -(-height // coarseness), -(-width // coarseness), generator=generator
    )
    sheet = F.interpolate(coarse, size=(height, width), mode="bicubic")
    return sheet / sheet.std()


def sepia(images: Tensor) -> Tensor:
    """Brown ink tones on paper."""
    return on_paper(darkness(images), SEPIA_INK)


def grey_contrast(images: Tensor) -> Tensor:
    """Grey, with deep shadows and burnt lights."""
    return (2 * (grey(images) - 0.5) + 0.5).clamp(0, 1)


def binarise(images: Tensor) -> Tensor:
    """Black or white, split at each image's mean."""
    tones = grey(images)
    middle = tones.mean(dim=(1, 2, 3), keepdim=True)
    return (tones > middle).to(images)


def edges(images: Tensor) -> Tensor:
    """The Sobel outline, in ink on paper."""
    return on_paper(steepness(images))


def steepness(images: Tensor) -> Tensor:  # => [N, 1, H, W] in [0, 1]
    """How fast the tone changes, by Sobel's filters."""
    across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernel = torch.stack([across, across.T])[:, None]
    tones = F.pad(grey(images)[:, :1], (1, 1, 1, 1), mode="replicate")
    return F.conv2d(tones, kernel).square().sum(dim=1, keepdim=True).sqrt().clamp(0, 1)


def contours(images: Tensor) -> Tensor:
    """Dark lines where the tone changes, by a difference of blurs, in ink on paper."""
    tones = grey(images)[:, :1]
    near, far = (TF.gaussian_blur(tones, kernel_size=side) for side in (3, 7))
    return on_paper(((far - near) * 25).clamp(0, 1))


def coloured_edges(images: Tensor) -> Tensor:
    """The colours kept, under outlines in ink."""
    ink = steepness(images)
    return images * (1 - ink) + 0.1 * ink


def sharpened(images: Tensor) -> Tensor:
    """Grey, its edges driven to black and white."""
    tones = grey(images)
    return (tones + 4 * (tones - TF.gaussian_blur(tones, kernel_size=5))).clamp(0, 1)


def colour_grain(images: Tensor) -> Tensor:
    """The colours kept, under the grain of a film."""
    return (images + 0.12 * texture(images, 1, 5)).clamp(0, 1)


def paper(images: Tensor) -> Tensor:
    """The colours kept, under a yellowed, uneven sheet."""
    tone = torch.tensor(PAPER).view(1, 3, 1, 1)
    return (images * tone + 0.03 * texture(images, 4, 1)).clamp(0, 1)


def grey_paper(images: Tensor) -> Tensor:
    """Grey under the same sheet."""
    return paper(grey(images))


def grey_grain(images: Tensor) -> Tensor:
    """Grey with the grain of a film."""
    return (grey(images) + 0.12 * texture(images, 1, 2)).clamp(0, 1)


def halftone(images: Tensor) -> Tensor:
    """Dots on a grid turned by 45 degrees, larger where it is darker."""
    height, width = images.shape[-2:]
    pitch = max(4.0, height / 20)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    along, over = ((x + y) / 2**0.5, (x - y) / 2**0.5)
    screen = (torch.cos(along * torch.pi * 2 / pitch) + torch.cos(over * torch.pi * 2 / pitch)) / 4
    return on_paper((4 * pitch / 3 * (darkness(images) - 0.5 + screen) + 0.5).clamp(0, 1))


def pencil(images: Tensor) -> Tensor:
    """Soft grey tones, dodged where nothing changes, on a grained sheet."""
    tones = grey(images)
    soft = TF.gaussian_blur(1 - tones, kernel_size=9)
    dodged = (tones / (1 - soft).clamp_min(0.05)).clamp(0, 1)
    return (0.25 + 0.75 * dodged + 0.04 * texture(images, 1, 3)).clamp(0, 1)


def watercolour(images: Tensor) -> Tensor:
    """Pale washes that run into each other."""
    washed = TF.gaussian_blur(images, kernel_size=7)
    return (0.45 + 0.55 * washed + 0.03 * texture(images, 6, 4)).clamp(0, 1)


def embossed(images: Tensor) -> Tensor:
    """Relief without lines."""
    tones = grey(images)
    return (0.5 + tones - tones.roll((1, 1), dims=(-2, -1))).clamp(0, 1)


def jpeg(images: Tensor) -> Tensor:
    """Through a JPEG file of quality 90."""
    return torch.stack([jpeg_page(image) for image in images])


def jpeg_page(image: Tensor) -> Tensor:  # => [3, H, W] in [0, 1]
    """One image [3, H, W] as such a file shows it."""
    content = io.BytesIO()
    TF.to_pil_image(image).save(content, "JPEG", quality=90)
    return TF.pil_to_tensor(Image.open(content)).float() / 255


def shifted(images: Tensor) -> Tensor:
    """One pixel to the right and down, the edge repeated."""
    return F.pad(images, (1, 0, 1, 0), mode="replicate")[..., :-1, :-1]


FAMILIES: dict[str, tuple[Change, ...]] = {  # controls that are much the same to an encoder
    "tone": (grey, sepia, grey_contrast, binarise),
    "edges": (edges, contours, coloured_edges, sharpened),
    "paper": (paper, grey_paper),
    "grain": (grey_grain, colour_grain),
}
CONTROLS: dict[str, Change] = {
    change.__name__: change for family in FAMILIES.values() for change in family
}
HARD_NEGATIVES: dict[str, Change] = {
    change.__name__: change for change in (halftone, pencil, watercolour, embossed)
}
NUISANCES: dict[str, Change] = {"JPEG of quality 90": jpeg, "a shift by a pixel": shifted}
