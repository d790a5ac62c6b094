"""Runs with a cache: options, and the files in it."""

from pathlib import Path

OFF = "--data.cache=null"
LONG = ("--trainer.max_steps=8", "--trainer.accumulate_grad_batches=2")
SHARDS = "cache/vae-*/*.safetensors"


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob(SHARDS))
