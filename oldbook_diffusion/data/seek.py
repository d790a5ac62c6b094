"""Seeking in a stream: start at any row, where possible without reading what lies before it."""

from typing import Any

import pyarrow.parquet as pq
from datasets import IterableDataset
from datasets.packaged_modules.parquet.parquet import Parquet
from pyarrow.dataset import ParquetFragmentScanOptions

from oldbook_diffusion.data.network import Network
from oldbook_diffusion.data.read_errors import damaged
from oldbook_diffusion.errors import OldBookError
from oldbook_diffusion.randomness import permutation


def seek(
    dataset: IterableDataset, seed: int, first: int, network: Network
) -> list[IterableDataset]:
    """A stream with its shards permuted, from a row on, in parts to be read one after the other.

    Parquet files and row groups that lie before the row are not read. Of other streams, all that
    lies before it is.
    """
    files = parquet_files(dataset)
    if not files:
        # by default, 10 shards would be read at once
        mixed = dataset.shuffle(seed=seed % 2**32, buffer_size=1, max_buffer_input_shards=1)
        shards = mixed if dataset.num_shards > 1 else dataset
        return [shards.skip(first) if first else shards]
    parts: list[IterableDataset] = []
    for number in permutation(len(files), seed):
        shard = dataset.shard(len(files), number)
        if first and not parts:
            counts = row_counts(files[number], network)
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


def release_what_is_read(dataset: IterableDataset) -> None:
    """Hold one row group of a parquet file in memory; arrow's default ends with the whole file."""
    if (source := parquet_source(dataset)) is not None:
        config = source.generate_tables_fn.__self__.config
        config.fragment_scan_options = ParquetFragmentScanOptions(pre_buffer=False)


def parquet_files(dataset: IterableDataset) -> list[str]:
    """The files of a parquet stream, one for each shard; none of another stream."""
    source = parquet_source(dataset)
    files = [] if source is None else list(source.kwargs["files"])
    return files if len(files) == dataset.num_shards else []


def parquet_source(dataset: IterableDataset) -> Any:
    """What reads the files of a parquet stream; nothing of another stream."""
    source = dataset._ex_iterable
    while hasattr(source, "ex_iterable"):
        source = source.ex_iterable
    builder = getattr(getattr(source, "generate_tables_fn", None), "__self__", None)
    return source if isinstance(builder, Parquet) else None
