"""Killed at any time, by the hardest signal, a run still ends with the adapter it would have."""

import contextlib
import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.comparing import PLAIN
from tests.conftest import Runs
from tests.processes import CLOSELY, Ranks

STEPS = 12  # with 12 plates for training and 2 per batch, the end of the 2nd to the 16th pass
TRIALS = [(trial, way) for trial in range(5) for way in ("any time", "in a save")]


@dataclass(frozen=True)
class Layout:
    """What must not matter, and what must."""

    workers: int
    accumulation: int
    ranks: int = 1

    @property
    def options(self) -> tuple[str, ...]:
        return (
            *PLAIN,
            f"--trainer.max_steps={STEPS}",
            f"--data.num_workers={self.workers}",
            f"--trainer.accumulate_grad_batches={self.accumulation}",
        )


def digest(run: Path) -> str:
    """The sha256 of what the last step has learnt, as it is exported."""
    weights = load_file(run / f"checkpoints/step={STEPS:06d}/pytorch_lora_weights.safetensors")
    content = b"".join(name.encode() + weights[name].numpy().tobytes() for name in sorted(weights))
    return hashlib.sha256(content).hexdigest()


def drafts(runs: Path) -> set[tuple[int, int]]:
    """The steps whose files are being written, or were when a run was killed, with their times."""
    found = set()
    for file in runs.glob("version_*/checkpoints/.step=*.tmp"):
        with contextlib.suppress(FileNotFoundError):  # it has its name by now
            found.add((int(file.name[6:12]), file.stat().st_ctime_ns))
    return found


def newest(runs: Path) -> int:
    return max((int(f.stem[5:]) for f in runs.glob("version_*/checkpoints/step=*.ckpt")), default=0)


def strike(ranks: Ranks, folder: Path, way: str, chance: random.Random) -> str | None:
    """Kill a run, at a random time or in one of its next saves; tell where, if it was not over."""
    left, fit = drafts(folder), ranks.first
    step = min(newest(folder) + 2 * chance.randint(1, 3), STEPS)
    if way == "any time":
        fit.wait_until(lambda: newest(folder) >= step - 2 and any(folder.glob("version_*/.lock")))
        time.sleep(chance.uniform(0.0, 0.2))
    else:
        fit.wait_until(lambda: any(one == step for one, _ in drafts(folder) - left), CLOSELY)
    if not fit.process.is_alive():
        ranks.end()
        return None
    ranks.kill()
    return f"after {newest(folder)}" + (", in a save" if drafts(folder) - left else "")


def killed_and_resumed(runs: Runs, layout: Layout, way: str, seed: int) -> tuple[Path, list[str]]:
    """Kill a run up to three times, let it end, and tell where the kills hit."""
    chance = random.Random(seed)
    folder = runs.config.parent / f"{way} {seed} {layout}".replace(" ", "-")
    options = (*layout.options, f"--trainer.logger.init_args.name={folder.name}")
    hits = []
    for _ in range(chance.randint(2, 3)):
        ranks = Ranks.start(layout.ranks, runs.config, *options, "--ckpt_path=auto")
        if hit := strike(ranks, folder, way, chance):
            hits.append(hit)
    last = Ranks.start(layout.ranks, runs.config, *options, "--ckpt_path=auto")
    assert not any(last.end()), last.first.said[-1]
    return max(folder.glob("version_*")), hits


def uninterrupted(runs: Runs, layout: Layout) -> str:
    name = f"whole {layout}".replace(" ", "-")
    options = (*layout.options, f"--trainer.logger.init_args.name={name}")
    whole = Ranks.start(layout.ranks, runs.config, *options)
    assert not any(whole.end()), whole.first.said[-1]
    return digest(runs.config.parent / name / "version_0")


@pytest.mark.parametrize(
    ("layout", "way"), [(Layout(0, 4), "any time"), (Layout(2, 1), "in a save")]
)
def test_a_run_that_is_killed_ends_as_if_it_had_not_been(
    runs: Runs, layout: Layout, way: str
) -> None:
    run, hits = killed_and_resumed(runs, layout, way, seed=0)
    assert [hit for hit in hits if not hit.startswith("after 0")], (
        "no kill hit a run that had saved"
    )
    assert digest(run) == uninterrupted(runs, layout)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("accumulation", [1, 4])
@pytest.mark.parametrize("ranks", [1, 2])
def test_every_run_that_is_killed_ends_as_if_it_had_not_been(
    runs: Runs,
    workers: int,
    accumulation: int,
    ranks: int,
    record_property: Callable[[str, object], None],
) -> None:
    layout = Layout(workers, accumulation, ranks)
    whole = uninterrupted(runs, layout)
    hits: list[str] = []
    identical = 0
    for seed, way in TRIALS:
        run, where = killed_and_resumed(runs, layout, way, seed)
        hits += where
        identical += digest(run) == whole
    record_property("identical", f"{identical} of {len(TRIALS)}, killed {hits}")
    assert any("in a save" in hit for hit in hits)
    assert any(not hit.startswith("after 0") for hit in hits)
    assert identical == len(TRIALS), hits
