"""The cache changes how long a run takes, and nothing else."""

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL
from PIL import Image

from oldbook_diffusion.data import decode as decoding
from oldbook_diffusion.system import StyleDiffusion
from tests import tiny
from tests.caches import LONG, OFF, shards
from tests.comparing import PLAIN, Killed, everything, same
from tests.conftest import Runs, World
from tests.processes import Fit


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """The losses of the training steps."""
    seen: list[torch.Tensor] = []
    learn = StyleDiffusion.training_step

    def step(self: StyleDiffusion, batch: object, batch_idx: int) -> torch.Tensor:
        seen.append(learn(self, batch, batch_idx))
        return seen[-1]

    monkeypatch.setattr(StyleDiffusion, "training_step", step)
    return seen


def flip(file: Path, place: int) -> None:
    """Turn one bit of a file, in place."""
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_losses_and_weights_are_the_same_to_the_bit_with_the_cache_empty_full_and_off(
    runs: Runs, losses: list[torch.Tensor], workers: int, precision: str
) -> None:
    options = (*PLAIN, *LONG, f"--data.num_workers={workers}", f"--trainer.precision={precision}")
    off = everything(runs.fit(*options, OFF, name="off"), 8)
    filling = everything(runs.fit(*options, name="filling"), 8)
    filled = everything(runs.fit(*options, name="filled"), 8)
    assert same(off, filling)
    assert same(off, filled)
    assert len(losses) == 3 * 16
    assert losses[:16] == losses[16:32] == losses[32:]
    assert len({float(loss) for loss in losses}) == 16


def test_a_second_run_encodes_and_decodes_nothing(
    runs: Runs, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.fit(*PLAIN, *LONG, name="first")
    first = dict(calls)
    assert first["pictures"] > 0
    assert first["prompts"] > 0
    calls.clear()
    decoded: list[bytes] = []
    decode = decoding.decode_image
    monkeypatch.setattr(
        decoding, "decode_image", lambda content: decoded.append(content) or decode(content)
    )
    runs.fit(*PLAIN, *LONG, name="second")
    assert calls == {"pictures": 0, "prompts": 0}
    assert len(decoded) == 2 * 4 * 4, "the watched plates, on either side at each checkpoint"


def test_without_the_cache_every_visit_encodes(runs: Runs, calls: Counter[str]) -> None:
    runs.fit(*PLAIN, *LONG, OFF)
    assert calls["pictures"] == 8 * 2 * 2


def test_a_prompt_is_embedded_once_in_a_batch(runs: Runs, calls: Counter[str]) -> None:
    runs.fit(*PLAIN, OFF, "--data.captions.dropout=1.0", "--data.batch_size=4")
    assert calls["pictures"] == 4 * 4
    assert calls["prompts"] == 4


def test_what_was_encoded_in_one_batch_size_serves_another(runs: Runs, calls: Counter[str]) -> None:
    runs.fit(*PLAIN, "--data.batch_size=1", "--trainer.max_steps=24", name="single")
    calls.clear()
    four = ("--data.batch_size=4", "--data.images.random_flip=false", "--data.captions.dropout=0")
    uncached = runs.fit(*PLAIN, *four, OFF, name="uncached")
    fresh = calls["pictures"]
    cached = runs.fit(*PLAIN, *four, name="cached")
    assert same(everything(uncached, 4), everything(cached, 4))
    assert calls["pictures"] - fresh < fresh, "some were known"


def test_a_plate_seen_again_draws_another_latent(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits: list[tuple[str, torch.Tensor]] = []
    encode = StyleDiffusion.encode_visits

    def watch(self: StyleDiffusion, batch: dict) -> tuple[torch.Tensor, torch.Tensor]:
        latents, prompt_embeds = encode(self, batch)
        visits.extend(zip(batch["keys"], latents, strict=True))
        return latents, prompt_embeds

    monkeypatch.setattr(StyleDiffusion, "encode_visits", watch)
    runs.fit(*PLAIN, "--trainer.max_steps=12", "--data.images.random_flip=false")
    again = [name for name, count in Counter(name for name, _ in visits).items() if count == 2]
    assert len(again) == 12
    for name in again:
        first, second = (latents for other, latents in visits if other == name)
        assert not torch.equal(first, second)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_killed_with_a_half_filled_cache_goes_on_as_if_there_were_none(
    runs: Runs,
    kill: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    workers: int,
) -> None:
    options = (*PLAIN, *LONG, f"--data.num_workers={workers}")
    whole = runs.fit(*options, OFF, name="whole")
    with monkeypatch.context():
        kill(7)
        with pytest.raises(Killed):
            runs.fit(*options, name="killed")
        monkeypatch.undo()
    assert shards(tmp_path), "the checkpoint of step 2 has left what was behind it"
    resumed = runs.fit(*options, "--ckpt_path=last", name="killed")
    assert same(everything(whole, 8), everything(resumed, 8))


def recaptioned(rows: list[dict]) -> list[dict]:
    return [{**row, "caption": f"{row['caption']} x"} for row in rows]


def repainted(rows: list[dict]) -> list[dict]:
    pages = [tiny.png(Image.new("RGB", (40, 36), (number, 0, 0))) for number in range(len(rows))]
    return [
        {**row, "image": {"bytes": page, "path": row["image"]["path"]}}
        for row, page in zip(rows, pages, strict=True)
    ]


@pytest.mark.parametrize(
    ("change", "pictures", "prompts"), [(recaptioned, False, True), (repainted, True, False)]
)
def test_changed_plates_are_encoded_anew(
    runs: Runs,
    calls: Counter[str],
    tmp_path: Path,
    change: Callable[[list[dict]], list[dict]],
    pictures: bool,
    prompts: bool,
) -> None:
    runs.fit(*PLAIN, name="first")
    calls.clear()
    path = tiny.write_plates(tmp_path / "changed", change(list(tiny.plates())))
    changed = runs.fit(*PLAIN, f"--data.path={path}", name="changed")
    assert bool(calls["pictures"]) == pictures
    assert bool(calls["prompts"]) == prompts
    uncached = runs.fit(*PLAIN, f"--data.path={path}", OFF, name="uncached")
    assert same(everything(changed, 4), everything(uncached, 4))


def test_another_resolution_or_another_model_is_encoded_anew(
    runs: Runs, calls: Counter[str], tmp_path: Path
) -> None:
    other = tiny.write_pipeline(tmp_path / "other", seed=5)
    runs.fit(*PLAIN, name="first")
    for option in ("--data.resolution=28", f"--model.pretrained={other}"):
        calls.clear()
        changed = runs.fit(*PLAIN, option, name="changed")
        assert calls["pictures"]
        uncached = runs.fit(*PLAIN, option, OFF, name="uncached")
        assert same(everything(changed, 4), everything(uncached, 4))


def test_one_changed_weight_is_another_model(
    runs: Runs, calls: Counter[str], tmp_path: Path, world: World
) -> None:
    runs.fit(*PLAIN, name="first")
    calls.clear()
    vae = AutoencoderKL.from_pretrained(world.base, subfolder="vae")
    vae.encoder.conv_in.weight.data[-1, -1, -1, -1] += 1e-6
    base = tmp_path / "base"
    base.mkdir()
    for part in world.base.iterdir():
        (base / part.name).symlink_to(part)
    (base / "vae").unlink()
    vae.save_pretrained(base / "vae")
    runs.fit(*PLAIN, f"--model.pretrained={base}", name="second")
    assert calls["pictures"]
    assert not calls["prompts"], "the text encoder is the same"


@pytest.mark.parametrize("damage", ["cut", "emptied", "bit in a tensor", "bit in the header"])
def test_a_damaged_shard_is_rebuilt_with_one_line(
    runs: Runs, calls: Counter[str], tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    whole = runs.fit(*PLAIN, *LONG, name="first")
    file = shards(tmp_path)[0]
    content = file.read_bytes()
    if damage in ("cut", "emptied"):
        file.write_bytes(content[: len(content) // 2 if damage == "cut" else 0])
    else:
        flip(file, len(content) - 7 if damage == "bit in a tensor" else content.index(b'":{"dtype'))
    calls.clear()
    with caplog.at_level(logging.WARNING, "oldbook_diffusion"):
        again = runs.fit(*PLAIN, *LONG, name="second")
    assert same(everything(whole, 8), everything(again, 8))
    assert calls["pictures"]
    assert [str(file) in record.message for record in caplog.records].count(True) == 1
    assert not file.exists()
    calls.clear()
    runs.fit(*PLAIN, *LONG, name="third")
    assert not calls["pictures"]


def test_two_runs_at_once_share_the_cache(runs: Runs, calls: Counter[str], tmp_path: Path) -> None:
    fits = [
        Fit.start(runs.config, *PLAIN, *LONG, f"--trainer.logger.init_args.name={name}")
        for name in ("one", "two")
    ]
    for fit in fits:
        assert fit.end() == 0, fit.said
    alone = runs.fit(*PLAIN, *LONG, OFF, name="alone")
    for name in ("one", "two"):
        assert same(everything(alone, 8), everything(tmp_path / name / "version_0", 8))
    calls.clear()
    runs.fit(*PLAIN, *LONG, name="after")
    assert calls == {"pictures": 0, "prompts": 0}


def test_the_cache_stays_within_its_budget_and_says_so_once(
    runs: Runs, calls: Counter[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "oldbook_diffusion"):
        runs.fit(*PLAIN, *LONG, "--data.cache.max_gb=6e-5", name="first")
    size = sum(file.stat().st_size for file in tmp_path.glob("cache/*/*.safetensors"))
    assert 0 < size < 6e4
    said = [record.message for record in caplog.records if "grows no further" in record.message]
    assert len(said) == len(set(said))
    assert any("raise data.cache.max_gb" in message for message in said)


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(
    runs: Runs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING, "oldbook_diffusion"):
        run = runs.fit(*PLAIN, f"--data.cache.folder={tmp_path / 'file'}")
    assert same(everything(run, 4), everything(runs.fit(*PLAIN, OFF, name="off"), 4))
    assert any("cannot be written to" in record.message for record in caplog.records)


def test_a_cache_without_room_is_refused(runs: Runs) -> None:
    assert "max_gb of data.cache is 0: set it to a number above 0" in runs.refuse(
        "--data.cache.max_gb=0"
    )
