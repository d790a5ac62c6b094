"""What the small CLIP recognises: the share of scenes whose prompt it finds among the fifteen.

Scenes that no training has seen, in every look; and as engravings that are damaged a little, so
that a person still names them, or so much that nobody does.
"""

import argparse
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import open_clip
import torch
from PIL import Image
from torch import Tensor

from oldbook_diffusion.evaluation.prompts import PROMPTS
from recipes.nano.engraver.looks import LOOKS, dress
from recipes.nano.illegible import DAMAGES, damaged
from recipes.nano.legs import CHECKPOINTS
from recipes.nano.pools import to_tensor
from recipes.nano.scenes import Scene, draw_prompt_scene

log = logging.getLogger(__name__)
Print = Callable[[Scene, np.random.Generator], Image.Image]


class Reader:
    """A CLIP that reads pictures [3, 128, 128] uint8 and the fifteen prompts.

    Args:
        folder: Folder of the CLIP, as `recipes.nano.clip` writes it.
    """

    def __init__(self, folder: Path) -> None:
        self.network = open_clip.create_model(f"local-dir:{folder}").eval()
        tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
        with torch.no_grad():
            self.prompts = self.network.encode_text(tokenizer(list(PROMPTS)), normalize=True)

    @torch.no_grad()
    def recall(self, pictures: Tensor, families: Tensor) -> float:
        """Share of pictures [N, 3, 128, 128] whose family's prompt is the nearest."""
        parts = (part / 127.5 - 1 for part in pictures.split(50))
        images = torch.cat([self.network.encode_image(part, normalize=True) for part in parts])
        return float(((images @ self.prompts.T).argmax(1) == families).double().mean())


def ways() -> dict[str, Print]:
    """How scenes are printed, by name."""
    looks: dict[str, Print] = {
        look: lambda scene, rng, look=look: dress(scene, look, rng)[0] for look in LOOKS
    }
    hurt: dict[str, Print] = {}
    for damage in DAMAGES:
        for legible in (True, False):
            hurt[f"engraved, {damage}, {'legible' if legible else 'illegible'}"] = (
                lambda scene, rng, damage=damage, legible=legible: damaged(
                    dress(scene, "engraved", rng)[0], damage, legible, rng
                )
            )
    return looks | hurt


def main() -> None:
    """Print the share for every way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, default=CHECKPOINTS / "clip")
    parser.add_argument("--scenes", type=int, default=300)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    reader, families = Reader(args.clip), torch.arange(args.scenes) % len(PROMPTS)
    scenes = [draw_prompt_scene(int(f), n, "recall") for n, f in enumerate(families)]
    for name, way in ways().items():
        rng = np.random.default_rng(0)
        pictures = torch.stack([to_tensor(way(scene, rng)) for scene in scenes])
        log.info("%4.0f %%  %s", 100 * reader.recall(pictures, families), name)


if __name__ == "__main__":
    main()
