"""Sources of a dataset: parquet files, webdataset tars, a folder of images, or the hub."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlparse

import datasets
from datasets import load_dataset_builder
from datasets.packaged_modules.parquet.parquet import Parquet
from datasets.packaged_modules.webdataset.webdataset import WebDataset
from pyarrow.dataset import ParquetFragmentScanOptions

from oldbook_diffusion.data.fingerprint import hub_commit, local_contents
from oldbook_diffusion.data.network import WEBDATASET, Network
from oldbook_diffusion.data.read_errors import file_of, first_line, is_address, may_come
from oldbook_diffusion.data.seek import Rows
from oldbook_diffusion.data.stream import Columns, Stream
from oldbook_diffusion.errors import OldBookError

END_OF_TAR = bytes(1024)


@dataclass(frozen=True)
class Source(ABC):
    """Where a dataset comes from, and how it is opened.

    Attributes:
        path: Its path, URL or name.
    """

    path: str
    suffix: ClassVar[str] = ""  # of its files

    @abstractmethod
    def options(self, network: Network) -> dict[str, Any]:
        """What `load_dataset` needs to find it."""

    def load(self, stream: Stream, columns: Columns, **options: Any) -> Rows:
        """Open it without reading it, and set the retries that suit it.

        Args:
            stream: How it is streamed.
            columns: The columns that are wanted.
            options: For `load_dataset`.
        """
        builder = load_dataset_builder(revision=stream.revision, **options)
        files: list[str] = []
        if isinstance(builder, Parquet):
            files = [str(file) for file in (builder.config.data_files or {}).get(stream.split, [])]
            # hold one row group in memory; by default it ends with the whole file
            scan = ParquetFragmentScanOptions(pre_buffer=False)
            builder.config.fragment_scan_options = scan
        dataset = builder.as_streaming_dataset(split=stream.split)
        stream.network.apply(in_place=dataset.info.builder_name != WEBDATASET)
        return Rows(dataset, files if len(files) == dataset.num_shards else [], stream.network)

    def contents(self, files: list[str]) -> str | None:
        """Hash its files' names and sizes; other contents of the same name are noticed by it."""
        return local_contents(Path(self.path), self.suffix)

    def explain(self, error: Exception) -> OldBookError:
        """Explain in one sentence why it cannot be opened."""
        return OldBookError(
            f"cannot read images and captions from {file_of(error) or self.path}: "
            f"{first_line(error)}"
        )


class HubSource(Source):
    """A dataset on the Hugging Face hub."""

    def options(self, network: Network) -> dict[str, Any]:
        """Its name is enough."""
        return {"path": self.path}

    def contents(self, files: list[str]) -> str | None:
        """The commit that it is read at, where it is of parquet files."""
        return hub_commit(files)

    def explain(self, error: Exception) -> OldBookError:
        """The name may be wrong, or a local path, or the connection be down."""
        return OldBookError(
            f"the dataset {self.path!r} is not a local folder, and the hub did not return it "
            f"({type(error).__name__}); check the name and the connection, or set data.path to a "
            "local folder of images with a metadata.jsonl, a parquet file or webdataset tars"
        )


class FolderSource(Source):
    """A folder of images with a `metadata.jsonl`."""

    def options(self, network: Network) -> dict[str, Any]:
        """The folder."""
        return {"path": "imagefolder", "data_dir": str(Path(self.path))}


class FilesSource(Source):
    """Files of one kind: one of them, all in a folder, or one at a URL."""

    builder: ClassVar[str] = ""

    def options(self, network: Network) -> dict[str, Any]:
        """The files."""
        if is_address(self.path):
            storage = network.storage_options
            return {"path": self.builder, "data_files": self.path, "storage_options": storage}
        local = Path(self.path)
        files = local if local.is_file() else local / f"**/*{self.suffix}"
        return {"path": self.builder, "data_files": str(files)}

    def load(self, stream: Stream, columns: Columns, **options: Any) -> Rows:
        """Open the files; request one at a URL again where its server fails.

        Raises:
            OldBookError: It does not exist, or cannot be read now.
        """
        if not is_address(self.path):
            return self.open_files(stream, columns, **options)

        def again(error: BaseException) -> bool:
            return may_come(error, self.path)

        def request() -> Rows:
            network.check_there(self.path)
            return self.open_files(stream, columns, **options)

        network = stream.network
        try:
            return network.retrying(self.path, again)(request)
        except Exception as error:
            if not again(error):
                raise
            raise network.lost(self.path, error) from error

    def open_files(self, stream: Stream, columns: Columns, **options: Any) -> Rows:
        """Open the files, once."""
        return super().load(stream, columns, **options)

    def contents(self, files: list[str]) -> str | None:
        """Those of local files; a server need not tell."""
        return None if is_address(self.path) else super().contents(files)


class ParquetSource(FilesSource):
    """Parquet files."""

    builder, suffix = "parquet", ".parquet"


class WebDatasetSource(FilesSource):
    """Webdataset tars."""

    builder, suffix = WEBDATASET, ".tar"

    def options(self, network: Network) -> dict[str, Any]:
        """The tars, if they are intact.

        Raises:
            OldBookError: One is truncated.
        """
        local = Path(self.path)
        for tar in [local] if local.is_file() else sorted(local.glob("**/*.tar")):
            check_whole(tar)
        return super().options(network)

    def open_files(self, stream: Stream, columns: Columns, **options: Any) -> Rows:
        """Open the tars; a missing caption makes a bad sample, no error."""
        # its own decoder of text raises, which would stop the run
        WebDataset.DECODERS = {**WebDataset.DECODERS, "txt": decode_text}
        try:
            return super().open_files(stream, columns, **options)
        except ValueError:  # one of the first samples has other files than the rest: name the files
            words = {name: datasets.Value("string") for name in columns.names}
            features = datasets.Features({**words, columns.image: datasets.Image()})
            return super().open_files(stream, columns, **options, features=features)


FILES: Iterable[type[FilesSource]] = (ParquetSource, WebDatasetSource)


def source_of(path: str) -> Source:
    """The source that `data.path` names.

    Raises:
        OldBookError: The type of a URL cannot be recognized.
    """
    by_suffix = {kind.suffix: kind for kind in FILES}
    if is_address(path):
        kind = by_suffix.get(Path(urlparse(path).path).suffix)
        if kind is None:
            raise OldBookError(f"data.path {path} is no file that ends in {' or '.join(by_suffix)}")
        return kind(path)
    local = Path(path)
    if not local.exists():
        return HubSource(path)
    for suffix, kind in by_suffix.items():
        if local.suffix == suffix if local.is_file() else any(local.glob(f"**/*{suffix}")):
            return kind(path)
    return FolderSource(path)


def decode_text(content: bytes) -> str | None:
    """The text of a file; null where it is none."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def check_whole(tar: Path) -> None:
    """Check the end of a tar: a truncated one would end the epoch silently, or fail hours later.

    Raises:
        OldBookError: It is truncated.
    """
    with tar.open("rb") as file:
        file.seek(max(0, tar.stat().st_size - len(END_OF_TAR)))
        if file.read() != END_OF_TAR:
            raise OldBookError(f"{tar} is truncated: download it again or remove it")
