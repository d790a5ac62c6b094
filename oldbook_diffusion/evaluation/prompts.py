"""Prompts: those of the reference experiment, and others to fit and to confirm scores on."""

from string import Formatter

from oldbook_diffusion.errors import OldBookError

PROMPTS = (
    "A bald man with a long beard smiles faintly",
    "Vase with foliated ornaments",
    "A big black cat looking at the window",
    "A monkey wearing a feathered hat walks around the countryside",
    "A boy is reading a book in his bedroom",
    "A family is having a dinner",
    "A country cottage",
    "Wildflowers in a meadow",
    "A steam train on a bridge",
    "Children playing in a park",
    "A medieval castle",
    "A botanical illustration of a rose",
    "A map of Europe in the 18th century",
    "A caricature of a politician",
    "A scene from a Shakespeare play",
)

# no score is computed on these: the directions of style are fitted on the base's samples of them
PROBE_FIT_PROMPTS = (
    "A ship on the sea",
    "A horse in a field",
    "An owl at night",
    "A lion under a tree",
    "A basket of fruit",
    "A king on his throne",
    "A bridge over a river",
    "A bird on a branch",
    "A clock on the wall",
    "A fish in the water",
    "A mountain in winter",
    "A woman with an umbrella",
    "A snail on a leaf",
    "A violin on a table",
    "A butterfly among flowers",
)

# a selected checkpoint is confirmed on these: neither selection nor directions have used them
CONFIRMATION_PROMPTS = (
    "A dog in a garden",
    "An elephant in the desert",
    "A sailboat at sunset",
    "A fox in the forest",
    "A church in the hills",
    "A swan by the sea",
    "A rabbit in the snow",
    "A cow in a meadow",
    "A penguin in the snow",
    "A fountain at night",
    "A guitar in a room",
    "A mushroom in the forest",
    "A turtle by the sea",
    "A tent in the desert",
    "A pumpkin in a field",
)

# an adapter whose style leaks makes these old plates too
OFF_STYLE_PROMPTS = (
    "A colour photograph of a castle",
    "A colour photograph of a cat",
    "A photograph of a cottage in the country",
    "A photograph of a steam train",
    "A watercolour of a rose",
    "A watercolour of wildflowers",
    "A pencil sample of a boy",
    "A halftone print of a monkey",
)


def check_style_words(words: str) -> None:
    """Refuse words of style that no prompt can be put into.

    Raises:
        OldBookError: They need a place for the prompt, and no other.
    """
    try:
        names = {name for _, name, _, _ in Formatter().parse(words) if name is not None}
    except ValueError:  # a brace alone
        names = set()
    if names != {"prompt"}:
        raise OldBookError(
            f"render.style_words {words!r} needs a place for {{prompt}}, and for nothing else: "
            "write it as in '{prompt}, old book engraving'"
        )
