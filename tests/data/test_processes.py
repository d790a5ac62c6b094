"""Several processes learn together what one process would learn, and leave what one would leave."""

import itertools
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from oldbook_diffusion.data.bad_samples import BadSamples
from oldbook_diffusion.data.captions import Captions
from oldbook_diffusion.data.decode import Decode
from oldbook_diffusion.data.loader import Batch, PlateLoader
from oldbook_diffusion.data.opening import open_dataset
from oldbook_diffusion.data.sampler import Position, ShuffledRows
from oldbook_diffusion.data.sources import source_of
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.evaluation import selection
from oldbook_diffusion.metrics.selection import Choice
from tests import tiny
from tests.comparing import PLAIN, events, everything, same
from tests.conftest import Runs, World, write_config
from tests.processes import Ranks, nothing

COLUMNS = Columns(caption="caption", book="book")
BATCH = 2
BEGINNING = Position()


def batches(
    world: World, ranks: int, workers: int, start: Position = BEGINNING
) -> list[list[Batch]]:
    """The batches of six steps of each rank; half of the books are held out."""
    stream = open_dataset(source_of(str(world.plates), COLUMNS), Stream(), COLUMNS)
    decode = Decode(COLUMNS, Captions(), tiny.RESOLUTION, training=True)
    faults = BadSamples(0.0, COLUMNS.image, COLUMNS.caption, lambda plate: True)
    steps = 12 // ranks
    found = []
    for rank in range(ranks):
        rows = ShuffledRows(
            stream, lambda plate: plate["book"] > "book 1", 3, 5, start, rank, ranks, BATCH
        )
        loader = PlateLoader(rows, decode, faults, BATCH, workers, num_batches=steps)
        found.append(list(itertools.islice(loader, steps)))
    return found


def dealt(shares: list[list[Batch]]) -> list[int]:
    """The seeds of what all ranks see, batch by batch."""
    return [seed for step in zip(*shares, strict=True) for batch in step for seed in batch["seeds"]]


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("workers", [0, 1, 2, 4])
def test_ranks_and_workers_change_neither_the_order_nor_the_place(
    world: World, ranks: int, workers: int
) -> None:
    alone = batches(world, 1, 0)
    shares = batches(world, ranks, workers)
    assert dealt(shares) == dealt(alone)
    places = [batch["position"] for batch in alone[0]][ranks - 1 :: ranks]
    assert [[batch["position"] for batch in share] for share in shares] == [places] * ranks


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_ranks_see_every_plate_once_in_a_pass_and_none_twice(world: World, ranks: int) -> None:
    shares = batches(world, ranks, 0)
    seen = [prompt for step in zip(*shares, strict=True) for b in step for prompt in b["prompts"]]
    assert len(seen) == 24
    for one_pass in (seen[:12], seen[12:]):
        assert set(Counter(one_pass).values()) == {1}


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (2, 3), (3, 2)])
def test_another_number_of_ranks_goes_on_with_the_next_plates(
    world: World, before: int, after: int
) -> None:
    shares = batches(world, before, 0)
    behind = 6 // before
    rest = batches(world, after, 0, shares[-1][behind - 1]["position"])
    seeds = dealt(shares)[behind * before * BATCH :]
    assert dealt(rest)[: len(seeds)] == seeds


SPLIT = "--trainer.accumulate_grad_batches=2"


@pytest.fixture(scope="module")
def runs_here(world: World, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(write_config(world, tmp_path_factory.mktemp("ranks")))


def choose_the_second() -> None:
    """Have a checkpoint chosen, though the encoder of the tiny world can judge nothing."""
    selection.select = lambda folder, rule: Choice(2, "Step 2, for a test.")


def fit_together(
    runs: Runs, name: str, *arguments: str, before: Callable[[], None] = nothing
) -> Path:
    """Train with two ranks, and give the run's folder."""
    options = (f"--trainer.logger.init_args.name={name}", *arguments)
    ranks = Ranks.start(2, runs.config, *options, before=before)
    statuses = ranks.end()
    assert statuses == [0, 0], [fit.said[-1] for fit in ranks.fits]
    (folder,) = (runs.config.parent / name).glob("version_*")
    return folder


@pytest.fixture(scope="module")
def together(runs_here: Runs) -> Path:
    """A run of two ranks that draws."""
    return fit_together(runs_here, "together", before=choose_the_second)


@pytest.fixture(scope="module")
def alone(runs_here: Runs) -> Path:
    """The same in one process, which accumulates what the ranks have shared out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "select", selection.select)
        choose_the_second()
        return runs_here.fit(SPLIT, name="alone")


def read(file: Path) -> Any:
    return json.loads(file.read_text())


def close(first: Path, second: Path, step: int) -> bool:
    """Whether two adapters are the same but for the order of sums."""
    one, other = (everything(run, step)["state_dict"] for run in (first, second))
    assert isinstance(one, dict)
    assert isinstance(other, dict)
    return all(torch.allclose(one[name], other[name], rtol=1e-4, atol=1e-6) for name in one)


def test_two_ranks_learn_what_one_process_accumulates(together: Path, alone: Path) -> None:
    assert close(together, alone, 2)
    assert close(together, alone, 4)
    positions = [everything(run, 4)["Illustrations"]["position"] for run in (together, alone)]  # type: ignore[index]
    assert positions[0] == positions[1]


def test_two_ranks_leave_the_files_that_one_process_leaves(together: Path, alone: Path) -> None:
    def files(run: Path) -> list[str]:
        names = (str(file.relative_to(run)) for file in run.rglob("*"))
        return sorted(name for name in names if "events" not in name and "plates/" not in name)

    assert files(together) == files(alone)
    assert len(list(together.glob("events.*"))) == 1


def test_two_ranks_draw_and_score_as_one_process(together: Path, alone: Path) -> None:
    for step in ("base", "step=000002", "step=000004"):
        one, other = (read(run / f"images/{step}/scores.json") for run in (together, alone))
        assert one["scores"] == pytest.approx(other["scores"], rel=1e-3, abs=1e-3)
        assert [row["prompt"] for row in one["samples"]] == [
            row["prompt"] for row in other["samples"]
        ]
    samples = sorted(alone.glob("images/base/*.png"))
    assert samples
    for sample in samples:
        assert (together / sample.relative_to(alone)).read_bytes() == sample.read_bytes()


def test_two_ranks_measure_losses_as_one_process(together: Path, alone: Path) -> None:
    one, other = events(together), events(alone)
    tags = other.Tags()["scalars"]
    names = [name for name in tags if name.startswith(("val/", "memorization/loss"))]
    assert "val/loss" in names
    for name in names:
        values = [[event.value for event in run.Scalars(name)] for run in (one, other)]
        assert values[0] == pytest.approx(values[1], rel=1e-4), name


def test_two_ranks_confirm_what_is_chosen_as_one_process(together: Path, alone: Path) -> None:
    one, other = (read(run / "checkpoints/confirmed.json") for run in (together, alone))
    assert one["step"] == other["step"] == 2
    for name, scores in one["scores"].items():
        assert scores == pytest.approx(other["scores"][name], rel=1e-3, abs=1e-3)


def test_two_ranks_that_go_on_are_two_ranks_that_were_never_stopped(
    runs_here: Runs, together: Path
) -> None:
    checkpoint = f"--ckpt_path={together / 'checkpoints/step=000002.ckpt'}"
    resumed = fit_together(runs_here, "resumed", *PLAIN, checkpoint)
    assert same(everything(together, 4), everything(resumed, 4))


def test_a_run_goes_on_with_fewer_ranks(runs_here: Runs, together: Path) -> None:
    checkpoint = f"--ckpt_path={together / 'checkpoints/step=000002.ckpt'}"
    fewer = runs_here.fit(*PLAIN, SPLIT, checkpoint, name="fewer")
    assert close(together, fewer, 4)


def test_a_run_goes_on_with_more_ranks(runs_here: Runs, together: Path, alone: Path) -> None:
    checkpoint = f"--ckpt_path={alone / 'checkpoints/step=000002.ckpt'}"
    more = fit_together(runs_here, "more", *PLAIN, checkpoint)
    assert close(together, more, 4)


def test_fewer_ranks_with_the_same_accumulation_are_refused(
    runs_here: Runs, together: Path
) -> None:
    checkpoint = f"--ckpt_path={together / 'checkpoints/step=000002.ckpt'}"
    message = runs_here.refuse(*PLAIN, checkpoint)
    assert "number of processes) 4, now it is 2" in message
