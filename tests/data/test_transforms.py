"""From the file of a page to a square of pixels, and the other way."""

import io
import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from oldbook_diffusion.data.bad_samples import BadSampleError
from oldbook_diffusion.data.transforms import FORMATS, Images, center_crop, decode_image, shallow
from oldbook_diffusion.images import before_and_after, slug


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_transparency_lies_on_white_paper() -> None:
    page = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert decode_image(encoded(page)).getpixel((1, 1)) == (255, 255, 255)


def test_a_transparent_palette_lies_on_white_paper() -> None:
    page = Image.new("P", (4, 4), 0)
    page.putpalette([9, 9, 9])
    assert decode_image(encoded(page, transparency=0)).getpixel((1, 1)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    deep = np.full((4, 4), 32896, np.uint16)  # the middle grey
    assert decode_image(encoded(Image.fromarray(deep))).getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize("kind", [np.uint16, np.int32])
def test_sixteen_bits_become_the_nearest_of_eight_in_little_memory(kind: type) -> None:
    every = np.arange(-70_000 if kind is np.int32 else 0, 65_536).astype(kind)
    expected = (every / 257).round().clip(0, 255)
    assert (shallow(every[:, None])[:, 0] == expected).all()
    page = np.zeros((8000, 1000), kind)
    tracemalloc.start()
    shallow(page)
    assert tracemalloc.get_traced_memory()[1] < 1.3 * page.size
    tracemalloc.stop()


def test_cmyk_becomes_rgb() -> None:
    page = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
    colour = decode_image(encoded(page, "JPEG")).getpixel((3, 3))
    assert colour == pytest.approx((255, 255, 255), abs=3)


def test_a_page_is_turned_upright() -> None:
    page = Image.new("RGB", (6, 3), "white")
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    assert decode_image(encoded(page, "JPEG", exif=exif)).size == (3, 6)


def test_the_square_is_cut_from_the_middle() -> None:
    page = np.zeros((8, 24, 3), np.uint8)
    page[:, 8:16] = 200
    square = center_crop(Image.fromarray(page), 8)
    assert square.shape == (3, 8, 8)
    assert square.dtype == torch.uint8
    assert bool((square == 200).all())


def test_the_shorter_side_is_made_to_fit() -> None:
    assert center_crop(Image.new("RGB", (100, 37)), 16).shape == (3, 16, 16)
    assert center_crop(Image.new("RGB", (5, 9)), 16).shape == (3, 16, 16)


def test_making_smaller_averages_and_does_not_alias() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    square = center_crop(Image.fromarray(stripes), 16).float()[..., 2:-2]
    assert float((square - 127.5).abs().max()) < 10


def test_a_page_may_not_be_too_large() -> None:
    page = encoded(Image.new("RGB", (20, 20)))
    Images(max_pixels=400).check(page)
    with pytest.raises(BadSampleError, match=r"oversized \(20 x 20 pixels\)"):
        Images(max_pixels=399).check(page)


def test_a_page_may_not_be_too_small() -> None:
    page = encoded(Image.new("RGB", (20, 4)))
    Images(min_side=4).check(page)
    with pytest.raises(BadSampleError, match=r"too small \(20 x 4 pixels\)"):
        Images(min_side=5).check(page)


def test_by_default_a_page_has_a_hundred_million_pixels_at_most() -> None:
    Images().check(encoded(Image.new("1", (10_000, 10_000))))
    with pytest.raises(BadSampleError, match="10001 x 10000 pixels"):
        Images().check(encoded(Image.new("1", (10_001, 10_000))))


def test_a_file_that_would_start_a_program_is_no_image() -> None:
    postscript = encoded(Image.new("L", (20, 20)), "EPS")
    with pytest.raises(BadSampleError, match="begins with"):
        Images().check(postscript)
    with pytest.raises(BadSampleError, match="begins with"):
        decode_image(postscript)


@pytest.mark.parametrize("kind", sorted(set(FORMATS) - {"PSD"}))
def test_formats_that_are_named_are_opened(kind: str) -> None:
    content = encoded(Image.new("RGB", (32, 32), "white"), kind)
    Images().check(content)
    assert decode_image(content).size == (32, 32)


def test_the_sheet_has_a_pair_for_each_prompt() -> None:
    base, tuned = torch.zeros(4, 3, 16, 16), torch.ones(4, 3, 16, 16)
    sheet = before_and_after(["one", "two", "three", "a prompt too long " * 30], base, tuned)
    dark = np.asarray(sheet.convert("L")) == 0
    assert 4 * 192 * 192 <= dark.sum() < 4.3 * 192 * 192


def test_a_prompt_becomes_a_file_name() -> None:
    assert slug("A map of Europe, in the 18th century!") == "a-map-of-europe-in-the-18th-century"
    assert "/" not in slug("../../etc/passwd")


def test_a_long_text_in_a_png_is_no_fault() -> None:
    image = Image.effect_noise((40, 36), 64)
    plain, long = io.BytesIO(), io.BytesIO()
    image.save(plain, "PNG")
    text = PngImagePlugin.PngInfo()
    text.add_text("workflow", "node " * 300_000, zip=True)
    image.save(long, "PNG", pnginfo=text)
    assert decode_image(long.getvalue()).tobytes() == decode_image(plain.getvalue()).tobytes()
    assert PngImagePlugin.MAX_TEXT_CHUNK < 1_500_000, "Pillow's limit is back"
