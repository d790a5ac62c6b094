"""Forms: what an engraver sees in a drawing: tones, light and shade, outlines, directions.

All arrays are [H, W] at FINE times the picture's size; lengths are in pixels of the picture.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image
from scipy import ndimage

from recipes.nano.drawing.canvas import FINE, Drawing, Part

LIGHT = (-0.55, -0.6, 0.58)  # where light comes from: left, above, in front
REACH = 24.0  # a large form is rounded at most this far in from its outline


@dataclass(frozen=True)
class Forms:
    """A drawing as its engraver sees it.

    Attributes:
        colours: The drawing's colours, float32 [H, W, 3].
        ids: The drawing's parts.
        ground: Where the background is.
        skin: Where skin is.
        solid: What is printed black.
        flat: What does not swell towards the viewer.
        darkness: How dark each pixel is, in [0, 1].
        own_darkness: How much darker each pixel is than the lightest of its part.
        height: How far each form stands out.
        shade: How far each form turns from the light: below 0 lit, above 0 in shade.
        angle: Direction of the lines, in radians.
    """

    colours: np.ndarray
    ids: np.ndarray
    ground: np.ndarray
    skin: np.ndarray
    solid: np.ndarray
    flat: np.ndarray
    darkness: np.ndarray
    own_darkness: np.ndarray
    height: np.ndarray
    shade: np.ndarray
    angle: np.ndarray

    @cached_property
    def to_figure(self) -> np.ndarray:
        """Distance to the next figure."""
        if self.ground.all():
            return np.full(self.ground.shape, 99, np.float32)
        return ndimage.distance_transform_edt(self.ground).astype(np.float32) / FINE

    @cached_property
    def dark_ground(self) -> bool:
        """Whether it is night, or a dark stage."""
        return bool(self.ground.any() and self.darkness[self.ground].mean() > 0.5)

    @cached_property
    def foot_shadow(self) -> np.ndarray:
        """A shadow in [0, 1] on the ground, right of where figures stand, not on walls."""
        figure = (~self.ground).astype(np.float32)
        moved = ndimage.shift(figure, (FINE, 7 * FINE), order=0)
        below = ndimage.shift(figure, (5 * FINE, 4 * FINE), order=0) * (1 - figure)
        lower = np.linspace(0, 1, len(figure), dtype=np.float32)[:, None] > 0.72
        return ndimage.gaussian_filter(moved * below * lower, (FINE, 2.5 * FINE)) * self.ground

    @cached_property
    def silhouette(self) -> np.ndarray:
        """Where a figure meets the ground."""
        return borders(self.ground)

    @cached_property
    def joints(self) -> np.ndarray:
        """Where one part of the figures meets another that does not look the same."""
        return borders(self.ids) & ~dilated(self.ground) & (self.contrast > 0.04)

    @cached_property
    def ground_edges(self) -> np.ndarray:
        """Where one part of the background meets another, away from the figures."""
        return borders(self.ids) & self.ground & (self.contrast > 0.1) & (self.to_figure > 2.5)

    @cached_property
    def contrast(self) -> np.ndarray:
        """The largest change of a colour across each pixel."""
        soft = ndimage.uniform_filter(self.colours, (3, 3, 1))
        across = np.abs(np.roll(soft, -2, 1) - np.roll(soft, 2, 1)).max(-1)
        down = np.abs(np.roll(soft, -2, 0) - np.roll(soft, 2, 0)).max(-1)
        return np.maximum(across, down)

    @cached_property
    def lightness_on_paper(self) -> np.ndarray:
        """Lightness of the figures, the ground blank."""
        return ndimage.uniform_filter(np.where(self.ground, 1, 1 - self.darkness), 3)

    @cached_property
    def dark_marks(self) -> np.ndarray:
        """Ink in [0, 1] of what is small and dark: eyes, mouths, bars."""
        size = int(4.5 * FINE) | 1
        light = self.lightness_on_paper
        marks = (ndimage.grey_closing(light, (size, size)) - light > 0.25) & (light < 0.52)
        marks &= ~self.ground
        return np.clip(ndimage.gaussian_filter(marks.astype(np.float32), 1.0) * 4 - 1.4, 0, 1)

    @cached_property
    def light_marks(self) -> np.ndarray:
        """Where in [0, 1] what is small and light must stay blank."""
        size = int(4.5 * FINE) | 1
        light = self.lightness_on_paper
        marks = light - ndimage.grey_opening(light, (size, size))
        return np.clip((marks - 0.2) * 6, 0, 1) * ~self.ground

    def edges(self, width: float) -> np.ndarray:
        """Strength of the lines on the dark side of changes of colour, in any channel."""
        near, far = 0.5 * width * FINE, 0.8 * width * FINE
        channels = np.moveaxis(self.colours, -1, 0)
        lines = [
            ndimage.gaussian_filter(c, far) - ndimage.gaussian_filter(c, near) for c in channels
        ]
        return np.maximum.reduce(lines)


def model(drawing: Drawing, angle: float) -> Forms:
    """See a drawing as an engraver does; the angle is that of parts without a direction."""
    ids, parts = drawing.ids, drawing.parts
    light = 0.45 * drawing.colours.max(-1) + 0.55 * drawing.colours @ np.float32([0.3, 0.59, 0.11])
    darkness = 1 - light
    kinds = {kind: of_kind(parts, ids, kind) for kind in ("skin", "solid", "flat")}
    height = inflate(ids, kinds["flat"] | ground_of(parts, ids))
    return Forms(
        colours=drawing.colours,
        ids=ids,
        ground=ground_of(parts, ids),
        skin=kinds["skin"],
        solid=kinds["solid"],
        flat=kinds["flat"],
        darkness=darkness,
        own_darkness=np.clip(darkness - lightest(darkness, ids, len(parts)), 0, 1),
        height=height,
        shade=turned_away(height),
        angle=directions(drawing, angle),
    )


def of_kind(parts: tuple[Part, ...], ids: np.ndarray, form: str) -> np.ndarray:
    """Where the parts of a form are."""
    return np.array([part.form == form and not part.ground for part in parts])[ids]


def ground_of(parts: tuple[Part, ...], ids: np.ndarray) -> np.ndarray:
    """Where the background is."""
    return np.array([part.ground for part in parts])[ids]


def borders(labels: np.ndarray) -> np.ndarray:
    """Where a label differs from the next one to the right or below."""
    found = np.zeros(labels.shape, bool)
    found[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    found[1:] |= labels[1:] != labels[:-1]
    return found


def dilated(mask: np.ndarray) -> np.ndarray:
    """A mask and the two pixels around it."""
    return ndimage.binary_dilation(mask, iterations=2)


def inflate(ids: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """How far each part swells towards the viewer: a circle's profile from its outline inwards."""
    distance = ndimage.distance_transform_edt(~borders(ids)).astype(np.float32) / FINE
    reach = np.clip(ndimage.maximum(distance, ids, np.arange(ids.max() + 1)), 1, REACH)[ids]
    share = np.clip(distance / reach, 0, 1)
    dome = np.where(flat, 0, 0.8 * reach * np.sqrt(share * (2 - share)))
    return ndimage.gaussian_filter(dome.astype(np.float32), 1.4 * FINE)


def turned_away(height: np.ndarray) -> np.ndarray:
    """How far a surface turns from the light, 0 where it faces the viewer."""
    down, across = np.gradient(height, 1 / FINE)
    normal = np.stack([-across, -down, np.ones_like(height)])
    normal /= np.sqrt((normal**2).sum(0))
    return LIGHT[2] - np.tensordot(np.float32(LIGHT), normal, 1)


def lightest(darkness: np.ndarray, ids: np.ndarray, number: int) -> np.ndarray:
    """The darkness of each part's light pixels, the 20th percentile, at each pixel."""
    order = np.lexsort((darkness.ravel(), ids.ravel()))
    counts = np.bincount(ids.ravel(), minlength=number)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    places = np.minimum(starts + counts // 5, darkness.size - 1)
    return darkness.ravel()[order][places][ids]


def directions(drawing: Drawing, angle: float) -> np.ndarray:
    """The direction of the lines: across long round things, along hair, level on the ground."""
    ids, parts = drawing.ids, drawing.parts
    rows, columns = np.mgrid[: ids.shape[0], : ids.shape[1]].astype(np.float32)
    axis, length = main_axes(ids, rows, columns, len(parts))
    table = np.zeros(len(parts), np.float32)
    for number, part in enumerate(parts):
        table[number] = direction(part, number, float(axis[number]), float(length[number]), angle)
    colours = Image.fromarray((drawing.colours * 255).astype(np.uint8))
    fields = np.asarray(colours.quantize(6, dither=Image.Dither.NONE), np.int16)
    turned = ((ndimage.median_filter(fields, 5) % 3) - 1) * 0.3
    fixed = np.array([p.ground or p.form in ("hair", "skin") or p.angle is not None for p in parts])
    return table[ids] + np.where(fixed[ids], 0, turned).astype(np.float32)


def direction(part: Part, number: int, axis: float, length: float, angle: float) -> float:
    """The direction of one part's lines, in radians."""
    if part.angle is not None:
        return float(np.deg2rad(part.angle))
    if part.form == "hair":
        return axis if length > 0.35 else np.pi / 2
    if length > 0.6 and part.form != "flat" and not part.ground:
        return axis + np.pi / 2
    return 0.0 if part.ground else angle + 0.3 * (number % 3 - 1)


def main_axes(
    ids: np.ndarray, rows: np.ndarray, columns: np.ndarray, number: int
) -> tuple[np.ndarray, np.ndarray]:  # => [parts], [parts]
    """The direction of each part's length, and how elongated it is in [0, 1]."""
    flat = ids.ravel()
    count = np.maximum(np.bincount(flat, minlength=number), 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(flat, weights=values.ravel(), minlength=number) / count

    x, y = columns - mean(columns)[ids], rows - mean(rows)[ids]
    xx, yy, xy = mean(x * x), mean(y * y), mean(x * y)
    axis = 0.5 * np.arctan2(2 * xy, xx - yy)
    return axis, np.sqrt((xx - yy) ** 2 + 4 * xy**2) / (xx + yy + 1e-6)
