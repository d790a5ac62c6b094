"""Images as PNG files with their metadata inside, and the sheet of before and after."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from torch import Tensor
from torchvision.transforms.functional import to_pil_image

CELL = 192  # least width of an image on the sheet, in pixels
MARGIN = 12
CAPTION = 40
COLUMNS = 3


def save_image(image: Tensor, path: Path, metadata: Mapping[str, object]) -> None:
    """Write one image [3, H, W] in [0, 1] as PNG, with its metadata as text chunks."""
    info = PngInfo()
    for name, value in metadata.items():
        info.add_itxt(name, str(value))
    to_pil_image(image).save(path, "PNG", pnginfo=info)


def slug(prompt: str) -> str:
    """A prompt as a part of a file name: letters and digits of any script, at most 48."""
    return re.sub(r"[\W_]+", "-", prompt.lower()).strip("-")[:48] or "prompt"


def side_by_side(columns: Sequence[Tensor]) -> Tensor:  # => [3, N * H, K * W]
    """Columns of images [N, 3, H, W], such as samples of the base and the fine-tuned model."""
    return torch.cat([torch.cat([*column], dim=-2) for column in columns], dim=-1)


def before_and_after(prompts: Sequence[str], base: Tensor, fine_tuned: Tensor) -> Image.Image:
    """One sheet: a pair for each prompt, the base model's sample and the fine-tuned model's."""
    side = max(CELL, base.shape[-1])
    width, height = 2 * side + MARGIN, side + CAPTION
    columns = min(COLUMNS, len(prompts))
    rows = -(-len(prompts) // columns)
    size = (columns * (width + MARGIN) + MARGIN, rows * (height + MARGIN) + MARGIN)
    sheet = Image.new("RGB", size, "white")
    for number, prompt in enumerate(prompts):
        left = MARGIN + number % columns * (width + MARGIN)
        top = MARGIN + number // columns * (height + MARGIN)
        sheet.paste(enlarge(base[number], side), (left, top))
        sheet.paste(enlarge(fine_tuned[number], side), (left + side + MARGIN // 2, top))
        write(sheet, prompt, (left, top + side + MARGIN // 2), width)
    return sheet


def enlarge(image: Tensor, side: int) -> Image.Image:
    """Resize an image to its cell by nearest neighbour, which adds no detail."""
    return to_pil_image(image).resize((side, side), Image.Resampling.NEAREST)


def write(sheet: Image.Image, text: str, corner: tuple[int, int], width: int) -> None:
    """Write a line of text, truncated to a width in pixels."""
    font = ImageFont.load_default(size=16)
    while font.getlength(text) > width:
        text = text.rstrip("…")[:-1] + "…"
    ImageDraw.Draw(sheet).text(corner, text, fill="black", font=font)
