"""CentroidSimilarity, against what can be worked out by hand."""

import pytest
import torch
from torch import Tensor

from oldbook_diffusion.metrics.centroid import CentroidSimilarity, halves


def directions(*angles: float) -> Tensor:
    turns = torch.tensor(angles)
    return torch.stack([turns.cos(), turns.sin()], dim=1)


def style() -> CentroidSimilarity:
    metric = CentroidSimilarity(2)
    metric.update(directions(0.0, 0.0), "reference")
    metric.update(directions(0.1), "ceiling")
    metric.update(directions(1.0, -1.0), "base")
    return metric


def test_the_style_of_the_base_is_zero_and_of_held_out_plates_is_one() -> None:
    metric = style()
    metric.update(directions(1.0), "sample")
    assert float(metric.compute()["normalized"]) == pytest.approx(0, abs=1e-6)
    metric.reset()
    metric.update(directions(-0.1), "sample")
    assert float(metric.compute()["normalized"]) == pytest.approx(1, abs=1e-6)
    assert float(metric.compute()["cosine"]) == pytest.approx(0.995004, abs=1e-5)


def test_the_style_does_not_depend_on_batches() -> None:
    turns = torch.rand(12).tolist()
    whole, parts = style(), style()
    whole.update(directions(*turns), "sample")
    for turn in reversed(turns):
        parts.update(directions(turn), "sample")
    assert torch.allclose(whole.compute()["normalized"], parts.compute()["normalized"])


def test_books_are_never_split_between_centroid_and_ceiling() -> None:
    books = ["a"] * 5 + ["b"] * 2 + ["c"] * 4 + ["d"]
    first = halves(list(books))
    for book in "abcd":
        sides = {bool(side) for side, name in zip(first, books, strict=True) if name == book}
        assert len(sides) == 1
    assert 4 <= int(first.sum()) <= 8


def test_plates_without_books_are_split_one_by_one() -> None:
    assert int(halves([None] * 10).sum()) == 5
    assert int(halves(["one"] * 10).sum()) == 5
