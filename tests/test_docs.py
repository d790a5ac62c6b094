"""The documentation speaks of modules that are there."""

import re
from pathlib import Path

import oldbook_diffusion

PACKAGE = Path(oldbook_diffusion.__file__).parent
ARCHITECTURE = Path("docs/architecture.md").read_text()


def test_every_module_that_the_architecture_names_exists():
    names = re.findall(r"`([a-z_/]+(?:\.py|/))`", ARCHITECTURE)
    assert len(names) > 20
    missing = [name for name in names if not (PACKAGE / name).exists() and not Path(name).exists()]
    assert not missing


def test_plate_prompt_and_checkpoint_go_through_at_most_eight_rooms():
    ways = ARCHITECTURE.split("## The way of ")[1:]
    assert len(ways) == 3
    for way in ways:
        assert len(re.findall(r"^\d+\. ", way, re.M)) <= 8
