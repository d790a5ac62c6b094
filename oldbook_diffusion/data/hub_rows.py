"""The rows of parquet files on the hub, of which only the wanted columns are fetched, once."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import quote

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub.utils.tqdm import tqdm

from oldbook_diffusion.data.local_copy import Tables
from oldbook_diffusion.data.network import Network
from oldbook_diffusion.data.read_errors import damaged
from oldbook_diffusion.data.seek import Rows
from oldbook_diffusion.data.stream import Columns
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import permutation

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 8  # that are copied to memory
LEAST_TO_ANNOUNCE = 10e6  # bytes
ROWS = "rows of the group"
Row = dict[str, Any]


class Group(NamedTuple):
    """A row group, which is what can be fetched of a parquet file.

    Attributes:
        file: Its file.
        number: Its number in the file.
        rows: Number of rows.
        sizes: Bytes of each column.
    """

    file: str
    number: int
    rows: int
    sizes: dict[str, int]


@dataclass
class HubRows(Rows):
    """The rows of parquet files on the hub.

    Attributes:
        files: The files, by their names on the hub.
        columns: The columns that are fetched.
        tables: What is kept of them.
        network: Timeouts and retries.
        contents: Hash of the files.
    """

    files: list[str]
    columns: Columns
    tables: Tables
    network: Network
    contents: str | None = None
    footers: dict[str, pq.FileMetaData] = field(default_factory=dict)

    @cached_property
    def groups(self) -> dict[str, list[Group]]:
        """The row groups of each file."""
        return {file: self.groups_of(file) for file in self.files}

    def __iter__(self) -> Iterator[Row]:
        """The rows in their own order."""
        return self.read_from(self.files, 0)

    def seek(self, seed: int, first: int) -> Iterator[Row]:
        """The rows from a row on, with the files permuted."""
        order = permutation(len(self.files), seed)
        return self.read_from([self.files[number] for number in order], first)

    def read_from(self, files: list[str], first: int) -> Iterator[Row]:
        """The rows of some files, from a row on."""
        for file in files:
            for group in self.groups[file]:
                if first < group.rows:
                    yield from islice(self.read(group), first, None)
                first = max(0, first - group.rows)

    def where(self, column: str | None, wanted: Callable[[Any], bool]) -> Iterator[Row]:
        """The rows of those groups in which a column has a wanted value.

        That column is fetched first, and it is small.
        """
        groups = [group for file in self.files for group in self.groups[file]]
        if column is not None:
            groups = [group for group in groups if any(map(wanted, self.values(group, column)))]
        missing = list(map(self.missing, groups))
        total = sum(missing)
        if total > LEAST_TO_ANNOUNCE:
            log.info("fetching at most %.0f MB of %s", total / 1e6, self.files[0].split("@")[0])
        with tqdm(total=total, unit="B", unit_scale=True, disable=total < LEAST_TO_ANNOUNCE) as bar:
            for group, size in zip(groups, missing, strict=True):
                yield from self.read(group)
                bar.update(size)

    def missing(self, group: Group) -> int:
        """Bytes of a row group that are to be fetched."""
        there = self.tables.has
        return sum(
            size for name, size in group.sizes.items() if not there(group.file, key(group, name))
        )

    def read(self, group: Group) -> Iterator[Row]:
        """The rows of a row group, images as bytes."""
        columns = {name: self.column(group, name) for name in self.columns.names}
        columns[self.columns.image] = as_bytes(columns[self.columns.image])
        for batch in pa.table(columns).to_batches(max_chunksize=ROWS_AT_ONCE):
            yield from batch.to_pylist()

    def values(self, group: Group, name: str) -> list[Any]:
        """The values of a column."""
        return self.column(group, name).to_pylist()

    def column(self, group: Group, name: str) -> pa.ChunkedArray:
        """A column of a row group."""

        def fetch(content: Any) -> pa.Table:
            whole = pq.ParquetFile(content, metadata=self.footer(group.file), pre_buffer=True)
            return whole.read_row_group(group.number, columns=[name], use_threads=False)

        table = self.tables.get(group.file, key(group, name), lambda: self.fetch(group.file, fetch))
        return table.column(name)

    def groups_of(self, file: str) -> list[Group]:
        """The row groups of a file.

        Raises:
            OldBookError: It lacks a column.
        """
        table = self.tables.get(file, "groups", lambda: sizes_of(self.footer(file)))
        self.columns.check(table.column_names[1:], file)
        return [
            Group(file, number, row[ROWS], {name: row[name] for name in self.columns.names})
            for number, row in enumerate(table.to_pylist())
        ]

    def footer(self, file: str) -> pq.FileMetaData:
        """The metadata of a file, from its last bytes."""
        if file not in self.footers:
            self.footers[file] = self.fetch(file, pq.read_metadata)
        return self.footers[file]

    def fetch(self, file: str, look: Callable[[Any], Any]) -> Any:
        """Read something of a file on the hub, byte for byte as it is asked for.

        Raises:
            OldBookError: It is damaged, or cannot be read now.
        """
        try:
            return self.network.fetch(file, look, cache_type="none")
        except OldBookError:
            raise
        except Exception as error:  # arrow raises nearly every kind
            raise damaged(file, error) from error


def key(group: Group, column: str) -> str:
    """The name under which a column of a row group is kept."""
    return f"{group.number}-{quote(column, safe='')}"


def sizes_of(footer: pq.FileMetaData) -> pa.Table:
    """The rows of each row group, and the bytes of each column, nested ones summed."""
    names = footer.schema.to_arrow_schema().names
    groups = []
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        sizes = {ROWS: group.num_rows, **dict.fromkeys(names, 0)}
        for index in range(group.num_columns):
            part = group.column(index)
            name = next(n for n in names if f"{part.path_in_schema}.".startswith(f"{n}."))
            sizes[name] += part.total_compressed_size
        groups.append(sizes)
    return pa.Table.from_pylist(groups, schema=pa.schema([(n, pa.int64()) for n in (ROWS, *names)]))


def as_bytes(images: pa.ChunkedArray) -> pa.ChunkedArray:
    """Images as pairs of bytes and a path, however the file has them."""
    image = datasets.Image(decode=False)
    return pa.chunked_array([image.cast_storage(c) for c in images.chunks], type=image.pa_type)
