"""Every shipped config parses, and overlays merge key by key."""

import sys
from pathlib import Path

import pytest
import yaml

from oldbook_diffusion.cli import main
from oldbook_diffusion.methods import METHODS
from tests.conftest import Runs

CONFIGS = Path(__file__).parent.parent / "configs"
FULL = ("nano.yaml", "oldbook_sd14.yaml")


def parsed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, object]]:
    with pytest.raises(SystemExit) as stop:
        main(["fit", *arguments, "--print_config"])
    assert not stop.value.code
    return yaml.safe_load(capsys.readouterr().out)


@pytest.mark.parametrize("name", FULL)
def test_a_shipped_config_parses(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert parsed(capsys, f"--config={CONFIGS / name}")["model"]["pretrained"]


def test_the_small_dataset_is_an_overlay(capsys: pytest.CaptureFixture[str]) -> None:
    full = parsed(capsys, f"--config={CONFIGS / 'oldbook_sd14.yaml'}")
    small = parsed(
        capsys,
        f"--config={CONFIGS / 'oldbook_sd14.yaml'}",
        f"--config={CONFIGS / 'oldbook_small.yaml'}",
    )
    assert small["data"]["path"] == "AdamLucek/oldbookillustrations-small"
    assert small["data"]["columns"] == {"image": "image", "caption": "text", "book": None}
    assert small["data"]["resolution"] == full["data"]["resolution"] == 512
    assert small["model"] == full["model"]


def test_the_reference_experiment_is_as_published(capsys: pytest.CaptureFixture[str]) -> None:
    config = parsed(capsys, f"--config={CONFIGS / 'oldbook_sd14.yaml'}")
    model, data, trainer = config["model"], config["data"], config["trainer"]
    assert model["pretrained"] == "CompVis/stable-diffusion-v1-4"
    assert model["method"]["init_args"]["rank"] == 4  # type: ignore[index]
    assert model["optimizer"]["init_args"]["lr"] == 3e-4  # type: ignore[index]
    assert data["path"] == "gigant/oldbookillustrations"
    assert data["columns"] == {"image": "1600px", "caption": "info_alt", "book": "book_title"}
    assert (data["resolution"], data["images"]["random_flip"], data["batch_size"]) == (512, True, 1)  # type: ignore[index]
    assert (trainer["max_steps"], trainer["accumulate_grad_batches"]) == (2501, 4)
    assert (trainer["gradient_clip_val"], trainer["precision"]) == (1.0, "16-mixed")
    assert config["checkpoint"]["every_n_train_steps"] == 500
    assert config["seed_everything"] == 1337


def test_low_memory_is_an_overlay(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("bitsandbytes")
    names = ("oldbook_sd14.yaml", "low_memory.yaml")
    config = parsed(capsys, *(f"--config={CONFIGS / name}" for name in names))
    assert config["model"]["gradient_checkpointing"]
    optimizer = config["model"]["optimizer"]
    assert optimizer["class_path"] == "bitsandbytes.optim.AdamW8bit"  # type: ignore[index]
    full = parsed(capsys, f"--config={CONFIGS / names[0]}")["model"]["optimizer"]
    for name in ("lr", "weight_decay"):
        assert optimizer["init_args"][name] == full["init_args"][name]  # type: ignore[index]


@pytest.mark.parametrize(
    ("overlay", "method", "rate"),
    [("methods/loha.yaml", "LoHa", 5e-4), ("methods/full_attention.yaml", "FullFineTuning", 1e-4)],
)
def test_another_method_is_an_overlay(
    capsys: pytest.CaptureFixture[str], overlay: str, method: str, rate: float
) -> None:
    content = yaml.safe_load((CONFIGS / overlay).read_text())["model"]["method"]
    model = parsed(capsys, *(f"--config={CONFIGS / name}" for name in ("nano.yaml", overlay)))[
        "model"
    ]
    assert model["method"]["class_path"] == f"oldbook_diffusion.methods.{method}"  # type: ignore[index]
    chosen = model["method"]["init_args"]  # type: ignore[index]
    assert {**chosen, **content["init_args"]} == chosen
    assert model["optimizer"]["init_args"]["lr"] == rate  # type: ignore[index]


def test_what_low_memory_needs_is_said_where_it_is_missing(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    message = runs.refuse(f"--config={CONFIGS / 'low_memory.yaml'}")
    assert "pip install" in message
    assert "[8bit]" in message


@pytest.mark.parametrize("path", sorted((CONFIGS / "methods").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_method_has_an_overlay_that_its_comment_runs(path: Path) -> None:
    said, model = path.read_text(), yaml.safe_load(path.read_text())["model"]
    command = f"oldbook fit --config configs/nano.yaml --config configs/methods/{path.name}"
    assert command in said
    method = next(one for one in METHODS if one.__name__ == model["method"]["class_path"])
    method(**model["method"]["init_args"])


def test_no_method_lacks_an_overlay() -> None:
    files = (CONFIGS / "methods").glob("*.yaml")
    found = {yaml.safe_load(file.read_text())["model"]["method"]["class_path"] for file in files}
    assert found == {method.__name__ for method in METHODS} - {"Peft"}
