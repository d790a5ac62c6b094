"""Icons: drawings of two openly licensed sets, as SVG markup.

Noto Emoji (Apache-2.0) and Fluent Emoji, flat (MIT), from the packages in ``package.json``.
"""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ICONS = Path(os.environ.get("NANO_ICONS", "recipes/nano/node_modules/@iconify-json"))
SETS = ("fluent-emoji-flat", "noto")
ALIASES = {"pumpkin": "jack-o-lantern"}


@dataclass(frozen=True)
class Icon:
    """An icon's SVG body and the side of the square that it fills."""

    body: str
    side: int


@cache
def read_set(name: str) -> dict[str, Any]:
    """The content of one icon set."""
    content: dict[str, Any] = json.loads((ICONS / name / "icons.json").read_text())
    return content


@cache
def variants(name: str) -> tuple[Icon, ...]:
    """The icon of a name in each set that has it, the plainer set first."""
    found = []
    for collection in SETS:
        content = read_set(collection)
        key = ALIASES.get(name, name)
        key = (
            key
            if key in content["icons"]
            else content.get("aliases", {}).get(key, {}).get("parent", key)
        )
        if key in content["icons"]:
            found.append(Icon(content["icons"][key]["body"], content["width"]))
    return tuple(found)
