"""Sprites: icons of two openly licensed sets, rendered once and kept as one array.

Noto Emoji (Apache-2.0) and Fluent Emoji, flat (MIT); rasterised by resvg.
"""

import io
import json
import os
from functools import cache
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

from recipes.nano.lexicon import PARTS, SUBJECTS

CACHE = Path(os.environ.get("NANO_CACHE", ".cache/nano"))
ICONS = Path(os.environ.get("NANO_ICONS", "recipes/nano/node_modules/@iconify-json"))
SETS = ("fluent-emoji-flat", "noto")
SIDE = 96
ALIASES = {"pumpkin": "jack-o-lantern"}


def rasterise(body: str, width: int, height: int) -> np.ndarray:  # => [96, 96, 4] uint8
    """Draw the body of an SVG as a square picture with transparency."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" width="{SIDE}" height="{SIDE}">{body}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg)
    return np.array(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))


def render_set(name: str) -> dict[str, np.ndarray]:
    """All icons of the world that a set has, by ``set/icon``."""
    content = json.loads((ICONS / name / "icons.json").read_text())
    icons, aliases, sprites = content["icons"], content.get("aliases", {}), {}
    for icon in (*SUBJECTS, *PARTS):
        key = ALIASES.get(icon, icon)
        key = key if key in icons else aliases.get(key, {}).get("parent", key)
        if key in icons:
            body = icons[key]["body"]
            sprites[f"{name}/{icon}"] = rasterise(body, content["width"], content["height"])
    return sprites


@cache
def load_sprites() -> dict[str, tuple[Image.Image, ...]]:
    """Every icon's sprites, one of each set that draws it."""
    path = CACHE / "sprites.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **{k: v for name in SETS for k, v in render_set(name).items()})
    arrays = np.load(path)
    return {
        icon: tuple(
            Image.fromarray(arrays[f"{name}/{icon}"]) for name in SETS if f"{name}/{icon}" in arrays
        )
        for icon in (*SUBJECTS, *PARTS)
    }
