"""RunFolder: the one reader and writer of what a run keeps."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from torch import Tensor

from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.metrics.reference_set import ReferenceSet
from oldbook_diffusion.metrics.sample_embeddings import SampleEmbeddings
from oldbook_diffusion.run import files
from oldbook_diffusion.run.layout import RunLayout, natural


class Sample(NamedTuple):
    """A sample's file, and the metadata inside it: prompt, seed, step and settings."""

    file: Path
    metadata: dict[str, str]


class Plate(NamedTuple):
    """A training plate's image and caption."""

    file: Path
    caption: str


class RunFolder(RunLayout):
    """Reads and writes the files of one run; each is written atomically."""

    def write_sample(
        self, step: int, name: str, image: Tensor, metadata: Mapping[str, object]
    ) -> None:
        """Write one sample [3, H, W] in [0, 1] of a step, with its metadata inside."""
        files.write_sample(self.samples_of(step) / f"{name}.png", image, metadata)

    def read_samples(self, step: int) -> list[Sample]:
        """The samples of a step in the order of their prompts; unreadable ones are left out."""
        found = sorted(self.samples_of(step).glob("*.png"), key=natural)
        read = ((file, files.read_png_metadata(file)) for file in found)
        return [Sample(file, metadata) for file, metadata in read if metadata is not None]

    def write_before_after(self, sheet: Image.Image) -> None:
        """Write the sheet of the base model's and the fine-tuned model's samples."""
        files.write_sheet(self.before_after, sheet)

    def write_scores(self, step: int, record: Mapping[str, object]) -> None:
        """Write the scores of a step's samples."""
        files.write_json(self.scores_of(step), record)

    def read_scores(self, step: int) -> dict[str, Any]:
        """The scores of a step's samples; empty where there are none."""
        return files.read_json(self.scores_of(step))

    def write_embeddings(
        self, step: int, tensors: dict[str, Tensor], metadata: dict[str, str]
    ) -> None:
        """Write the embeddings of a step's samples."""
        files.write_tensors(self.embeddings_of(step), tensors, metadata)

    def read_embeddings(self, step: int) -> SampleEmbeddings:
        """The embeddings of a step's samples.

        Raises:
            OldBookError: They are missing or damaged.
        """
        file = self.embeddings_of(step)
        try:
            return SampleEmbeddings.from_tensors(files.read_tensors(file))
        except KeyError as error:
            raise OldBookError(f"{file} lacks the tensor {error}") from error

    def write_reference_set(self, references: ReferenceSet, metadata: dict[str, str]) -> None:
        """Write everything that samples are compared with."""
        files.write_tensors(self.reference_set, references.tensors(), metadata)

    def read_reference_set(self) -> ReferenceSet:
        """Everything that samples are compared with.

        Raises:
            OldBookError: It is missing or damaged.
        """
        try:
            return ReferenceSet.from_tensors(files.read_tensors(self.reference_set))
        except TypeError as error:
            raise OldBookError(f"{self.reference_set} holds other tensors ({error})") from error

    def read_encoder(self) -> dict[str, str]:
        """The name of the encoder that scores were measured with, and the hash of its weights."""
        return files.read_metadata(self.reference_set)

    def write_validity(self, record: Mapping[str, object], table: str) -> None:
        """Write the validity checks of the encoder, as data and as a table."""
        files.write_json(self.validity, record)
        files.write_text(self.validity.with_suffix(".txt"), table)

    def read_validity(self) -> dict[str, Any]:
        """The validity checks of the encoder; empty where none were run."""
        return files.read_json(self.validity)

    def write_selection(self, step: int | None, record: Mapping[str, object]) -> None:
        """Write which checkpoint is selected and why, and link to it."""
        files.write_json(self.selection, record)
        link(self.best_adapter, self.adapter(step) if step else None)
        link(self.best_checkpoint, self.checkpoint(step) if step else None)

    def read_selection(self) -> dict[str, Any]:
        """Which checkpoint is selected, and why; empty before the end of the run."""
        return files.read_json(self.selection)

    def write_confirmation(self, record: Mapping[str, object]) -> None:
        """Write the selected checkpoint's scores on noise and prompts not used to select it."""
        files.write_json(self.confirmation, record)

    def read_confirmation(self) -> dict[str, dict[str, float]]:
        """Those scores, where they are of the checkpoint that is selected now."""
        record = files.read_json(self.confirmation)
        current = record.get("step") == self.read_selection().get("step")
        return dict(record.get("scores", {})) if current else {}

    def write_blind_page(self, text: str) -> None:
        """Write the page of a blind test."""
        files.write_text(self.blind_page, text)

    def write_blind_key(self, name: str, key: Mapping[str, object]) -> None:
        """Write the key of a blind test."""
        files.write_json(self.blind_key(name), key)

    def read_blind_key(self, name: str) -> dict[str, Any]:
        """The key of a blind test; empty where it is not of this run."""
        return files.read_json(self.blind_key(name))

    def write_blind_answers(self, answers: Mapping[str, object]) -> None:
        """Write what viewers have answered, by viewer and test."""
        files.write_json(self.blind_answers, answers)

    def read_blind_answers(self) -> dict[str, Any]:
        """What viewers have answered, by viewer and test; empty where nobody has."""
        return files.read_json(self.blind_answers)

    def write_blind_result(self, result: Mapping[str, object]) -> None:
        """Write what came of the answers."""
        files.write_json(self.blind_result, result)

    def read_blind_result(self) -> dict[str, Any]:
        """What came of the answers; empty where there are none."""
        return files.read_json(self.blind_result)

    def write_plate(self, number: int, thumbnail: bytes, caption: str, book: str | None) -> None:
        """Write a training plate that samples are nearest to: a small JPEG, caption and book."""
        file = self.plate(number)
        # the same plate is nearest at many checkpoints
        if not file.is_file() or file.read_bytes() != thumbnail:
            files.write_json(file.with_suffix(".json"), {"caption": caption, "book": book})
            files.write_bytes(file, thumbnail, flushed=False)

    def read_plate(self, number: int) -> Plate | None:
        """A training plate that samples are nearest to; null where it was not kept."""
        file = self.plate(number)
        caption = str(files.read_json(file.with_suffix(".json")).get("caption", ""))
        return Plate(file, caption) if files.is_image(file) else None


def link(path: Path, target: Path | None) -> None:
    """Link to a neighbour, if it is there, in place of what was linked to."""
    path.unlink(missing_ok=True)
    if target is not None and target.exists():
        path.symlink_to(target.name)
