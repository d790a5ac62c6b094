"""A dataset as a stream of rows, read from the start or from any row on."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pyarrow.parquet as pq
from datasets import IterableDataset

from oldbook_diffusion.data.network import Network
from oldbook_diffusion.data.read_errors import damaged
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import permutation


class Rows(ABC):
    """The rows of a dataset, in its own order or with its shards permuted.

    Attributes:
        contents: Hash of what it holds, where that is known without reading it all.
    """

    contents: str | None

    @abstractmethod
    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows in their own order, whatever their server does."""

    @abstractmethod
    def seek(self, seed: int, first: int) -> Iterator[dict[str, Any]]:
        """The rows from a row on, with the shards permuted."""

    def where(self, column: str | None, wanted: Callable[[Any], bool]) -> Iterator[dict[str, Any]]:
        """The rows, perhaps without some whose column has no wanted value.

        Args:
            column: A column that can be read alone; all rows are given when null.
            wanted: Whether rows with a value are wanted.
        """
        return iter(self)


@dataclass(frozen=True)
class StreamedRows(Rows):
    """The rows of a stream of `datasets`.

    Attributes:
        dataset: The stream.
        files: Its parquet files, one for each shard; empty where it is of other files.
        network: Timeouts and retries.
        contents: Hash of what it holds, where that is known without reading it all.
    """

    dataset: IterableDataset
    files: list[str] = field(default_factory=list)
    network: Network = field(default_factory=Network)
    contents: str | None = None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows in their own order, whatever their server does."""
        return self.network.read(self.dataset)

    def seek(self, seed: int, first: int) -> Iterator[dict[str, Any]]:
        """The rows from a row on, with the shards permuted.

        Parquet files and row groups that lie before the row are not read. Of other files, all
        that lies before it is.
        """
        parts = self.parquet_parts(seed, first) if self.files else [self.shuffled(seed, first)]
        return chain.from_iterable(map(self.network.read, parts))

    def shuffled(self, seed: int, first: int) -> IterableDataset:
        """The stream with its shards permuted, from a row on."""
        # by default, 10 shards would be read at once
        mixed = self.dataset.shuffle(seed=seed % 2**32, buffer_size=1, max_buffer_input_shards=1)
        shards = mixed if self.dataset.num_shards > 1 else self.dataset
        return shards.skip(first) if first else shards

    def parquet_parts(self, seed: int, first: int) -> list[IterableDataset]:
        """Permuted files and row groups from a row on, to be read one after the other."""
        parts: list[IterableDataset] = []
        for number in permutation(len(self.files), seed):
            shard = self.dataset.shard(len(self.files), number)
            if first and not parts:
                counts = row_counts(self.files[number], self.network)
                behind, first = skip_whole(counts, first)
                parts += row_groups(shard, behind, len(counts))
            else:
                parts.append(shard)
        if first and parts:
            parts[0] = parts[0].skip(first)
        return parts


def row_groups(shard: IterableDataset, first: int, number: int) -> list[IterableDataset]:
    """A parquet file from a row group on."""
    if first == number:  # nothing is left of it; there may be none at all
        return []
    if not first:
        return [shard]
    groups = shard.reshard()
    return [groups.shard(number, group) for group in range(first, number)]


def skip_whole(counts: list[int], first: int) -> tuple[int, int]:
    """The number of pieces of these lengths that lie before a row, and its index in the rest."""
    behind = 0
    while behind < len(counts) and first >= counts[behind]:
        first -= counts[behind]
        behind += 1
    return behind, first


def row_counts(file: str, network: Network) -> list[int]:
    """The lengths of a parquet file's row groups; no more than its last bytes are read.

    Raises:
        OldBookError: It is damaged, or cannot be read now.
    """
    try:
        about = network.fetch(file, pq.read_metadata)
    except OldBookError:
        raise
    except Exception as error:  # arrow raises nearly every kind
        raise damaged(file, error) from error
    return [about.row_group(number).num_rows for number in range(about.num_row_groups)]
