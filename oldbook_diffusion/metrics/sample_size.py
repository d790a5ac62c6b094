"""What a panel is too small for: said before the first step, not left to be found in a curve."""

from oldbook_diffusion.metrics.inference import FEWEST
from oldbook_diffusion.metrics.reference_set import ReferenceSet

TAIL = 100  # plates whose 99 % is not simply the largest
HALVED = 8  # books, the fewest that can be halved in so many ways that 2.5 % of them are one


def shortcomings(panel: ReferenceSet) -> list[str]:
    """Which numbers are not verified, and how much of what they would need."""
    prompts = int(panel.prompts.max()) + 1
    seen = int(panel.trained_on.sum())
    watched = min(seen, len(panel.trained_on) - seen)
    wants = (
        ("intervals and tests over prompts", "prompts", prompts, FEWEST),
        ("diversity within prompts", "drawings of each prompt", len(panel.base) // prompts, 2),
        ("the 95 % band of real plates", "held-out books", books(panel), HALVED),
        ("the likeness of plates to other styles", "held-out books", books(panel), FEWEST),
        ("the threshold of memorisation", "held-out plates", len(panel.held_out), TAIL),
        ("captions that draw their own plates", "watched plates of either side", watched, FEWEST),
    )
    lacks = [
        f"{what} would need {needed} {of}, and there are {number}"
        for what, of, number, needed in wants
        if number < needed
    ]
    if books(panel) == len(panel.held_out):
        lacks.append(
            "that no book is on both sides would need data.columns.book, and every held-out plate "
            "is a book of its own"
        )
    return lacks


def books(panel: ReferenceSet) -> int:
    """The number of held-out books."""
    return len(panel.books.unique())


def extent(panel: ReferenceSet) -> str:
    """What the ends between which halves of the books put each other may be called."""
    return "95 % band" if books(panel) >= HALVED else "range"
