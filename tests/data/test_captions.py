"""Captions become prompts: tags in another order, some left out, one of several captions."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from oldbook_diffusion.data.captions import Captions
from oldbook_diffusion.system import StyleDiffusion
from tests.conftest import Runs, World

TAGS = "engraving, castle, moat, towers, clouds"
PLAIN = ("--render.prompts=[]", "--render.encoder=null", "--data.captions.dropout=0")


def test_tags_are_shuffled_behind_those_that_are_kept() -> None:
    captions = Captions(shuffle_tags=True, keep_tags=2)
    prompts = [captions.training_prompt(TAGS, seed) for seed in range(60)]
    assert {tuple(prompt.split(", ")[:2]) for prompt in prompts} == {("engraving", "castle")}
    assert len(set(prompts)) == 6, "all orders of three"
    assert all(sorted(prompt.split(", ")) == sorted(TAGS.split(", ")) for prompt in prompts)
    assert captions.training_prompt(TAGS, 5) == prompts[5], "a function of the seed"
    assert captions.prompt(TAGS) == TAGS, "as it is where nothing is trained"


def test_tags_are_left_out_at_their_rate_but_for_those_that_are_kept() -> None:
    captions = Captions("ink, {caption}", keep_tags=1, tag_dropout=0.25)
    prompts = [captions.training_prompt(TAGS, seed) for seed in range(2000)]
    counts = Counter(tag for prompt in prompts for tag in prompt.split(", "))
    assert counts["ink"] == counts["engraving"] == 2000
    for tag in ("castle", "moat", "towers", "clouds"):
        assert counts[tag] / 2000 == pytest.approx(0.75, abs=0.04)
    assert all(
        prompt.endswith(("clouds", "towers", "moat", "castle", "ving")) for prompt in prompts
    )


def test_a_visit_sees_one_of_several_captions() -> None:
    several = ["a castle", " ", "a keep"]
    prompts = Counter(Captions().training_prompt(several, seed) for seed in range(1000))
    assert prompts.keys() == {"a castle", "a keep"}
    assert prompts["a keep"] == pytest.approx(500, abs=60)
    assert Captions().prompt(several) == "a castle"


def test_lists_of_captions_are_trained_on_and_resumed(
    runs: Runs, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "several"
    folder.mkdir()
    for part in sorted(world.plates.glob("*.parquet")):
        table = pq.read_table(part)
        number = table.column_names.index("caption")
        lists = [[f"{text}, in ink", f"{text}, on wood"] for text in table["caption"].to_pylist()]
        pq.write_table(table.set_column(number, "caption", pa.array(lists)), folder / part.name)
    seen: list[str] = []
    encode = StyleDiffusion.encode_visits

    def spy(self: StyleDiffusion, batch: object) -> object:
        seen.extend(batch["prompts"])  # type: ignore[index]
        return encode(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(StyleDiffusion, "encode_visits", spy)
    options = (*PLAIN, f"--data.path={folder}", "--data.captions.shuffle_tags=true")
    whole = runs.fit(*options, name="whole")
    assert {"ink" in prompt for prompt in seen} == {True, False}, "both captions"
    assert any(prompt.startswith(("in ink", "on wood")) for prompt in seen), "shuffled"
    runs.fit(*options, "--trainer.max_steps=2", name="parts")
    parts = runs.fit(*options, "--ckpt_path=last", name="parts")
    one, other = (
        torch.load(run / "checkpoints/step=000004.ckpt", weights_only=True)["state_dict"]
        for run in (whole, parts)
    )
    assert all(torch.equal(one[key], other[key]) for key in one)
