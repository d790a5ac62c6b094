"""The nine families of things and animals, by the names of their functions."""

from recipes.nano.things.castles import castle
from recipes.nano.things.cats import black_cat
from recipes.nano.things.cottages import cottage
from recipes.nano.things.flowers import wildflowers
from recipes.nano.things.maps import map_of_europe
from recipes.nano.things.monkeys import monkey
from recipes.nano.things.roses import rose
from recipes.nano.things.trains import train
from recipes.nano.things.urns import vase

__all__ = [
    "black_cat",
    "castle",
    "cottage",
    "map_of_europe",
    "monkey",
    "rose",
    "train",
    "vase",
    "wildflowers",
]
