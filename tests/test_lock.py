"""What `make` installs is pinned, and known by its hash."""

import re
from pathlib import Path

LOCK = Path("requirements.lock").read_text()


def test_every_package_that_make_installs_is_known_by_its_hash() -> None:
    packages = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(packages) > 100
    assert [one for one in packages if not re.search(r"--hash=sha256:[0-9a-f]{64}", one)] == []
    assert "--require-hashes" in Path("Makefile").read_text()


def test_the_lock_has_the_versions_of_the_constraints() -> None:
    locked = set(re.findall(r"^([\w.-]+==[\w.+-]+)", LOCK, re.MULTILINE))
    assert set(Path("constraints.txt").read_text().split()) - locked == set()
