"""The benchmarks run; what they measure is another matter."""

import pytest

from benchmarks import cache, checkpoint, data, gpu, loop, methods, render, resume

SMALL_DENOISER = ["--widths", "32", "32", "64", "64", "--other_weights", "1000"]


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLDBOOK_BENCHMARK_HERE", "1")


def columns(said: str, row: str) -> list[str]:
    """The cells of a row of a printed table."""
    line = next(line for line in said.splitlines() if line.startswith(f"| {row}"))
    return [cell.strip() for cell in line.strip("| ").split("|")[1:]]


def test_render_draws_the_same_together_and_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    render.main(["--prompts=2", "--steps=2", "--rounds=1"])
    said = capsys.readouterr().out
    for row in ("guided", "not guided"):
        assert float(columns(said, row)[-1].split(" / ")[0]) < 1


def test_cache_measures_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    cache.main(["--plates=20"])
    said = capsys.readouterr().out
    entries, megabytes, *_ = columns(said, "float16, mirrored too")
    assert int(entries) == 40
    assert float(megabytes) == pytest.approx(40 * 8 * 64 * 64 * 2 / 1e6, rel=0.02)


def test_checkpoint_measures_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint.main([*SMALL_DENOISER, "--rounds=1"])
    ours, everything, ratio = map(float, columns(capsys.readouterr().out, "MB"))
    assert 1 < ours < everything
    assert ratio == pytest.approx(everything / ours, rel=0.01)


def test_data_gives_pictures_on_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    data.main(["--pages=120", "--few=40", "--many=80", "--rounds=1"])
    said = capsys.readouterr().out
    for workers in (0, 2):
        row = f"pictures per second of the processors, {workers} workers"
        assert all(float(rate) > 0 for rate in columns(said, row))


def test_resume_measures_runs_that_begin_and_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    resume.main(["--pages=120", "--steps", "10", "100", "--files", "2", "--rounds=1"])
    said = capsys.readouterr().out
    assert float(columns(said, "2 files, begins")[0]) > 0
    assert float(columns(said, "2 files, goes on at 100, end of a pass")[0]) > 0


@pytest.mark.slow
def test_gpu_runs_every_side_on_the_cpu_too(capsys: pytest.CaptureFixture[str]) -> None:
    gpu.main([])
    said = capsys.readouterr().out
    assert float(columns(said, "reference loop, 4 x 1")[1]) == 1
    assert all(float(columns(said, f"the denoiser alone, {n}")[0]) > 0 for n in ("1 x 4", "4 x 1"))


def test_loop_measures_micro_steps(capsys: pytest.CaptureFixture[str]) -> None:
    loop.main(["--steps=6", "--rounds=1"])
    said = capsys.readouterr().out
    for side in ("0 workers, no", "0 workers, a", "2 workers, no", "2 workers, a"):
        assert float(columns(said, f"{side} progress bar")[0]) > 0


def test_methods_are_measured_beside_lora(capsys: pytest.CaptureFixture[str]) -> None:
    methods.main(["--methods", "lora", "lokr", "--batch_size=1", "--rounds=1"])
    said = capsys.readouterr().out
    lora, lokr = columns(said, "LoRA"), columns(said, "LoKr")
    assert float(lora[2]) == 1
    assert float(lokr[2]) > 0.2
    assert float(lokr[4]) < float(lora[4]), "a file of fewer weights is smaller"
