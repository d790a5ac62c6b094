"""Killed at any time, by the hardest signal, a run still ends with the adapter it would have."""

import contextlib
import hashlib
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.comparing import PLAIN
from tests.conftest import Runs, World
from tests.processes import CLOSELY, Ranks

STEPS = 12  # with 12 plates for training and 2 per batch, the end of the 2nd to the 16th pass
TRIALS = [(trial, way) for trial in range(5) for way in ("any time", "in a save")]

Record = Callable[[str, object], None]


@dataclass(frozen=True)
class Layout:
    """What must not matter, and what must."""

    workers: int
    accumulation: int
    ranks: int = 1
    path: Path | None = None
    rate: float | None = None
    steps: int = STEPS

    @property
    def options(self) -> tuple[str, ...]:
        return (
            *PLAIN,
            *([f"--data.path={self.path}"] if self.path else []),
            *([f"--model.optimizer.init_args.lr={self.rate}"] if self.rate else []),
            f"--trainer.max_steps={self.steps}",
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


def start(runs: Runs, layout: Layout, name: str) -> Ranks:
    """Start a run, or resume it."""
    options = (*layout.options, f"--trainer.logger.init_args.name={name}", "--ckpt_path=auto")
    return Ranks.start(layout.ranks, runs.config, *options)


def finished(runs: Runs, layout: Layout, name: str) -> Path:
    """Start a run, or resume it, and let it end."""
    ranks = start(runs, layout, name)
    assert not any(ranks.end()), ranks.first.said[-1]
    return max((runs.config.parent / name).glob("version_*"))


def killed_and_resumed(
    runs: Runs, layouts: Sequence[Layout], way: str, name: str
) -> tuple[Path, list[str]]:
    """Kill a run two or three times, let it end, and tell where the kills hit.

    Each start is of the next layout.
    """
    chance = random.Random(name)
    hits = []
    for layout in layouts[: chance.randint(2, 3)]:
        ranks = start(runs, layout, name)
        if hit := strike(ranks, runs.config.parent / name, way, chance):
            hits.append(hit)
    return finished(runs, layouts[-1], name), hits


def count_identical(
    runs: Runs, layouts: Sequence[Layout], whole: Path, begin: Callable[[str], object]
) -> tuple[str, list[str]]:
    """How many runs that were killed end as the whole one, and where the kills hit."""
    hits: list[str] = []
    identical = 0
    for number, way in TRIALS:
        name = f"{way} {number}".replace(" ", "-")
        begin(name)
        run, where = killed_and_resumed(runs, layouts, way, name)
        hits += where
        identical += digest(run) == digest(whole)
    assert any("in a save" in hit for hit in hits)
    assert any(not hit.startswith("after 0") for hit in hits)
    return f"{identical} of {len(TRIALS)}", hits


ALL = f"{len(TRIALS)} of {len(TRIALS)}"


@pytest.mark.parametrize(
    ("layout", "way"), [(Layout(0, 4), "any time"), (Layout(2, 1), "in a save")]
)
def test_a_run_that_is_killed_ends_as_if_it_had_not_been(
    runs: Runs, layout: Layout, way: str
) -> None:
    run, hits = killed_and_resumed(runs, [layout] * 3, way, "killed")
    assert [hit for hit in hits if not hit.startswith("after 0")], (
        "no kill hit a run that had saved"
    )
    assert digest(run) == digest(finished(runs, layout, "whole"))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("accumulation", [1, 4])
@pytest.mark.parametrize("ranks", [1, 2])
def test_every_run_that_is_killed_ends_as_if_it_had_not_been(
    runs: Runs, workers: int, accumulation: int, ranks: int, record_property: Record
) -> None:
    layout = Layout(workers, accumulation, ranks)
    whole = finished(runs, layout, "whole")
    identical, hits = count_identical(runs, [layout] * 3, whole, str)
    record_property("identical", f"{identical}, killed {hits}")
    assert identical == ALL, hits


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2])
def test_every_run_that_is_killed_goes_on_with_a_copy_of_the_data_and_other_workers(
    runs: Runs, world: World, tmp_path: Path, ranks: int, record_property: Record
) -> None:
    copies = [Path(shutil.copytree(world.plates, tmp_path / name)) for name in "ab"]
    places = zip((0, 2, 1), (world.plates, *copies), strict=True)
    layouts = [Layout(workers, 1, ranks, place) for workers, place in places]
    whole = finished(runs, layouts[0], "whole")
    identical, hits = count_identical(runs, layouts, whole, str)
    record_property("identical", f"{identical}, killed {hits}")
    assert identical == ALL, hits


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2])
def test_every_run_that_is_killed_keeps_the_learning_rate_that_it_is_resumed_with(
    runs: Runs, ranks: int, record_property: Record
) -> None:
    first = Layout(0, 1, ranks, steps=4)
    changed = Layout(0, 1, ranks, rate=0.003)

    def begin(name: str) -> None:
        finished(runs, first, name)

    begin("whole")
    whole = finished(runs, changed, "whole")
    unchanged = finished(runs, replace(first, steps=STEPS), "unchanged")
    assert digest(whole) != digest(unchanged), "the rate has an effect"
    identical, hits = count_identical(runs, [changed] * 3, whole, begin)
    record_property("identical", f"{identical}, killed {hits}")
    assert identical == ALL, hits
