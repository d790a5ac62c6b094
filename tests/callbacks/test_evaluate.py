"""A run: what it writes, and that sample does not disturb learning."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from oldbook_diffusion.evaluation import selection
from oldbook_diffusion.metrics.catalogue import CURVES
from oldbook_diffusion.metrics.compute import compute_scores
from oldbook_diffusion.metrics.reference_set import ReferenceSet
from oldbook_diffusion.metrics.sample_embeddings import SampleEmbeddings
from oldbook_diffusion.metrics.selection import Choice
from oldbook_diffusion.run.folder import RunFolder
from tests import tiny
from tests.comparing import events, same
from tests.conftest import PROMPTS, Runs

Weights = Callable[[Path, int], dict[str, torch.Tensor]]
SCALARS = {
    "train/loss",
    "train/lr",
    "val/loss",
    "style/cosine",
    "style/normalized",
    "style/ceiling_cosine",
    "fidelity/pooled_clip_score",
    "fidelity/pooled_recall_at_1",
}


def test_a_run_writes_checkpoints_adapters_samples_and_curves(runs: Runs) -> None:
    run = runs.fit("--trainer.log_every_n_steps=1")
    for step in (2, 4):
        assert (run / "checkpoints" / f"step={step:06d}.ckpt").is_file()
        assert (run / "checkpoints" / f"step={step:06d}/pytorch_lora_weights.safetensors").is_file()
    for folder in ("base", "step=000002", "step=000004"):
        assert len(list((run / "images" / folder).glob("*.png"))) == 2 * len(PROMPTS)
    assert (run / "before_after.png").is_file()
    shared = [*run.glob("checkpoints/*/*.safetensors"), *run.glob("images/*.safetensors")]
    assert len(shared) >= 3
    assert {oct(file.stat().st_mode & 0o777) for file in shared} == {"0o644"}, "others may read"
    assert (run / "config.yaml").is_file()
    reader = events(run)
    logged = set(reader.Tags()["scalars"])
    assert logged >= SCALARS
    named = {tag for curve in CURVES.values() for tag in curve.tags}
    assert {tag for tag in logged if "/" in tag} <= named, "all curves are in the catalogue"
    assert [event.step for event in reader.Scalars("style/normalized")] == [0, 2, 4]
    assert reader.Scalars("style/normalized")[0].value == pytest.approx(0, abs=1e-6)
    assert len(reader.Images(f"samples/00 {PROMPTS[0]}")) == 2


def test_every_score_can_be_computed_again_from_files(runs: Runs) -> None:
    images = runs.fit() / "images"
    references = ReferenceSet.from_tensors(load_file(images / "reference_set.safetensors"))
    for name in ("base", "step=000004"):
        kept = json.loads((images / name / "scores.json").read_text())["scores"]
        samples = SampleEmbeddings.from_tensors(load_file(images / name / "embeddings.safetensors"))
        again = compute_scores(references, samples)
        assert {"style/score", "distance/kid", "memorization/p", "guide/shortcut_max"} <= set(again)
        assert again == pytest.approx({key: kept[key] for key in again})


@pytest.mark.parametrize("flip", [True, False])
def test_mirrored_copies_are_looked_for_where_visits_are_mirrored(runs: Runs, flip: bool) -> None:
    run = runs.fit(f"--data.images.random_flip={flip}", "--trainer.max_steps=2")
    references = ReferenceSet.from_tensors(load_file(run / "images/reference_set.safetensors"))
    assert len(references.mirrored) == flip * len(references.train)
    assert len(references.mirrored_caption_plates) == flip * len(references.caption_plates)
    if flip:
        assert references.nearest(references.mirrored).similarity.min() > 1 - 1e-6


def test_embeddings_and_scores_say_what_they_are_of(runs: Runs) -> None:
    images = runs.fit() / "images"
    record = json.loads((images / "step=000004/scores.json").read_text())
    with safe_open(images / "step=000004/embeddings.safetensors", "pt") as file:
        assert file.metadata() == {key: record[key] for key in ("encoder", "weights")}
    assert record["step"] == 4
    assert record["encoder"].startswith("local-dir:")
    own, others = record["samples"][:4], record["samples"][4:]
    assert [(row["prompt"], row["seed"]) for row in own] == [
        (prompt, 2 * number + seed) for number, prompt in enumerate(PROMPTS) for seed in (0, 1)
    ]
    mean = sum(row["style"] for row in own) / len(own)
    assert mean == pytest.approx(record["scores"]["style/score"])
    for row in own:
        assert (images / f"plates/{row['plate']:05d}.jpg").is_file()
        words = json.loads((images / f"plates/{row['plate']:05d}.json").read_text())
        assert words["caption"].startswith("plate ")
        assert words["book"] in ("book 2", "book 3"), "the nearest plate is a training plate"
    assert len({row["prompt"] for row in others if row["prompt"].startswith("plate ")}) == 8
    assert [row["prompt"] for row in others if row["prompt"] not in PROMPTS][-1] == "a photo"


def test_losses_by_timestep_are_the_same_noise_at_every_checkpoint(runs: Runs) -> None:
    plain = ("--render.prompts=[]", "--render.encoder=null")
    still = runs.fit(*plain, "--model.optimizer.init_args.lr=0", name="still")
    reader = events(still)
    for band in range(1, 6):
        assert len({event.value for event in reader.Scalars(f"val/loss_band_{band}")}) == 1
        assert {event.value for event in reader.Scalars(f"val/change_band_{band}")} == {0.0}
    assert {event.value for event in reader.Scalars("memorization/loss_gap")} == {0.0}
    learnt = events(runs.fit(*plain, name="learnt"))
    assert learnt.Scalars("val/change_band_1")[-1].value != 0


def choosing(step: int) -> Callable[..., Choice]:
    return lambda folder, rule: Choice(step, f"Step {step}, for a test.")


def test_the_selected_checkpoint_is_confirmed_on_fresh_noise_and_prompts(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, weights: Weights
) -> None:
    monkeypatch.setattr(selection, "select", choosing(2))
    run = runs.fit()
    record = json.loads((run / "checkpoints/confirmed.json").read_text())
    assert record["step"] == 2
    assert set(record["scores"]) == {"the prompts, other noise", "other prompts"}
    for scores in record["scores"].values():
        assert {"style/score", "fidelity/recall_at_1", "memorization/p"} <= set(scores)
    assert "style/score_lower" in record["scores"]["other prompts"], "there are 15 of them"
    assert (run / "checkpoints/best.ckpt").resolve().name == "step=000002.ckpt"
    assert "Confirmed." in (run / "report.html").read_text()
    plain = runs.fit("--render.prompts=[]", "--render.encoder=null", name="plain")
    assert same(weights(run, 4), weights(plain, 4)), "the last checkpoint is the run's own"


def test_a_selected_checkpoint_that_is_damaged_is_one_sentence(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose_and_spoil(folder: RunFolder, rule: object) -> Choice:
        folder.checkpoint(2).write_bytes(b"half")
        return Choice(2, "Step 2, for a test.")

    monkeypatch.setattr(selection, "select", choose_and_spoil)
    assert "step=000002.ckpt is damaged" in runs.refuse()


def test_early_stopping_stops_after_patience(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "select", choosing(2))
    run = runs.fit("--selection.patience=1", "--trainer.max_steps=20")
    names = {file.name for file in (run / "checkpoints").glob("step=*.ckpt")}
    assert names == {"step=000002.ckpt", "step=000004.ckpt"}


def test_a_sample_holds_its_metadata(runs: Runs) -> None:
    run = runs.fit()
    sample = Image.open(run / "images" / "step=000002" / "01_a-rose_seed=3.png")
    assert sample.info["prompt"] == "a rose"
    assert sample.info["seed"] == "3"
    assert sample.info["step"] == "2"
    assert sample.info["scheduler"] == "DPMSolverMultistepScheduler"
    assert sample.info["guidance_scale"] == "2.0"


def test_the_adapter_learns(runs: Runs, weights: Weights) -> None:
    run = runs.fit()
    assert not same(weights(run, 2), weights(run, 4))


def test_sampling_and_scoring_do_not_disturb_training(runs: Runs, weights: Weights) -> None:
    drawn = runs.fit()
    plain = runs.fit("--render.prompts=[]", "--render.encoder=null", name="plain")
    assert same(weights(drawn, 4), weights(plain, 4))


def test_the_base_model_samples_the_same_whatever_the_batch_layout(runs: Runs) -> None:
    first = runs.fit("--render.sampling.batch_size=4")
    second = runs.fit("--render.sampling.batch_size=1", name="single")
    for sample in sorted((first / "images" / "base").glob("*.png")):
        twin = second / "images" / "base" / sample.name
        with Image.open(sample) as a, Image.open(twin) as b:
            # rounding differs with the batch layout; other noise would differ everywhere
            gaps = [abs(x - y) for x, y in zip(a.tobytes(), b.tobytes(), strict=True)]
        assert max(gaps) <= 1


def test_a_checkpoint_holds_the_adapter_and_not_the_base(runs: Runs, weights: Weights) -> None:
    run = runs.fit()
    assert all("lora_" in name for name in weights(run, 4))


def test_a_checkpoint_can_be_sampled_and_scored_by_itself(runs: Runs) -> None:
    run = runs.fit()
    runs.command("validate", f"--ckpt_path={run / 'checkpoints' / 'step=000002.ckpt'}")
    other = run.parent / "version_1"
    again = sorted((other / "images" / "step=000002").glob("*.png"))
    assert len(again) == 2 * len(PROMPTS)
    for sample in again:
        first = run / "images" / "step=000002" / sample.name
        assert sample.read_bytes() == first.read_bytes()


def test_a_checkpoint_can_be_scored_on_other_plates(runs: Runs, tmp_path: Path) -> None:
    run = runs.fit("--render.prompts=[]", "--render.encoder=null")
    other = tiny.write_plates(tmp_path / "other", list(tiny.plates(20)), files=1)
    checkpoint = f"--ckpt_path={run / 'checkpoints/step=000002.ckpt'}"
    runs.command("validate", checkpoint, f"--data.path={other}")
    assert (run.parent / "version_1/images/step=000002/scores.json").is_file()


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
    run = runs.fit("--checkpoint.monitor=style/normalized", "--checkpoint.save_top_k=1")
    names = {file.name for file in (run / "checkpoints").glob("step=*.ckpt")}
    scores = {e.step: e.value for e in events(run).Scalars("style/normalized") if e.step}
    best = max(scores, key=lambda step: scores[step])
    assert names == {f"step={best:06d}.ckpt", "step=000004.ckpt"}, "the best, and the last step"
