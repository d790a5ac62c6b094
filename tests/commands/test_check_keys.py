"""The keys of a command are checked before anything large is imported."""

import os
import re
from pathlib import Path

import pytest
import yaml

from oldbook_diffusion.cli import main
from oldbook_diffusion.commands import HELP
from oldbook_diffusion.commands.check_keys import is_known, known_keys
from oldbook_diffusion.commands.list_keys import list_help, list_keys
from oldbook_diffusion.renamed_keys import FOREIGN, FOREIGN_TO_RENDER, RENAMED, WITHOUT_COUNTERPART
from tests.processes import SERVER


def refused(*arguments: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert isinstance(stop.value.code, str)
    assert "\n" not in stop.value.code
    return stop.value.code


def test_the_stored_keys_are_those_of_the_parsers() -> None:
    stored = {command: sorted(known_keys(command)) for command in list_keys()}
    assert stored == list_keys(), "run python -m oldbook_diffusion.commands.list_keys"


def list_wide_help() -> dict[str, str]:
    os.environ["COLUMNS"] = "100"
    return list_help()


def test_the_stored_help_is_that_of_the_parsers() -> None:
    stored = {file.stem: file.read_text() for file in HELP.glob("*.txt")}
    with SERVER.Pool(1) as process:  # help lists subclasses, and tests define some
        listed = process.apply(list_wide_help)
    assert stored == listed, "run COLUMNS=100 python -m oldbook_diffusion.commands.list_keys"


@pytest.mark.parametrize("table", [FOREIGN, RENAMED])
def test_the_tables_name_keys_that_exist(table: dict[str, str]) -> None:
    for value in table.values():
        assert is_known(re.split(r"[ ,]", value)[0], known_keys("fit")), value


def test_the_table_of_render_names_keys_that_exist() -> None:
    assert set(FOREIGN_TO_RENDER.values()) <= known_keys("render")
    assert not set(FOREIGN_TO_RENDER) & known_keys("render")


def test_no_foreign_flag_is_a_key_of_ours() -> None:
    assert not (set(FOREIGN) | set(WITHOUT_COUNTERPART) | set(RENAMED)) & known_keys("fit")


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--lr=1e-4", "use --model.optimizer.init_args.lr"),
        ("--learning-rate=1e-4", "use --model.optimizer.init_args.lr"),
        ("--rank=8", "use --model.method.init_args.rank"),
        ("--model.adapter.init_args.rank=8", "it is model.method.init_args.rank now"),
        ("--model.loss.snr_gamma=5", "it is model.objective.snr_gamma now"),
        ("--render.sampling.sampler=x", "it is render.sampling.scheduler now"),
        ("--render.sampling.num_steps=9", "it is render.sampling.num_inference_steps now"),
        ("--prompt=a castle", "use --render.prompts"),
        ("--gpus=2", "use --trainer.devices"),
        ("--resume=last", "use --ckpt_path last"),
        ("--push_to_hub", "leave it out: adapters are files"),
        ("--max_steps=3", "did you mean trainer.max_steps?"),
        ("--trainer.max_step=10", "did you mean trainer.max_steps?"),
        ("--data.columns={'imag': 'x'}", "did you mean data.columns.image?"),
        ("--nothing.like.it=3", "oldbook fit --help lists them"),
    ],
)
def test_a_key_that_is_not_ours_is_answered_with_ours(argument: str, said: str) -> None:
    assert said in refused("fit", argument)


def test_a_foreign_key_in_a_config_file_is_answered_with_ours(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"learning_rate": 1e-4}))
    assert "config.yaml: learning_rate is not a key" in refused("fit", f"--config={file}")
    file.write_text(yaml.safe_dump({"trainer": {"max_step": 3}}))
    assert "did you mean trainer.max_steps?" in refused("fit", "--config", str(file))


@pytest.mark.parametrize("content", ["{", "\x00"])
def test_a_config_file_that_is_not_yaml_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.yaml").write_text(content)
    assert "is not YAML" in refused("fit", f"--config={tmp_path / 'config.yaml'}")


def test_a_config_file_that_is_missing_is_refused() -> None:
    assert "cannot read the config file '/nowhere.yaml'" in refused("fit", "-c", "/nowhere.yaml")


def test_the_flags_of_render_are_its_own() -> None:
    assert "use --num_inference_steps" in refused("render", "a castle", "--steps=3")
