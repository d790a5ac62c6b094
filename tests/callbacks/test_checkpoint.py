"""A checkpoint is written before its samples, which may fail; it is resumed from exactly."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from oldbook_diffusion.metrics.encoders import RandomTextures
from tests.comparing import PLAIN
from tests.conftest import Checkpoint, Runs

ENCODER = "--render.encoder=tests.callbacks.test_checkpoint."


class Failing(RandomTextures):
    """An encoder that fails from a call on, as one that runs out of memory does."""

    calls = 0
    seen: list[str] = []  # noqa: RUF012

    def encode_images(self, images: Tensor) -> Tensor:
        """Fail where the first checkpoint is scored."""
        saved = sorted(file.name for file in self.folder.rglob("step=*.ckpt"))
        if saved:
            type(self).seen = saved
            raise RuntimeError("the encoder has crashed")
        return super().encode_images(images)

    folder = Path()


def test_what_was_learnt_is_saved_before_it_is_sampled_and_scored(
    runs: Runs, weights: Callable[[Path, int], Checkpoint]
) -> None:
    Failing.folder = runs.config.parent / "crashed"
    with pytest.raises(RuntimeError, match="the encoder has crashed"):
        runs.fit(f"{ENCODER}Failing", name="crashed")
    assert Failing.seen == ["step=000002.ckpt"]
    run = runs.fit("--render.encoder=RandomTextures", "--ckpt_path=last", name="crashed")
    assert (run / "images/step=000002/scores.json").is_file(), "the samples are made up for"
    whole = runs.fit("--render.encoder=RandomTextures", name="whole")
    for step in (2, 4):
        found, expected = weights(run, step), weights(whole, step)
        assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_of_ranked_checkpoints_the_best_are_kept_and_no_other(runs: Runs) -> None:
    run = runs.fit(
        *PLAIN,
        "--checkpoint={every_n_train_steps: 1, monitor: val/loss, mode: max, save_top_k: 1}",
    )
    kept = [file.name for file in (run / "checkpoints").glob("step=*.ckpt")]
    assert len(kept) <= 2, "the best, and the last step"
    assert "step=000004.ckpt" in kept
    assert (run / "checkpoints/last.ckpt").resolve().is_file()
