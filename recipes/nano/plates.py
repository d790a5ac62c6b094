"""The shipped plates: 24 books of 20 engraved plates, from compositions no network was shown."""

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from datasets import Dataset, Features, Image, Value

from recipes.nano.engraving import engrave, hand_of_book
from recipes.nano.scenes import draw_scene, random_source

BOOKS, PLATES = 24, 20
FEATURES = Features({"image": Image(), "caption": Value("string"), "book": Value("string")})
LONGER = (64, 72, 80)  # sides of a plate, one of which is always 64


def plate(book: int, number: int) -> dict[str, object]:
    """One row: a plate as PNG bytes, its caption and its book."""
    index = book * PLATES + number
    rng = random_source("plates/hand", index)
    sides = [64, int(rng.choice(LONGER))]
    rng.shuffle(sides)
    scene = draw_scene(index, "plates", prompt_share=0.4, size=(sides[0], sides[1]))
    page = io.BytesIO()
    engrave(scene.image, hand_of_book(book), rng).save(page, "PNG", optimize=True)
    name = f"book {book + 1:02d}, plate {number + 1:02d}.png"
    image = {"bytes": page.getvalue(), "path": name}
    return {"image": image, "caption": scene.caption, "book": f"book {book + 1:02d}"}


def rows() -> Iterator[dict[str, object]]:
    """All plates in an order that mixes the books."""
    for index in np.random.default_rng(24).permutation(BOOKS * PLATES):
        yield plate(*divmod(int(index), PLATES))


def main() -> None:
    """Write the plates as parquet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("checkpoints/nano/plates"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(list(rows()), features=FEATURES).to_parquet(out / "plates.parquet")


if __name__ == "__main__":
    main()
