"""Scenes: captioned flat pictures, each a pure function of its index."""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PIL import Image

from recipes.nano.drawing.canvas import Canvas, Drawing
from recipes.nano.people import families as people
from recipes.nano.places import places
from recipes.nano.things import families as things
from recipes.nano.things.creatures import subject
from recipes.nano.things.pieces import PIECES
from recipes.nano.things.props import SITUATIONS
from recipes.nano.words import lexicon, wordings

FAMILIES: tuple[Callable[[Canvas], None], ...] = (
    # in the order of the prompts
    people.bearded_man,
    things.vase,
    things.black_cat,
    things.monkey,
    people.reading_boy,
    people.dinner,
    things.cottage,
    things.wildflowers,
    things.train,
    people.playing_children,
    things.castle,
    things.rose,
    things.map_of_europe,
    people.politician,
    people.play,
)
WHOLE: dict[str, Callable[[Canvas], None]] = PIECES | {
    "king": people.king,
    "woman_with_umbrella": people.woman_with_umbrella,
    "old_woman": people.old_woman,
    "soldier": people.soldier,
    "fisherman": people.fisherman,
    "cook": people.cook,
}
PROMPT_VERBATIM = 0.35
WHOLE_SHARE, SITUATION_SHARE = 0.25, 0.3  # of the free scenes
STYLE_VERBS = "engraving plate old book print ink colour photograph sepia grey pencil halftone"
GENERIC = (
    "a an the of in on at by with and or for to from his her its is are was two three many few "
    "small little large great tall young beautiful picture drawing illustration image style "
    "man woman lady king queen soldier house tree trees river lake garden street city tower sky "
    "sun moon star cloud rain storm fire ship boat horse head portrait view near under over "
    "before behind futuristic cityscape sunset flying cars car neon lights light watercolour "
    "sailboat basket throne country engraved woodcut etching vignette"
)


@dataclass(frozen=True)
class Scene:
    """A drawn scene; it is rasterised when it is first looked at.

    Attributes:
        canvas: The sheet with its shapes.
        caption: One sentence that says what it shows.
        subjects: The icons or the family shown, the main one first.
        prompt: Which of the fifteen prompts the scene illustrates, if one.
    """

    canvas: Canvas = field(repr=False)
    caption: str
    subjects: tuple[str, ...]
    prompt: int | None

    @cached_property
    def image(self) -> Image.Image:
        """The flat picture, RGB."""
        return self.canvas.finish()

    @cached_property
    def drawing(self) -> Drawing:
        """Colours and parts, for an engraver."""
        return self.canvas.draw()


def random_source(split: str, index: int) -> np.random.Generator:
    """Randomness that only this scene of this split has."""
    return np.random.default_rng([zlib.crc32(split.encode()), index])


def draw_scene(
    index: int,
    split: str = "base",
    prompt_share: float = 0.5,
    size: tuple[int, int] = (128, 128),
) -> Scene:
    """Draw scene number ``index`` of a split; splits share no composition."""
    rng = random_source(split, index)
    canvas = Canvas(size, rng)
    if rng.random() < prompt_share:
        return family_scene(int(rng.integers(len(FAMILIES))), canvas)
    return free_scene(canvas)


def draw_prompt_scene(
    prompt: int, index: int, split: str, size: tuple[int, int] = (128, 128)
) -> Scene:
    """Draw a scene that illustrates one of the fifteen prompts."""
    rng = random_source(f"{split}/{prompt}", index)
    return family_scene(prompt, Canvas(size, rng))


def family_scene(prompt: int, canvas: Canvas) -> Scene:
    """A scene of a prompt's family, in the prompt's words or in others."""
    words = wordings.PROMPT_WORDINGS[prompt]
    verbatim = canvas.chance(PROMPT_VERBATIM)
    caption = words[0] if verbatim else canvas.choice(words)
    family = FAMILIES[prompt]
    family(canvas)
    return Scene(canvas, caption, (family.__name__,), prompt)


def free_scene(canvas: Canvas) -> Scene:
    """A piece drawn as a whole, a subject in a situation, or subjects in a place."""
    kind = canvas.rng.random()
    if kind < WHOLE_SHARE:
        return whole_scene(canvas, canvas.choice(list(WHOLE)))
    if kind < WHOLE_SHARE + SITUATION_SHARE:
        return situated_scene(canvas, canvas.choice(list(SITUATIONS)))
    return placed_scene(canvas)


def whole_scene(canvas: Canvas, name: str) -> Scene:
    """A piece that is drawn and worded as a whole."""
    WHOLE[name](canvas)
    return Scene(canvas, canvas.choice(wordings.PIECES[name]), (name,), None)


def situated_scene(canvas: Canvas, situation: str) -> Scene:
    """A subject on a branch, on a leaf, under a tree and so on."""
    icons, phrases = lexicon.SITUATIONS[situation]
    icon = canvas.choice(icons)
    SITUATIONS[situation](canvas, icon)
    words, place = canvas.choice(lexicon.SUBJECTS[icon]), f" {canvas.choice(phrases)}"
    return Scene(canvas, worded(canvas, words, place), (icon,), None)


def placed_scene(canvas: Canvas) -> Scene:
    """One subject, sometimes two, in a place or on a plain ground."""
    phrase, rng = paint_ground(canvas), canvas.rng
    number = 2 if rng.random() < 0.2 else 1
    icons = [list(lexicon.SUBJECTS)[i] for i in rng.choice(len(lexicon.SUBJECTS), number)]
    words = [paint_subject(canvas, icon, place, number) for place, icon in enumerate(icons)]
    subjects = f" {canvas.choice(lexicon.RELATIONS)} a ".join(words)
    return Scene(canvas, worded(canvas, subjects, phrase), tuple(icons), None)


def worded(canvas: Canvas, words: str, place: str) -> str:
    """A sentence about a subject in a place."""
    sentence = canvas.choice(lexicon.SENTENCES)
    return with_articles(sentence.format(subject=words, place=place))


def paint_ground(canvas: Canvas) -> str:
    """Paint a place or a plain colour, and say which."""
    if canvas.chance(0.25):
        colour = canvas.choice(list(lexicon.COLOURS))
        places.plain(canvas, colour)
        return f" on a {colour} ground" if canvas.chance(0.7) else ""
    place = canvas.choice(list(lexicon.PLACES))
    places.PAINTERS[place](canvas)
    return f" {canvas.choice(lexicon.PLACES[place])}"


def paint_subject(canvas: Canvas, icon: str, place: int, number: int) -> str:
    """Paint one subject, and name it."""
    rng = canvas.rng
    size = rng.uniform(64, 80) if number == 1 else rng.uniform(44, 50)
    x = 0.5 * canvas.w + canvas.jitter(6) if number == 1 else (0.26 + 0.48 * place) * canvas.w
    low = canvas.h * 0.94 + canvas.jitter(3)
    words = lexicon.SUBJECTS[icon]
    colour = list(lexicon.COLOURS)[rng.integers(8)] if rng.random() < 0.12 else None
    tint = lexicon.COLOURS[colour] if colour else None
    subject(canvas, icon, x, low - size / 2, float(size), tint)
    return f"{colour} {words[0]}" if colour else canvas.choice(words)


def with_articles(sentence: str) -> str:
    """Write "an" before a vowel, and no article where the noun wants none."""
    sentence = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", sentence)
    return re.sub(r"\b[Aa]n? (?=(cherries|grapes|scissors|bread|cheese)\b)", "some ", sentence)


def vocabulary() -> list[str]:
    """Every word that a caption can contain and some others, in lower case, sorted."""
    texts = [GENERIC, STYLE_VERBS, *lexicon.COLOURS, *lexicon.RELATIONS, "some ground an"]
    for group in (lexicon.SUBJECTS, lexicon.PLACES, wordings.PIECES):
        texts += [w for words in group.values() for w in words]
    texts += [w for _, phrases in lexicon.SITUATIONS.values() for w in phrases]
    texts += [w for words in wordings.PROMPT_WORDINGS for w in words]
    texts += [s.replace("{subject}", "").replace("{place}", "") for s in lexicon.SENTENCES]
    return sorted({w for text in texts for w in re.findall(r"[a-z]+|[0-9]", text.lower())})
