"""Scenes: captioned flat pictures of one or two subjects, each a pure function of its index."""

import re
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

from recipes.nano import lexicon, places
from recipes.nano.canvas import Canvas
from recipes.nano.families import FAMILIES

PROMPT_VERBATIM = 0.35
STYLE_VERBS = "engraving plate old book print ink colour photograph sepia grey pencil halftone"
GENERIC = (
    "a an the of in on at by with and or for to from his her its is are was two three many few "
    "small little large great tall young beautiful picture drawing illustration image style "
    "man woman lady king queen soldier house tree trees river lake garden street city tower sky "
    "sun moon star cloud rain storm fire ship boat horse head portrait view near under over "
    "before behind futuristic cityscape sunset flying cars car neon lights light"
)


@dataclass(frozen=True)
class Scene:
    """A drawn scene.

    Attributes:
        image: The picture, RGB.
        caption: One sentence that says what it shows.
        subjects: The icons or the family shown, the main one first.
        prompt: Which of the fifteen prompts the scene illustrates, if one.
    """

    image: Image.Image
    caption: str
    subjects: tuple[str, ...]
    prompt: int | None


def random_source(split: str, index: int) -> np.random.Generator:
    """Randomness that only this scene of this split has."""
    return np.random.default_rng([zlib.crc32(split.encode()), index])


def draw_scene(
    index: int,
    split: str = "base",
    prompt_share: float = 0.5,
    size: tuple[int, int] = (64, 64),
) -> Scene:
    """Draw scene number ``index`` of a split; splits share no composition."""
    rng = random_source(split, index)
    canvas = Canvas(size, rng)
    if rng.random() < prompt_share:
        return family_scene(int(rng.integers(len(FAMILIES))), canvas)
    return free_scene(canvas)


def draw_prompt_scene(
    prompt: int, index: int, split: str, size: tuple[int, int] = (64, 64)
) -> Scene:
    """Draw a scene that illustrates one of the fifteen prompts."""
    rng = random_source(f"{split}/{prompt}", index)
    return family_scene(prompt, Canvas(size, rng))


def family_scene(prompt: int, canvas: Canvas) -> Scene:
    """A scene of a prompt's family, in the prompt's words or in others."""
    wordings, rng = lexicon.PROMPT_WORDINGS[prompt], canvas.rng
    verbatim = rng.random() < PROMPT_VERBATIM
    caption = wordings[0 if verbatim else rng.integers(len(wordings))]
    family = FAMILIES[prompt]
    family(canvas)
    return Scene(canvas.finish(), caption, (family.__name__,), prompt)


def free_scene(canvas: Canvas) -> Scene:
    """One subject, sometimes two, in a place or on a plain ground."""
    phrase, rng = paint_ground(canvas), canvas.rng
    number = 2 if rng.random() < 0.2 else 1
    icons = [list(lexicon.SUBJECTS)[i] for i in rng.choice(len(lexicon.SUBJECTS), number)]
    words = [paint_subject(canvas, icon, place, number) for place, icon in enumerate(icons)]
    relation = lexicon.RELATIONS[rng.integers(len(lexicon.RELATIONS))]
    subject = f" {relation} a ".join(words)
    sentence = lexicon.SENTENCES[rng.integers(len(lexicon.SENTENCES))]
    caption = with_articles(sentence.format(subject=subject, place=phrase))
    return Scene(canvas.finish(), caption, tuple(icons), None)


def paint_ground(canvas: Canvas) -> str:
    """Paint a place or a plain colour, and say which."""
    rng = canvas.rng
    if rng.random() < 0.3:
        colour = list(lexicon.COLOURS)[rng.integers(len(lexicon.COLOURS))]
        places.plain(canvas, colour)
        return f" on a {colour} ground" if rng.random() < 0.7 else ""
    place = list(lexicon.PLACES)[rng.integers(len(lexicon.PLACES))]
    places.PAINTERS[place](canvas)
    phrases = lexicon.PLACES[place]
    return f" {phrases[rng.integers(len(phrases))]}"


def paint_subject(canvas: Canvas, icon: str, place: int, number: int) -> str:
    """Paint one subject, and name it."""
    rng = canvas.rng
    size = rng.uniform(0.62, 0.8) if number == 1 else rng.uniform(0.44, 0.52)
    x = 0.5 + canvas.jitter(0.08) if number == 1 else 0.26 + 0.48 * place
    words = lexicon.SUBJECTS[icon]
    colour = list(lexicon.COLOURS)[rng.integers(8)] if rng.random() < 0.12 else None
    tint = lexicon.COLOURS[colour] if colour else None
    mirrored = bool(rng.random() < 0.5)
    canvas.sprite(icon, x, 0.56 + canvas.jitter(), float(size), mirrored=mirrored, tint=tint)
    return f"{colour} {words[0]}" if colour else words[rng.integers(len(words))]


def with_articles(sentence: str) -> str:
    """Write "an" before a vowel, and no article where the noun wants none."""
    sentence = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", sentence)
    return re.sub(r"\b[Aa]n? (?=(cherries|grapes|scissors|bread|cheese)\b)", "some ", sentence)


def vocabulary() -> list[str]:
    """Every word that a caption can contain and some others, in lower case, sorted."""
    texts = [GENERIC, STYLE_VERBS, *lexicon.COLOURS, *lexicon.RELATIONS, "some ground an"]
    texts += [w for words in lexicon.SUBJECTS.values() for w in words]
    texts += [w for words in lexicon.PLACES.values() for w in words]
    texts += [w for words in lexicon.PROMPT_WORDINGS for w in words]
    texts += [s.replace("{subject}", "").replace("{place}", "") for s in lexicon.SENTENCES]
    return sorted({w for text in texts for w in re.findall(r"[a-z]+|[0-9]", text.lower())})
