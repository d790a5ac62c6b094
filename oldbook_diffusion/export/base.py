"""Interface of an exporter: a format that trained weights are written in and read from."""

import json
from abc import ABC, abstractmethod
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors import SafetensorError, safe_open

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.export.lora_layers import Layers
from oldbook_diffusion.methods import Method
from oldbook_diffusion.models import BaseModel

PLACES = {"_name_or_path", "name_or_path"}  # keys under which libraries keep where they loaded from


class Exporter(ABC):
    """A file format of trained weights.

    Attributes:
        word: What `oldbook export --to` calls it.
        by_default: Whether it is written at checkpoints where no formats are named.
    """

    word: str = ""
    by_default: bool = True

    @abstractmethod
    def supports(self, method: Method, model: BaseModel) -> bool:
        """Whether what this method trains on this model can be written, and loaded again."""

    @abstractmethod
    def write(self, method: Method, model: BaseModel, folder: Path) -> None:
        """Write the trained weights into an empty folder."""

    @abstractmethod
    def recognizes(self, path: Path) -> bool:
        """Whether a file or a folder is of this format."""

    @abstractmethod
    def read(self, model: BaseModel, path: Path) -> None:
        """Load the weights into a base model, in place.

        Raises:
            OSError, RuntimeError, ValueError, KeyError: They do not fit it.
        """

    def layers(self, model: BaseModel, path: Path) -> Layers:
        """The layers of a LoRA in a file, for training to start from.

        Raises:
            OSError, RuntimeError, ValueError, KeyError: It holds none, or does not fit the model.
        """
        raise ValueError(f"a file of the format {self.name} holds no LoRA to start from")

    def why_not(self, method: Method, model: BaseModel) -> str:
        """Why it cannot hold what a method trains, and what can; empty where that is plain."""
        return ""

    @property
    def name(self) -> str:
        """Name of the format in messages."""
        return type(self).__name__


def export(exporter: Exporter, method: Method, model: BaseModel, folder: Path) -> list[Path]:
    """Write trained weights into a folder, atomically.

    Returns:
        The files written.

    Raises:
        OldBookError: The format cannot hold them, they are NaN or inf, or nothing was learned.
        OSError: The folder cannot be written to.
    """
    check_exportable(exporter, method, model)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".draft-") as draft:
        try:
            exporter.write(method, model, Path(draft))
        except SafetensorError as error:  # it hides the error of a full disk
            raise OSError(str(error)) from error
        files = sorted(file for file in Path(draft).rglob("*") if file.is_file())
        for file in files:
            if file.suffix == ".safetensors":
                sort_metadata(file)
        goals = [folder / file.relative_to(draft) for file in files]
        for file, goal in zip(files, goals, strict=True):
            goal.parent.mkdir(parents=True, exist_ok=True)
            file.chmod(0o644)  # safetensors lets nobody but their owner read its files
            file.replace(goal)
    return goals


def sort_metadata(file: Path) -> None:
    """Sort the metadata of a safetensors file, in place; its writer shuffles them."""
    with file.open("r+b") as content:
        size = int.from_bytes(content.read(8), "little")
        header = json.loads(content.read(size))
        header["__metadata__"] = dict(sorted(header.get("__metadata__", {}).items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode().ljust(size)
        if len(text) == size:
            content.seek(8)
            content.write(text)


def forget_places(folder: Path) -> None:
    """Take the paths of this machine out of the configs in a folder."""
    for file in folder.rglob("*.json"):
        content = json.loads(file.read_text())
        if PLACES & content.keys():
            kept = {name: value for name, value in content.items() if name not in PLACES}
            file.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")


def base_name(model: BaseModel) -> str:
    """The base model's name on the hub; that of its folder alone, where it is a local one."""
    place = Path(model.pretrained)
    return place.name if place.exists() else model.pretrained


def tensor_names(file: Path) -> list[str]:
    """The names of the tensors in a safetensors file; none where it cannot be read."""
    try:
        with safe_open(file, "pt") as content:
            return list(content.keys())
    except (OSError, SafetensorError):
        return []


def check_exportable(exporter: Exporter, method: Method, model: BaseModel) -> None:
    """Refuse weights that nobody could load, or that would be of no use.

    Raises:
        OldBookError: It says why.
    """
    what = type(method).__name__
    if not exporter.supports(method, model):
        why = exporter.why_not(method, model)
        raise OldBookError(
            f"the format {exporter.name} cannot hold what {what} trains"
            + (f": {why}" if why else "")
        )
    bad = [name for name, value in method.state(model).items() if not value.isfinite().all()]
    if bad:
        raise OldBookError(f"{len(bad)} of the trained tensors hold NaN or inf, first {bad[0]}")
    if not method.has_learned(model):
        raise OldBookError(f"{what} has not learned anything: its weights are as at the start")


def read_export(
    model: BaseModel, path: Path, formats: tuple[Exporter, ...] | list[Exporter]
) -> None:
    """Load exported weights into a base model, by the first format that recognizes them.

    Raises:
        OldBookError: There is no such file, no format recognizes it, or it does not fit the model.
    """
    if not path.exists():
        raise OldBookError(f"there is no adapter {path}: look into checkpoints/ of a run's folder")
    exporter = next((one for one in formats if one.recognizes(path)), None)
    if exporter is None:
        names = ", ".join(one.name for one in formats)
        raise OldBookError(f"there is no adapter in {path}: it is of none of the formats {names}")
    try:
        exporter.read(model, path)
    except (OSError, RuntimeError, ValueError, KeyError, SafetensorError) as error:
        reason = str(error).strip().split("\n")[0]
        raise OldBookError(f"the adapter {path} does not fit this base model: {reason}") from error
    model.eval()  # layers of an adapter come in training mode, and may drop
