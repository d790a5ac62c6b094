"""A run: what it writes, and that drawing does not disturb learning."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from oldbook_diffusion.metrics.panel import Drawings, Panel
from oldbook_diffusion.metrics.suite import measure
from tests.conftest import PROMPTS, Runs

Weights = Callable[[Path, int], dict[str, torch.Tensor]]
SCALARS = {
    "train/loss",
    "val/loss",
    "style/cosine",
    "style/normalised",
    "style/ceiling_cosine",
    "style/prompt_agreement",
    "style/prompt_identified",
}


def events(run: Path) -> EventAccumulator:
    reader = EventAccumulator(str(run), size_guidance={"images": 0, "scalars": 0})
    reader.Reload()
    return reader


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_writes_checkpoints_adapters_drawings_and_curves(runs: Runs) -> None:
    run = runs.fit("--trainer.log_every_n_steps=1")
    for step in (2, 4):
        assert (run / "checkpoints" / f"step={step:06d}.ckpt").is_file()
        assert (run / "checkpoints" / f"step={step:06d}/pytorch_lora_weights.safetensors").is_file()
    for folder in ("base", "step=000002", "step=000004"):
        assert len(list((run / "images" / folder).glob("*.png"))) == 2 * len(PROMPTS)
    assert (run / "before_after.png").is_file()
    assert (run / "config.yaml").is_file()
    reader = events(run)
    assert set(reader.Tags()["scalars"]) >= SCALARS
    assert [event.step for event in reader.Scalars("style/normalised")] == [0, 2, 4]
    assert reader.Scalars("style/normalised")[0].value == pytest.approx(0, abs=1e-6)
    assert len(reader.Images(f"drawings/00 {PROMPTS[0]}")) == 2


def test_every_number_can_be_computed_again_from_files(runs: Runs) -> None:
    images = runs.fit() / "images"
    panel = Panel.from_tensors(load_file(images / "panel.safetensors"))
    for name in ("base", "step=000004"):
        kept = json.loads((images / name / "scores.json").read_text())["scores"]
        drawings = Drawings.from_tensors(load_file(images / name / "embeddings.safetensors"))
        again = measure(panel, drawings)
        assert {"style/score", "distance/kid", "memorisation/p", "guide/shortcut_max"} <= set(again)
        assert again == pytest.approx({key: kept[key] for key in again})


def test_a_drawing_says_how_it_was_made(runs: Runs) -> None:
    run = runs.fit()
    drawing = Image.open(run / "images" / "step=000002" / "01_a-rose_seed=3.png")
    assert drawing.info["prompt"] == "a rose"
    assert drawing.info["seed"] == "3"
    assert drawing.info["step"] == "2"
    assert drawing.info["sampler"] == "DPMSolverMultistepScheduler"
    assert drawing.info["guidance_scale"] == "2.0"


def test_the_adapter_learns(runs: Runs, weights: Weights) -> None:
    run = runs.fit()
    assert not same(weights(run, 2), weights(run, 4))


def test_drawing_and_scoring_do_not_disturb_learning(runs: Runs, weights: Weights) -> None:
    drawn = runs.fit()
    plain = runs.fit("--render.prompts=[]", "--render.encoder=null", name="plain")
    assert same(weights(drawn, 4), weights(plain, 4))


def test_the_base_model_draws_the_same_whatever_the_batch_layout(runs: Runs) -> None:
    first = runs.fit("--render.sampling.batch_size=4")
    second = runs.fit("--render.sampling.batch_size=1", name="single")
    for drawing in sorted((first / "images" / "base").glob("*.png")):
        twin = second / "images" / "base" / drawing.name
        with Image.open(drawing) as a, Image.open(twin) as b:
            # rounding differs with the batch layout; other noise would differ everywhere
            gaps = [abs(x - y) for x, y in zip(a.tobytes(), b.tobytes(), strict=True)]
        assert max(gaps) <= 1


def test_a_checkpoint_holds_the_adapter_and_not_the_base(runs: Runs, weights: Weights) -> None:
    run = runs.fit()
    assert all("lora_" in name for name in weights(run, 4))


def test_a_checkpoint_can_be_drawn_and_scored_by_itself(runs: Runs) -> None:
    run = runs.fit()
    runs.command("validate", f"--ckpt_path={run / 'checkpoints' / 'step=000002.ckpt'}")
    other = run.parent / "version_1"
    again = sorted((other / "images" / "step=000002").glob("*.png"))
    assert len(again) == 2 * len(PROMPTS)
    for drawing in again:
        first = run / "images" / "step=000002" / drawing.name
        assert drawing.read_bytes() == first.read_bytes()


def test_gradient_clipping_clips(runs: Runs, weights: Weights) -> None:
    # SGD, not Adam: Adam's steps do not depend on the scale of the gradient
    plain = ("--render.prompts=[]", "--render.encoder=null")
    sgd = '--model.optimizer={"class_path": "torch.optim.SGD", "init_args": {"lr": 100.0}}'
    free = runs.fit(*plain, sgd, "--trainer.gradient_clip_val=null", name="free")
    held = runs.fit(*plain, sgd, "--trainer.gradient_clip_val=1e-9", name="held")
    assert not same(weights(free, 2), weights(free, 4))
    change = [weights(held, 4)[n] - weights(held, 2)[n] for n in weights(held, 4)]
    assert max(float(part.abs().max()) for part in change) <= 2 * 100.0 * 1e-9 * 1.01


def test_the_best_checkpoint_by_style_is_kept(runs: Runs) -> None:
    run = runs.fit("--checkpoint.monitor=style/normalised", "--checkpoint.keep=1")
    names = {file.name for file in (run / "checkpoints").glob("step=*.ckpt")}
    scores = {e.step: e.value for e in events(run).Scalars("style/normalised") if e.step}
    best = max(scores, key=lambda step: scores[step])
    assert f"step={best:06d}.ckpt" in names
