"""The headline score on pictures whose style is known, with encoders that have learnt nothing."""

from dataclasses import replace

import pytest
import torch
from scipy import stats
from torch import Tensor

from oldbook_diffusion.metrics.encoders.textures import GaborTextures, RandomTextures, Textures
from oldbook_diffusion.metrics.negative_controls import CONTROLS, HARD_NEGATIVES
from oldbook_diffusion.metrics.reference_set import ReferenceSet
from tests.scenes import engraved, painted, scenes, stack

PROMPTS, SEEDS = 15, 2
SCORED = scenes(0, PROMPTS * SEEDS)
APART = scenes(100, 60)
BOOKS = 20


@pytest.fixture(scope="module", params=["gram", "gabor"])
def encoder(request: pytest.FixtureRequest) -> Textures:
    return RandomTextures() if request.param == "gram" else GaborTextures()


@pytest.fixture(scope="module")
def references(encoder: Textures) -> ReferenceSet:
    """What a run would be measured against, had its base model painted the scenes."""
    base, apart = stack([painted(s) for s in SCORED]), stack([painted(s) for s in APART])
    encode = encoder.encode_images
    plates = {
        first: stack([engraved(s, i % BOOKS + first) for i, s in enumerate(scenes(first, 160))])
        for first in (1000, 2000)
    }
    return ReferenceSet(
        base=encode(base),
        base_captions=encode(base[:0]),
        base_off_style=encode(base[:0]),
        prompt_ids=torch.arange(PROMPTS).repeat_interleave(SEEDS),
        prompt_embeddings=torch.eye(PROMPTS, len(encode(base[:1])[0])),
        style_words=encode(base),
        shortcuts={name: encode(change(base)) for name, change in CONTROLS.items()},
        probe_fit=encode(apart),
        controls={name: encode(change(apart)) for name, change in CONTROLS.items()},
        hard_negatives={name: encode(change(apart)) for name, change in HARD_NEGATIVES.items()},
        train=encode(plates[1000]),
        held_out=encode(plates[2000]),
        book_ids=torch.arange(160) % BOOKS,
        caption_plates=encode(base[:0]),
        trained_on=torch.zeros(0, dtype=torch.bool),
    )


@pytest.fixture(scope="module")
def plates() -> Tensor:
    """The scored scenes as a perfect model would draw them, by hands of their own."""
    return stack([engraved(s, 3000 + i) for i, s in enumerate(SCORED)])


def test_no_named_control_comes_near(references: ReferenceSet) -> None:
    worst = {name: float(references.gain(x).mean()) for name, x in references.shortcuts.items()}
    assert max(worst.values()) <= 0.35, worst


def test_a_true_engraving_arrives(
    references: ReferenceSet, encoder: Textures, plates: Tensor
) -> None:
    assert float(references.gain(encoder.encode_images(plates)).mean()) >= 0.9


def test_no_hard_negative_passes_for_an_engraving(
    references: ReferenceSet, encoder: Textures
) -> None:
    base = stack([painted(s) for s in SCORED])
    gains = {
        name: float(references.gain(encoder.encode_images(change(base))).mean())
        for name, change in HARD_NEGATIVES.items()
    }
    assert max(gains.values()) <= 0.5, gains


def test_the_score_rises_with_the_style(
    references: ReferenceSet, encoder: Textures, plates: Tensor
) -> None:
    base, shares = stack([painted(s) for s in SCORED]), (0.0, 0.25, 0.5, 0.75, 1.0)
    blends = [encoder.encode_images(base.lerp(plates, share)) for share in shares]
    gains = torch.stack([references.gain(blend) for blend in blends])  # [shares, prompts]
    orders = [stats.spearmanr(shares, gain).statistic for gain in gains.T]
    assert sum(orders) / len(orders) >= 0.98


def test_the_band_of_plates_holds_one_and_knows_that_books_differ(references: ReferenceSet) -> None:
    lower, upper = references.band
    assert lower < 1 < upper
    order = torch.randperm(len(references.book_ids), generator=torch.Generator().manual_seed(0))
    mixed = replace(references, book_ids=references.book_ids[order]).band
    assert upper - lower > 1.5 * (mixed[1] - mixed[0])


def test_the_familiar_projection_is_fooled_where_the_probe_is_not(references: ReferenceSet) -> None:
    fooled = max(
        float(references.gain(x, "projection").mean()) for x in references.shortcuts.values()
    )
    assert fooled > max(references.shortcut_gains.values())


def test_replicate_seeds_of_the_base_score_zero(
    references: ReferenceSet, encoder: Textures
) -> None:
    again = encoder.encode_images(stack([painted(s) for s in scenes(500, len(SCORED))]))
    gain = references.gain(again)
    assert abs(float(gain.mean())) < 0.1
