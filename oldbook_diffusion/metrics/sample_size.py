"""Sample sizes: which scores a reference set is too small for, known before the first step."""

from oldbook_diffusion.metrics.inference import FEWEST
from oldbook_diffusion.metrics.memorization import TAIL
from oldbook_diffusion.metrics.reference_set import ReferenceSet

HALVED = 8  # books, the fewest that can be halved in so many ways that 2.5 % of them are one


def too_small(references: ReferenceSet) -> list[str]:
    """Which scores are not verified, and what they would need, each in a sentence."""
    prompts = int(references.prompt_ids.max()) + 1
    seen = int(references.trained_on.sum())
    monitored = min(seen, len(references.trained_on) - seen)
    per_prompt, held_out = len(references.base) // prompts, len(references.held_out)
    wants = (
        ("intervals and tests over prompts", "prompts", prompts, FEWEST),
        ("diversity within prompts", "samples of each prompt", per_prompt, 2),
        ("the 95 % band of real plates", "held-out books", books(references), HALVED),
        ("the similarity of plates to hard negatives", "held-out books", books(references), FEWEST),
        ("the threshold of memorization", "held-out plates", held_out, TAIL),
        ("memorized captions", "monitored plates of either split", monitored, FEWEST),
    )
    sentences = [
        f"{what} would need {needed} {of}, and there are {number}"
        for what, of, number, needed in wants
        if number < needed
    ]
    if books(references) == held_out:
        sentences.append(
            "that no book is in both splits would need data.columns.book, and every held-out plate "
            "is a book of its own"
        )
    return sentences


def books(references: ReferenceSet) -> int:
    """The number of held-out books."""
    return len(references.book_ids.unique())


def extent(references: ReferenceSet) -> str:
    """What the ends between which halves of the books put each other may be called."""
    return "95 % band" if books(references) >= HALVED else "range"
