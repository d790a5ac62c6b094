"""A dataset on the Hugging Face hub."""

import logging
import re
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from datasets import DatasetBuilder
from datasets.packaged_modules.csv.csv import Csv
from datasets.packaged_modules.folder_based_builder.folder_based_builder import FolderBasedBuilder
from datasets.packaged_modules.imagefolder.imagefolder import ImageFolder
from datasets.packaged_modules.json.json import Json
from datasets.packaged_modules.parquet.parquet import Parquet
from datasets.packaged_modules.text.text import Text
from huggingface_hub import HfApi, HfFileSystem, constants, snapshot_download
from huggingface_hub.file_download import repo_folder_name

from oldbook_diffusion.data.folder_source import FolderSource, absolute
from oldbook_diffusion.data.hub_rows import HubRows
from oldbook_diffusion.data.kinds import builder_of, files_of, rows_of
from oldbook_diffusion.data.listing import list_files
from oldbook_diffusion.data.local_copy import Tables, recall, remember
from oldbook_diffusion.data.read_errors import DISCONNECTED, first_line, status_of
from oldbook_diffusion.data.seek import Rows
from oldbook_diffusion.data.source import Source, origin
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.errors import OldBookError

log = logging.getLogger(__name__)

ACCESS = "ask for access on its page, and log in with `hf auth login` or set HF_TOKEN"
CURES = {  # by words of the hub, of its client or of datasets
    "GatedRepo": ACCESS,
    "gated dataset": ACCESS,
    "Revision": "set data.stream.revision to a branch, tag or commit that it has",
    "scripts are no longer": "where the hub has converted it, set data.stream.revision to "
    "refs/convert/parquet",
    "data files": "name one with images and captions",
    "Config name": "set data.stream.subset",
    "BuilderConfig": "set data.stream.subset",
    "Repository": "check data.path; if it is private, log in with `hf auth login` or set HF_TOKEN; "
    "a local folder must exist",
    "OfflineMode": "unset HF_HUB_OFFLINE, or set data.path to a local folder",
}
TRY_LATER = "check the connection and try again, or set data.path to a local folder"


class HubSource(Source):
    """A dataset on the Hugging Face hub."""

    def load(self, stream: Stream, columns: Columns) -> Rows:
        """Its name is enough; the files that it stands for tell its contents.

        Raises:
            OldBookError: It has no such split.
        """
        known_as = "--".join(
            map(quote_all, (self.path, stream.revision, stream.subset, stream.split))
        )
        files = recall(stream.local_copy, known_as)
        try:
            commit = self.commit(stream, ask_again=files is None)
            builder = self.builder(replace(stream, revision=commit))
        except DISCONNECTED as error:
            if files is None or is_refused(error):
                raise
            log.warning("the hub does not answer: %s is read from its local copy", self.path)
            return self.kept_rows(files, stream, columns)
        if isinstance(builder, FolderBasedBuilder) or self.has_images(builder, commit):
            return self.folder(commit).load(stream, columns)
        files = hashes_of(files_of(builder, stream.split))
        if not isinstance(builder, Parquet):
            return replace(rows_of(builder, stream), contents=contents_of(files))
        remember(stream.local_copy, known_as, files)
        stream.network.apply(in_place=True)
        return self.kept_rows(files, stream, columns)

    def kept_rows(self, files: dict[str, str], stream: Stream, columns: Columns) -> HubRows:
        """The rows of parquet files."""
        kept = Tables(stream.local_copy, self.path, files)
        return HubRows(list(files), columns, kept, stream.network, contents_of(files))

    def commit(self, stream: Stream, ask_again: bool) -> str:
        """The commit that a revision stands for."""
        ask = partial(HfApi().dataset_info, self.path, timeout=stream.network.timeout)
        if ask_again:
            again = stream.network.retrying(f"the dataset {self.path}", is_passing)
            return str(again(ask, revision=stream.revision).sha)
        return str(ask(revision=stream.revision).sha)

    def builder(self, stream: Stream) -> DatasetBuilder:
        """What opens it.

        Raises:
            OldBookError: It has no such split.
        """
        builder = builder_of(stream, path=self.path, name=stream.subset)
        splits = [str(split) for split in builder.config.data_files or {}]
        if stream.split not in splits:
            raise OldBookError(
                f"the dataset {self.path} has no split {stream.split!r}: set data.stream.split to "
                f"one of {', '.join(splits)}"
            )
        return builder

    def has_images(self, builder: DatasetBuilder, commit: str) -> bool:
        """Whether a table or text files lie beside the images that they are about."""
        if not isinstance(builder, Csv | Json | Text):
            return False
        names = HfApi().list_repo_files(self.path, repo_type="dataset", revision=commit)
        return any(Path(name).suffix.lower() in ImageFolder.EXTENSIONS for name in names)

    def folder(self, commit: str) -> FolderSource:
        """A copy of its images and archives, each fetched once by the hub's client."""
        copy = snapshot_download(self.path, repo_type="dataset", revision=commit)
        return FolderSource(self.path, list_files(copy))

    def name_of(self, path: str) -> str:
        """Its path below the repository."""
        return path.partition("/snapshots/")[2].partition("/")[2] or super().name_of(path)

    def holds(self, path: str) -> bool:
        """Whether it is of the same repository."""
        copy = Path(
            constants.HF_HUB_CACHE, repo_folder_name(repo_id=self.path, repo_type="dataset")
        )
        addresses = (f"hf://datasets/{self.path}@", f"hf://datasets/{self.path}/")
        return origin(path).startswith(addresses) or copy in absolute(origin(path)).parents

    def explain(self, error: Exception) -> OldBookError:
        """Pass on what the hub says, with what helps."""
        words = f"{type(error).__name__}: {error}"
        cure = next((cure for word, cure in CURES.items() if word in words), TRY_LATER)
        if subsets := re.search(r"available configs: \[(.*?)\]|Available: \[(.*?)\]", words):
            cure = f"set data.stream.subset to one of {subsets[1] or subsets[2]}"
        return OldBookError(
            f"the dataset {self.path!r} is not a local folder, and cannot be read from the hub "
            f"({said(error)}): {cure}"
        )


def said(error: Exception) -> str:
    """What the hub says, in a line."""
    status = status_of(error)
    message = getattr(error, "server_message", None) or first_line(error)
    return f"status {status}, {message}" if status and str(status) not in message else message


def is_refused(error: BaseException) -> bool:
    """Whether the hub has answered that it does not give something."""
    return (status_of(error) or 0) in range(400, 429)


def is_passing(error: BaseException) -> bool:
    """Whether the hub may answer when it is asked again."""
    return isinstance(error, DISCONNECTED) and not (is_refused(error) or constants.HF_HUB_OFFLINE)


def hashes_of(files: list[str]) -> dict[str, str]:
    """The hash of each file, as the hub tells it."""
    hub = HfFileSystem()
    about = ((file, hub.info(file)) for file in files)
    return {
        file: told["lfs"].sha256 if told.get("lfs") else told["blob_id"] for file, told in about
    }


def contents_of(files: dict[str, str]) -> str:
    """Hash of a dataset, whatever else has changed in its repository."""
    seen = sorted((file.split("@")[-1].partition("/")[2], told) for file, told in files.items())
    return f"{len(seen)} files, {blake2b(repr(seen).encode(), digest_size=8).hexdigest()}"


def quote_all(part: str | None) -> str:
    """A part of a name as a part of a file's name."""
    return quote(part or "default", safe="")
