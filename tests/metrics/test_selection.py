"""The rule that names a checkpoint: it takes none that a reader of the curves would not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from oldbook_diffusion.evaluation.selection import recommend
from oldbook_diffusion.metrics.compute import compute_scores
from oldbook_diffusion.metrics.reference_set import ReferenceSet
from oldbook_diffusion.metrics.sample_embeddings import SampleEmbeddings
from oldbook_diffusion.metrics.selection import Rule, choose
from oldbook_diffusion.run.folder import RunFolder
from tests.conftest import Runs

PROMPTS, SEEDS, DIM = 15, 4, 96
OWN = torch.arange(PROMPTS).repeat_interleave(SEEDS)
AXES = torch.eye(DIM, dtype=torch.float64)
STYLE, TONE, DOTS = 0.4 * AXES[40:43]
CONTENTS = AXES[:PROMPTS][OWN]


def noise(number: int, seed: int, size: float = 0.05) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return size * torch.randn(number, DIM, generator=generator).double()


def unit(parts: Tensor) -> Tensor:
    return F.normalize(parts, dim=1)


def drawn(style: float, seed: int = 1, tone: float | None = None) -> Tensor:
    """Samples of all prompts that have gone some of the way to plates."""
    moved = style * STYLE + (style if tone is None else tone) * TONE
    return unit(CONTENTS + moved + noise(len(OWN), seed))


def plates(number: int, seed: int) -> Tensor:
    contents = AXES[50:80][torch.arange(number) % 30]
    return unit(contents + STYLE + TONE + noise(number, seed))


def captioned(own: float, seed: int = 7) -> Tensor:
    """Samples of the captions of 16 held-out plates, then 16 training plates."""
    pages = torch.cat([plates(240, 5)[:16] * 0, plates(240, 4)[:16] * own])
    contents = AXES[50:80][torch.arange(32) % 16]
    return unit(contents + pages + noise(32, seed))


def checkpoint(own: Tensor, memory: float = 0.0) -> SampleEmbeddings:
    """What a checkpoint has drawn: its prompts, and captions."""
    return SampleEmbeddings(own, captioned(memory, 8), unit(AXES[35:40] + noise(5, 9)))


@pytest.fixture(scope="module")
def references() -> ReferenceSet:
    apart = AXES[20:35].repeat(2, 1) + noise(30, 3)
    return ReferenceSet(
        base=drawn(0.0),
        base_captions=captioned(0.0),
        base_off_style=unit(AXES[35:40] + noise(5, 6)),
        prompt_ids=OWN,
        prompt_embeddings=AXES[:PROMPTS],
        style_words=drawn(0.2),
        shortcuts={"grey": drawn(0.0, tone=1.0)},
        probe_fit=unit(apart),
        controls={"grey": unit(apart + TONE)},
        hard_negatives={"dots": unit(apart + DOTS)},
        train=plates(240, 4),
        held_out=plates(240, 5),
        book_ids=torch.arange(240) % 12,
        caption_plates=torch.cat([plates(240, 5)[:16], plates(240, 4)[:16]]),
        trained_on=torch.arange(32) >= 16,
    )


def test_the_best_of_clearly_different_checkpoints_is_selected(references: ReferenceSet) -> None:
    choice = choose(references, {100: checkpoint(drawn(0.5)), 200: checkpoint(drawn(1.0))}, Rule())
    assert choice.step == 200
    assert "Step 200 has gone" in choice.reason


def test_a_tie_goes_to_the_earlier(references: ReferenceSet) -> None:
    pair = sorted((drawn(1.0, 11), drawn(1.0, 12)), key=lambda x: float(references.gain(x).mean()))
    first, second = pair
    choice = choose(references, {100: checkpoint(first), 200: checkpoint(second)}, Rule())
    assert choice.step == 100
    assert "ties with the best, step 200" in choice.reason


def test_no_checkpoint_is_selected_that_a_shortcut_reaches(references: ReferenceSet) -> None:
    choice = choose(references, {100: checkpoint(drawn(0.0, seed=9, tone=1.0))}, Rule())
    assert choice.step is None
    assert "significantly above" in choice.reason


def test_no_checkpoint_is_selected_that_style_words_reach(references: ReferenceSet) -> None:
    assert choose(references, {100: checkpoint(drawn(0.2, seed=9))}, Rule()).step is None


def test_exchanged_prompts_are_not_selected(references: ReferenceSet) -> None:
    choice = choose(
        references,
        {100: checkpoint(drawn(0.6)), 200: checkpoint(drawn(1.0).roll(SEEDS, 0))},
        Rule(),
    )
    assert choice.step == 100
    assert (
        "Step 200 has lost prompts (the reciprocal rank of a sample's own prompt" in choice.reason
    )


def test_a_few_exchanged_prompts_are_not_shown_to_be_kept(references: ReferenceSet) -> None:
    own = drawn(1.0)
    own[: 2 * SEEDS] = own[: 2 * SEEDS].roll(SEEDS, 0)  # two prompts of fifteen
    choice = choose(references, {100: checkpoint(own)}, Rule())
    assert choice.step is None
    assert "Step 100 is not shown to keep its prompts (the reciprocal rank" in choice.reason


def test_every_fault_is_told_and_copying_first(references: ReferenceSet) -> None:
    copies = references.train[torch.arange(len(OWN)) % len(references.train)]
    told = choose(references, {100: checkpoint(copies, memory=1.0)}, Rule()).reason
    copied, lost = told.index("too near to training plates"), told.index("has lost prompts")
    assert copied < lost
    assert "fell by" in told
    assert "%" not in told, "no share above all"


def test_exchanged_prompts_leave_the_style_as_it_was(references: ReferenceSet) -> None:
    own = drawn(1.0)
    first, other = (
        compute_scores(references, checkpoint(own)),
        compute_scores(references, checkpoint(own.roll(SEEDS, 0))),
    )
    assert other["style/score"] == pytest.approx(first["style/score"], abs=0.02)
    assert first["fidelity/recall_at_1"] == 1
    assert other["fidelity/recall_at_1"] <= 1 / PROMPTS


def test_a_collapse_is_not_selected(references: ReferenceSet) -> None:
    one_each = drawn(1.0).view(PROMPTS, SEEDS, DIM)[:, :1].expand(-1, SEEDS, -1).flatten(0, 1)
    choice = choose(references, {100: checkpoint(drawn(0.6)), 200: checkpoint(one_each)}, Rule())
    assert choice.step == 100
    assert "Step 200 has lost diversity" in choice.reason


def test_outlines_that_make_samples_alike_are_no_collapse(references: ReferenceSet) -> None:
    # a filter of the base's samples that leaves a third of their differences, and adds no style
    base = references.base.view(PROMPTS, SEEDS, DIM)
    middle = base.mean(1, keepdim=True)
    lines = unit((middle + 0.55 * (base - middle)).flatten(0, 1) + 0.3 * TONE)
    filtered = replace(references, shortcuts={"edges": lines})
    own = drawn(1.0).view(PROMPTS, SEEDS, DIM)
    middle = own.mean(1, keepdim=True)
    alike = checkpoint(unit((middle + 0.6 * (own - middle)).flatten(0, 1)))
    assert "has lost diversity" in choose(references, {100: alike}, Rule()).reason
    choice = choose(filtered, {100: alike}, Rule())
    assert choice.step == 100
    one_each = own[:, :1].expand(-1, SEEDS, -1).flatten(0, 1)
    assert "has lost diversity" in choose(filtered, {100: checkpoint(one_each)}, Rule()).reason


def test_the_diversity_of_the_base_beside_itself_is_one_beyond_doubt(
    references: ReferenceSet,
) -> None:
    found = compute_scores(references, checkpoint(references.base))
    ends = [found[f"diversity/within{end}"] for end in ("", "_lower", "_upper")]
    assert ends == pytest.approx([1, 1, 1])


def test_a_checkpoint_has_to_lie_above_each_shortcut(references: ReferenceSet) -> None:
    own = drawn(0.5)
    # as near on average, and in half of the prompts as far as the checkpoint
    strong = torch.where((OWN % 2 == 0)[:, None], drawn(0.9, seed=8), drawn(-0.2, seed=8))
    hard = replace(references, shortcuts={"plain": drawn(0.4, seed=7), "now and then": strong})
    gains = {name: float(hard.gain(part).mean()) for name, part in hard.shortcuts.items()}
    assert gains["plain"] > gains["now and then"]
    assert choose(hard, {100: checkpoint(own)}, Rule()).step is None


def test_what_could_not_be_checked_is_reported(references: ReferenceSet) -> None:
    first = torch.arange(PROMPTS) * SEEDS
    shortcuts = {name: part[first] for name, part in references.shortcuts.items()}
    parts = {
        "base": references.base[first],
        "prompt_ids": OWN[first],
        "style_words": references.style_words[first],
    }
    single = replace(references, **parts, shortcuts=shortcuts)
    samples = checkpoint(drawn(1.0)[first])
    choice = choose(single, {100: samples._replace(captions=samples.captions[:0])}, Rule())
    assert choice.step == 100
    assert "Checked: prompt fidelity, copies of training plates." in choice.reason
    assert "diversity, memorized captions" in choice.reason.split("Not checked: ")[1]


def test_copies_are_not_selected(references: ReferenceSet) -> None:
    copied = drawn(1.0)
    copied[::6] = references.train[: len(copied[::6])]
    kind = Rule(max_rank_drop=1, max_clip_score_drop=1)
    choice = choose(references, {100: checkpoint(drawn(0.6)), 200: checkpoint(copied)}, kind)
    assert choice.step == 100
    assert "Step 200 lies too near to training plates" in choice.reason


def test_memorized_captions_are_not_selected(references: ReferenceSet) -> None:
    healthy, memory = checkpoint(drawn(0.6)), checkpoint(drawn(1.0), memory=1.0)
    choice = choose(references, {100: healthy, 200: memory}, Rule())
    assert choice.step == 100
    assert "Step 200 gives training plates from their captions" in choice.reason


def test_style_leakage_is_not_selected_where_the_rule_bounds_it(
    references: ReferenceSet,
) -> None:
    off_style = unit(AXES[35:40] + STYLE + TONE + noise(5, 9))
    bleeding = checkpoint(drawn(1.0))._replace(off_style=off_style)
    assert choose(references, {100: bleeding}, Rule()).step == 100
    choice = choose(references, {100: bleeding}, Rule(max_style_leakage=0.5))
    assert choice.step is None
    assert "of the style to off-style prompts" in choice.reason


def test_nothing_is_selected_with_an_encoder_of_images_alone(references: ReferenceSet) -> None:
    mute = replace(references, prompt_embeddings=references.prompt_embeddings[:0])
    assert (
        "needs an encoder of text too" in choose(mute, {1: checkpoint(drawn(1.0))}, Rule()).reason
    )


def test_nothing_is_selected_with_too_few_prompts(references: ReferenceSet) -> None:
    few = replace(
        references,
        prompt_ids=references.prompt_ids % 4,
        prompt_embeddings=references.prompt_embeddings[:4],
    )
    assert choose(few, {100: checkpoint(drawn(1.0))}, Rule()).reason == (
        "A selection needs at least 5 prompts, not 4."
    )


def test_the_selected_checkpoint_is_linked(references: ReferenceSet, tmp_path: Path) -> None:
    for step, samples in {0: None, 100: drawn(0.6), 200: drawn(1.0)}.items():
        images = tmp_path / ("images" if samples is None else f"images/step={step:06d}")
        images.mkdir(parents=True)
        if samples is None:
            save_file(references.tensors(), images / "reference_set.safetensors")
        else:
            tensors = checkpoint(samples)._asdict()
            save_file(tensors, images / "embeddings.safetensors")
            (tmp_path / f"checkpoints/step={step:06d}").mkdir(parents=True)
            (tmp_path / f"checkpoints/step={step:06d}.ckpt").touch()
    assert recommend(RunFolder(tmp_path), Rule()).step == 200
    for end in ("", ".ckpt"):
        assert (tmp_path / f"checkpoints/best{end}").resolve().name == f"step=000200{end}"
    strict = Rule(max_clip_score_drop=-1)
    assert recommend(RunFolder(tmp_path), strict).step is None
    assert not list((tmp_path / "checkpoints").glob("best*.ckpt"))


def test_a_run_reports_which_checkpoint_it_recommends(runs: Runs) -> None:
    run = runs.fit()
    best = json.loads((run / "checkpoints/best.json").read_text())
    assert best["step"] is None
    assert "the style encoder failed" in best["reason"]
    assert best["reason"][:60] in (run / "report.html").read_text()
