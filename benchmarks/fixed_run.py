"""Hashes of a fixed run, to compare bit for bit before and after a change.

    OMP_NUM_THREADS=1 python -m benchmarks.fixed_run

Fine-tunes the nano base for 6 steps on one thread of the CPU, stops at step 3 and resumes, samples
3 prompts at both checkpoints, and prints a SHA-256 each of the training losses, of the trained
tensors, of all scores and of the samples. The hashes are over values, not over names: a scalar, a
tensor or a file that is renamed or moved changes nothing, a value that changes in its last bit
does. Only runs on one machine with the same versions of the libraries are comparable.

`OVERLAY`, `ARGUMENTS`, `LOSS`, `MEASURED` and the two patterns are all that it knows of names.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
import yaml
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "configs/nano.yaml"
STOP, END = 3, 6
# what makes nano.yaml short: a key that is renamed is renamed here too
OVERLAY = {
    "data": {"batch_size": 4, "held_out": {"num_monitored": 12, "max_plates": 12}},
    "render": {
        "prompts": ["a castle on a hill", "a rose", "a ship at sea"],
        "samples_per_prompt": 1,
        "probe_samples_per_prompt": 1,
        "off_style_prompts": ["a photograph of a dog"],
        "sampling": {"num_inference_steps": 3, "batch_size": 8},
    },
    "checkpoint": {"every_n_train_steps": STOP},
    "trainer": {"enable_progress_bar": False, "log_every_n_steps": 1},
}
ARGUMENTS = "--trainer.logger.init_args.save_dir={folder}"
RESUME = ("--ckpt_path=last", f"--trainer.max_steps={END}")
LOSS = "train/loss"
MEASURED = re.compile(r"time|second|memory|throughput|_per_|share_of|epoch|step$")  # not bit-exact
CHECKPOINT, SAMPLES = f"**/*step={END:06d}*.ckpt", "**/images/**/*.png"


def fixed_run(folder: Path) -> None:
    """Train to the stop, and on to the end, into a folder."""
    os.environ.update(OLDBOOK_CACHE=str(folder / "cache"), HF_HUB_OFFLINE="1")
    from oldbook_diffusion.cli import main as oldbook

    os.chdir(ROOT)
    torch.set_num_threads(1)
    overlay = folder / "overlay.yaml"
    overlay.write_text(yaml.safe_dump(OVERLAY))
    where = ARGUMENTS.format(folder=folder / "runs")
    arguments = ["fit", f"--config={CONFIG}", f"--config={overlay}", where]
    oldbook([*arguments, f"--trainer.max_steps={STOP}"])
    oldbook([*arguments, *RESUME])


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    """The values of each curve by step, of all event files."""
    curves: dict[str, dict[int, float]] = {}
    for file in sorted(folder.glob("**/*tfevents*")):
        events = EventAccumulator(str(file), {"scalars": 0}).Reload()
        for tag in events.Tags()["scalars"]:
            points = {point.step: point.value for point in events.Scalars(tag)}
            curves.setdefault(tag, {}).update(points)
    return curves


def digest(parts: Iterable[bytes]) -> str:
    """A hash of parts in any order, so that what they are called does not count."""
    return sha256(b"".join(sorted(sha256(part).digest() for part in parts))).hexdigest()


def bits(points: dict[int, float]) -> bytes:
    """The points of a curve, exactly."""
    return np.array(sorted(points.items()), dtype=np.float64).tobytes()


def hashes(folder: Path) -> dict[str, str]:
    """The hashes of a run, each with what it is over in words."""
    curves = scalars(folder)
    scores = [bits(points) for tag, points in curves.items() if not MEASURED.search(tag)]
    (checkpoint,) = folder.glob(CHECKPOINT)
    tensors = torch.load(checkpoint, weights_only=True)["state_dict"].values()
    files = sorted(folder.glob(SAMPLES))
    return {
        f"{len(curves[LOSS])} losses": sha256(bits(curves[LOSS])).hexdigest(),
        f"{len(tensors)} tensors": digest(x.contiguous().numpy().tobytes() for x in tensors),
        f"{len(scores)} curves": digest(scores),
        f"{len(files)} samples": digest(Image.open(file).tobytes() for file in files),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and print the hashes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keep", type=Path, help="folder to leave the run in; a new one")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        fixed_run(folder.resolve())
        for what, found in hashes(folder).items():
            sys.stdout.write(f"{what:>12} {found}\n")


if __name__ == "__main__":
    main()
