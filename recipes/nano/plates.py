"""The shipped plates: 24 books of 20 engraved plates, no composition like another."""

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
from datasets import Dataset, Features, Image, Value
from scipy import ndimage

from recipes.nano.engraver.engraving import engrave, hand_of_book
from recipes.nano.scenes import Scene, draw_scene, random_source

BOOKS, PLATES = 24, 20
FEATURES = Features({"image": Image(), "caption": Value("string"), "book": Value("string")})
SHORT, LONGER = 128, (128, 144, 160)  # sides of a plate
INKS = 16  # shades of a PNG: a quarter of the bytes, 39 dB
ALIKE = 0.5  # largest correlation of two plates' compositions
PROMPT_SHARE = 0.4  # plates that show one of the fifteen prompts


def compose(number: int) -> Scene:
    """A scene in a close view of its own."""
    rng = random_source("plates/view", number)
    sides = [SHORT, int(rng.choice(LONGER))]
    rng.shuffle(sides)
    scene = draw_scene(number, "plates", PROMPT_SHARE, (sides[0], sides[1]))
    scene.canvas.crop(rng.uniform(1.0, 1.2), rng.random(), rng.random())
    return scene


def composition(image: PIL.Image.Image) -> np.ndarray:  # => [256]
    """Where a picture is lighter or darker than around, of unit length: what two copies share."""
    grey = np.asarray(image.convert("L").resize((16, 16), PIL.Image.Resampling.BOX), np.float32)
    relief = grey - ndimage.uniform_filter(grey, 5)
    relief = relief - relief.mean()
    return (relief / np.linalg.norm(relief)).ravel()


def scenes() -> Iterator[Scene]:
    """Scenes no two of which are composed alike, not even when one is mirrored."""
    taken: list[np.ndarray] = []
    number = 0
    while True:
        scene = compose(number)
        number += 1
        found = composition(scene.image)
        flipped = composition(scene.image.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT))
        if all(max(found @ other, flipped @ other) < ALIKE for other in taken):
            taken.append(found)
            yield scene


def row(scene: Scene, book: int, number: int) -> dict[str, object]:
    """One row: a plate as PNG bytes, its caption and its book."""
    rng = random_source("plates/hand", book * PLATES + number)
    page = io.BytesIO()
    printed = engrave(scene.drawing, hand_of_book(book), rng)
    printed.quantize(INKS, dither=PIL.Image.Dither.NONE).save(page, "PNG", optimize=True)
    name = f"book {book + 1:02d}, plate {number + 1:02d}.png"
    image = {"bytes": page.getvalue(), "path": name}
    return {"image": image, "caption": scene.caption, "book": f"book {book + 1:02d}"}


def rows(books: int, plates: int) -> list[dict[str, object]]:
    """All plates in an order that mixes the books."""
    order = np.random.default_rng(24).permutation(books * plates)
    places = (divmod(int(place), plates) for place in order)
    return [row(scene, *place) for place, scene in zip(places, scenes(), strict=False)]


def main() -> None:
    """Write the plates as parquet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--books", type=int, default=BOOKS)
    parser.add_argument("--plates", type=int, default=PLATES, help="of each book")
    parser.add_argument("--out", type=Path, default=Path("checkpoints/nano/plates"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    content = Dataset.from_list(rows(args.books, args.plates), features=FEATURES)
    content.to_parquet(args.out / "plates.parquet")


if __name__ == "__main__":
    main()
