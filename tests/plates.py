"""The tiny plates in other files than parquet, and the bad samples of a run."""

import io
import json
import tarfile
from pathlib import Path

from tests import tiny


def page(row: dict[str, object]) -> bytes:
    image = row["image"]
    assert isinstance(image, dict)
    return bytes(image["bytes"])


def write_folder(folder: Path) -> Path:
    folder.mkdir()
    lines = []
    for number, row in enumerate(tiny.plates()):
        (folder / f"{number}.png").write_bytes(page(row))
        lines.append({"file_name": f"{number}.png", "caption": row["caption"], "book": row["book"]})
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return folder


def write_webdataset(folder: Path) -> Path:
    folder.mkdir()
    with tarfile.open(folder / "plates.tar", "w") as tar:
        for number, row in enumerate(tiny.plates()):
            for suffix, content in (("png", page(row)), ("txt", str(row["caption"]).encode())):
                member = tarfile.TarInfo(f"{number:04d}.{suffix}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return folder


def written(run: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run / "bad_samples.jsonl").read_text().splitlines()]
