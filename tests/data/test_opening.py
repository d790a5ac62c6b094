"""A dataset that cannot be opened is explained by what is in the way."""

import datasets
import pytest

from tests.conftest import Runs


def test_a_home_that_cannot_be_written_is_not_blamed_on_the_data(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = "/dev/null/.cache/huggingface"
    monkeypatch.setattr(datasets.config, "HF_CACHE_HOME", home)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", f"{home}/datasets")
    message = runs.refuse()
    assert f"{home}, in which datasets keeps its files, cannot be written" in message
    assert "set HF_HOME" in message


def test_a_cache_without_a_folder_is_refused_with_the_way_to_have_none(runs: Runs) -> None:
    message = runs.refuse("--data.cache.folder=null")
    assert "set data.cache to null" in message
