"""Casts: people of all looks to play in scenes."""

from dataclasses import replace
from typing import Any

from recipes.nano.drawing.canvas import Canvas, Colour
from recipes.nano.people.faces import GREYS, HAIRS, SKINS, WHITE, Person

CLOTHES: tuple[Colour, ...] = (
    (52, 72, 124),
    (46, 100, 74),
    (146, 46, 58),
    (122, 78, 48),
    (106, 62, 112),
    (42, 108, 124),
    (96, 100, 112),
)


BRIGHT: tuple[Colour, ...] = (
    (208, 70, 70),
    (70, 122, 190),
    (214, 150, 46),
    (86, 140, 84),
    (190, 96, 140),
    (54, 130, 138),
)


def cast(canvas: Canvas, **looks: Any) -> Person:
    """Somebody of any skin, with dark or fair hair and clothes, but for the looks given."""
    skin = SKINS[min(int(canvas.rng.integers(8)) * 5 // 8, 4)]
    hair = canvas.choice(HAIRS) if skin in SKINS[:3] else (40, 34, 36)
    legs = canvas.choice(((92, 84, 84), (120, 104, 84), (70, 74, 96)))
    person = Person(skin=skin, hair=hair, coat=canvas.choice(CLOTHES), legs=legs)
    return replace(person, **looks)


def man(canvas: Canvas, **looks: Any) -> Person:
    """A grown man."""
    beard = canvas.choice(("full", "moustache", "chops", "none"))
    return replace(cast(canvas, beard=beard), **looks)


def woman(canvas: Canvas, **looks: Any) -> Person:
    """A grown woman in a dress."""
    style = canvas.choice(("bun", "bun", "long"))
    return replace(cast(canvas, style=style, kind="dress"), **looks)


def boy(canvas: Canvas, **looks: Any) -> Person:
    """A boy."""
    style = canvas.choice(("tousled", "short"))
    return replace(cast(canvas, style=style, child=True, coat=canvas.choice(BRIGHT)), **looks)


def girl(canvas: Canvas, **looks: Any) -> Person:
    """A girl in a short dress."""
    style = canvas.choice(("plaits", "long", "curls"))
    own = cast(
        canvas, style=style, child=True, kind="dress", coat=canvas.choice(BRIGHT), legs=WHITE
    )
    return replace(own, **looks)


def old(canvas: Canvas, person: Person) -> Person:
    """The same person with grey or white hair."""
    return replace(person, hair=canvas.choice(GREYS))


def child(canvas: Canvas) -> Person:
    """A boy or a girl."""
    return canvas.choice((boy, girl))(canvas)
