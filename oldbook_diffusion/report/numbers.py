"""The numbers of the page: which ones, under which names, and how they are written."""

from collections.abc import Mapping
from typing import NamedTuple

NAMES = {
    "style/score": "Style (probe)",
    "style/projection": "Style (projection)",
    "style/beyond_tone": "Style beyond tone",
    "style/normalised": "Style (centroid cosine)",
    "style/matched": "Style of held-out captions",
    "guide/shortcut_max": "Best shortcut",
    "guide/style_words": "Style words alone",
    "fidelity/centred_agreement": "Prompt agreement",
    "fidelity/identified": "Prompt identified",
    "diversity/within": "Diversity",
    "distance/mmd_median": "Distance to plates",
    "memorisation/share": "Near a training plate",
    "memorisation/p": "Chance of that without copying",
    "memorisation/largest": "Nearest to a training plate",
    "memorisation/most": "Plates are so near to others at most",
    "memorisation/caption_p": "Chance of captions' plates",
    "memorisation/loss_auc": "Loss fell more on training plates",
    "forgetting/style_where_not_asked": "Style where not asked",
}
SHARES = ("fidelity/identified", "memorisation/share")  # of which an interval may leave [0, 1]
CHANCES = ("memorisation/p", "memorisation/caption_p")


class Cell(NamedTuple):
    """A number as the table shows it, and its interval where it has one."""

    value: str
    interval: str


def row(scores: Mapping[str, float]) -> list[Cell]:
    """A cell for each name."""
    return [cell(name, scores) for name in NAMES]


def cell(name: str, scores: Mapping[str, float]) -> Cell:
    """One number; empty where it is not known."""
    if name not in scores:
        return Cell("", "")
    write = chance if name in CHANCES else decimal
    ends = [write(scores[end]) for end in (f"{name}_lower", f"{name}_upper") if end in scores]
    return Cell(write(scores[name]), " to ".join(ends))


def decimal(number: float) -> str:
    """A number as most are written; nought has no sign."""
    return f"{number:z.2f}"


def chance(p: float) -> str:
    """A p-value: two digits that say something, and no false precision."""
    return "<0.001" if p < 0.001 else f"{p:#.2g}"


def within_bounds(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores, of which no share and no end of its interval is below 0 or above 1."""
    return {
        name: min(max(score, 0.0), 1.0) if name.startswith(SHARES) else score
        for name, score in scores.items()
    }


def in_words(scores: Mapping[str, float]) -> str:
    """A style score and how sure it is."""
    style = cell("style/score", scores)
    unknown = "not verified: intervals need at least 5 prompts"
    return f"{style.value} ({f'95 % interval {style.interval}' if style.interval else unknown})"
