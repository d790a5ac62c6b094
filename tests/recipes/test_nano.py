"""The recipe of the nano world, run from nothing in a tiny setting."""

import json
import os
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import load_dataset
from diffusers import StableDiffusionPipeline
from PIL import Image

from tests.processes import run_apart

pytest.importorskip("resvg_py")

SHAPE = '<circle cx="16" cy="16" r="14" fill="#a33"/>'


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with an icon for every name that the lexicon knows, and no cache yet."""
    from recipes.nano.words import lexicon

    folder = tmp_path_factory.mktemp("nano")
    icons = {name: {"body": SHAPE} for name in lexicon.SUBJECTS}
    for collection in ("fluent-emoji-flat", "noto"):
        path = folder / "icons" / collection / "icons.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"icons": icons, "width": 32}))
    return folder


def follow(world: Path, module: str, arguments: list[str]) -> None:
    """Run a module of the recipe as `python -m` does, in a process that is there for it alone."""
    os.environ.update(NANO_ICONS=str(world / "icons"), NANO_CACHE=str(world / "cache"))
    sys.argv = [module, *arguments]
    runpy.run_module(f"recipes.nano.{module}", run_name="__main__", alter_sys=True)


def run(world: Path, module: str, *arguments: str) -> None:
    log = world / f"{module}.log"
    status = run_apart(log, follow, world, module, list(arguments), patience=500)
    assert status == 0, log.read_text()


def test_books_differ_in_hand_and_no_two_plates_are_composed_alike(world):
    from recipes.nano import plates

    run(world, "plates", "--books", "3", "--plates", "2", "--out", str(world / "plates"))
    rows = load_dataset("parquet", data_files=str(world / "plates" / "plates.parquet"))["train"]
    assert sorted(rows["book"]) == [f"book {book:02d}" for book in (1, 1, 2, 2, 3, 3)]
    assert all(min(image.size) == plates.SHORT for image in rows["image"])
    reliefs = np.stack([plates.composition(image) for image in rows["image"]])
    alike = reliefs @ reliefs.T - np.eye(len(reliefs))
    assert alike.max() < 0.75  # of the prints; the limit of 0.5 is on the flat scenes


def test_unit_variance_of_each_latent_channel_changes_no_picture(world):
    from recipes.nano import autoencoder

    network, images = autoencoder.build(), torch.rand(4, 3, 64, 64)
    with torch.no_grad():
        before = autoencoder.round_trip(network, images)
        latents = network.encode(images * 2 - 1).latent_dist.mean
        autoencoder.normalize(network, latents.mean((0, 2, 3)), latents.std((0, 2, 3)))
        scaled = network.encode(images * 2 - 1).latent_dist.mean
        assert torch.allclose(autoencoder.round_trip(network, images), before, atol=1e-5)
    assert torch.allclose(scaled.std((0, 2, 3)), torch.ones(12), atol=1e-4)


@pytest.mark.parametrize("words", ["a blur", "scraps", "scribble", "only lines", "stains"])
def test_little_damage_keeps_a_picture_and_much_damage_loses_it(world, words):
    from recipes.nano.illegible import damaged

    blocks = np.random.default_rng(5).choice([20, 230], (8, 8))
    image = Image.fromarray(np.uint8(np.kron(blocks, np.ones((16, 16))))).convert("RGB")

    def left(legible: bool) -> float:
        """How much of the blocks' contrast is still in its place."""
        pages = [damaged(image, words, legible, np.random.default_rng(i)) for i in range(24)]
        found = np.stack([np.asarray(p.convert("L").reduce(16), float) for p in pages])
        relief = blocks - blocks.mean()
        return float((found * relief).sum((1, 2)).mean() / (relief**2).sum())

    assert left(legible=True) > 0.5
    assert left(legible=False) < 0.4


def test_a_small_clip_is_trained_and_read_by_open_clip(world):
    import open_clip

    options = ("--scenes", "12", "--batch-size", "4", "--out", str(world / "clip"))
    run(world, "clip", "--minutes", "0.02", *options)
    network = open_clip.create_model(f"local-dir:{world / 'clip'}")
    assert network.encode_image(torch.zeros(1, 3, 128, 128)).shape == (1, 128)


def test_a_world_is_made_from_nothing_and_each_training_resumes(world):
    run(world, "autoencoder", "--minutes", "0.02", "--share", "0.004", "--batch-size", "4")
    base = ("--scenes", "12", "--batch-size", "4", "--out", str(world / "base"))
    run(world, "base", "--minutes", "0.02", *base)
    first = (world / "cache" / "base.pt").stat().st_mtime_ns
    run(world, "base", "--minutes", "0.05", *base)  # a longer budget goes on from the state
    assert (world / "cache" / "base.pt").stat().st_mtime_ns > first
    pipeline = StableDiffusionPipeline.from_pretrained(world / "base")
    assert pipeline.unet.config.sample_size * pipeline.vae_scale_factor == 128
    sheet = ("--base", str(world / "base"), "--out", str(world / "sheet.png"))
    run(world, "sheet", "--steps", "2", *sheet)
    assert Image.open(world / "sheet.png").size == (15 * 128, 2 * 128)
