"""The families of scenes whose subjects are people."""

from recipes.nano.people.bedroom import reading_boy
from recipes.nano.people.indoors import cook, king
from recipes.nano.people.playground import playing_children
from recipes.nano.people.plays import play
from recipes.nano.people.politics import politician
from recipes.nano.people.portraits import bearded_man
from recipes.nano.people.singles import fisherman, old_woman, soldier, woman_with_umbrella
from recipes.nano.people.table import dinner

__all__ = [
    "bearded_man",
    "cook",
    "dinner",
    "fisherman",
    "king",
    "old_woman",
    "play",
    "playing_children",
    "politician",
    "reading_boy",
    "soldier",
    "woman_with_umbrella",
]
