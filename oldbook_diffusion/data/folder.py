"""A folder of images: their captions come from tables and text files beside them."""

import posixpath
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import PurePosixPath

import datasets
import pyarrow as pa

from oldbook_diffusion.data.fingerprint import fingerprint_of
from oldbook_diffusion.data.listing import IMAGES, SIDECARS, SPLITS, File, Listing
from oldbook_diffusion.data.read_errors import first_line
from oldbook_diffusion.data.tables import read_bytes, read_table, read_text
from oldbook_diffusion.errors import OldBookError

FILE_NAME = "file_name"  # the column of a table that names the image
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
TEXTS = (".csv", ".json", ".jsonl", ".parquet", ".tsv", ".txt", ".xls", ".xlsx", ".caption")
MOST_NAMED = 3  # of the files that a message names


@dataclass(frozen=True)
class Folder:
    """The images of a folder, in zip archives too, and what is known of each.

    Attributes:
        listing: Its files.
        split: Which of its folders to use, where all images lie in folders named like splits.
        image: Name of the image's column.
        caption: Name of the caption's column; null where images have none.
    """

    listing: Listing
    split: str
    image: str
    caption: str | None

    @cached_property
    def part(self) -> str:
        """The folder of the split, with a slash; empty where folders are not named like splits.

        Raises:
            OldBookError: They are, and none is the one asked for.
        """
        every = [*self.listing.files, *self.listing.archived]
        above = {file.name.split("/")[0] for file in every if file.suffix in IMAGES}
        if len(above) < 2 or not above <= SPLITS.keys():
            return ""
        if part := next((name for name in above if SPLITS[name] == self.split), None):
            return f"{part}/"
        raise OldBookError(
            f"{self.listing.root} has no folder of the split {self.split!r}; it has "
            f"{', '.join(sorted(above))}: name one with data.stream.split"
        )

    @cached_property
    def files(self) -> list[File]:
        """The files of the split, archived ones and tables above it too."""
        every = [*self.listing.files, *self.listing.archived]
        return [f for f in every if f.name.startswith(self.part) or f in self.listing.tables]

    @cached_property
    def images(self) -> list[File]:
        """Its images, captioned or not."""
        return [file for file in self.files if file.suffix in IMAGES]

    @cached_property
    def tables(self) -> list[File]:
        """The tables about its images that are not empty."""
        return [file for file in self.files if file.is_metadata and file.size]

    @cached_property
    def named(self) -> dict[str, File]:
        """Its files by name, however its accents are written."""
        return {composed(file.name): file for file in self.files}

    @cached_property
    def rows(self) -> pa.Table:
        """One row for each line of a table, then one for each other image with a text file.

        Raises:
            OldBookError: A table cannot be read, or nothing has a caption.
        """
        parts = list(self.told)
        if self.beside:
            images = pa.array([opened(image.path) for image, _ in self.beside], IMAGE)
            columns = {self.image: images}
            if self.caption is not None:
                said = [text and read_text(text) for _, text in self.beside]
                columns[self.caption] = pa.array(said, pa.string())
            parts.append(pa.table(columns))
        if not sum(map(len, parts)):
            raise OldBookError(self.uncaptioned())
        try:
            return pa.concat_tables(parts, promote_options="default")
        except pa.ArrowException as error:
            names = " and ".join(file.path for file in self.tables)
            raise OldBookError(f"{names} do not go together: {first_line(error)}") from error

    @cached_property
    def told(self) -> list[pa.Table]:
        """The lines of each table."""
        return [self.lines(file) for file in self.tables]

    def lines(self, file: File) -> pa.Table:
        """The lines of a table, their images found beside it.

        Raises:
            OldBookError: It cannot be read, or names no images below the folder.
        """
        table = read_table(file)
        if FILE_NAME not in table.column_names:
            raise OldBookError(
                f"{file.path} has no column {FILE_NAME!r} that names each image; it has "
                f"{', '.join(table.column_names)}: add one, with names relative to it"
            )
        places = [self.place(file, str(name)) for name in table.column(FILE_NAME).to_pylist()]
        kept = [place.startswith(self.part) for place in places]
        images = [opened(self.find(place)) for place in places]
        rest = table.drop_columns([FILE_NAME])
        return rest.append_column(self.image, pa.array(images, IMAGE)).filter(kept)

    def place(self, table: File, name: str) -> str:
        """The name, below the folder, of an image that a table names.

        Raises:
            OldBookError: It lies outside of the folder.
        """
        place = posixpath.normpath(PurePosixPath(table.name).parent / name.replace("\\", "/"))
        if place.startswith(("/", "..")) or "://" in name:
            raise OldBookError(
                f"{table.path} names {name!r}, which is not below {self.listing.root}: copy the "
                "images there, and name them relative to the table"
            )
        return place

    def find(self, place: str) -> str:
        """Where an image is opened; it may not exist."""
        file = self.named.get(composed(place))
        return file.path if file else str(self.listing.root / place)

    @cached_property
    def beside(self) -> list[tuple[File, File | None]]:
        """The images that no table names, and the text files that have their names.

        Those without one are left out, but where images need no caption.
        """
        told = {row["path"] for part in self.told for row in part.column(self.image).to_pylist()}
        rest = [image for image in self.images if image.path not in told]
        if self.caption is None:
            return [(image, None) for image in rest]
        found = [(image, self.text_of(image)) for image in rest]
        return [(image, text) for image, text in found if text]

    def text_of(self, image: File) -> File | None:
        """The text file that has an image's name."""
        found = (self.named.get(composed(image.stem + ending)) for ending in SIDECARS)
        return next(filter(None, found), None)

    @cached_property
    def used(self) -> list[File]:
        """The images that have a row."""
        paths = {row["path"] for row in self.rows.column(self.image).to_pylist()}
        return [file for file in self.files if file.path in paths]

    @cached_property
    def texts(self) -> list[File]:
        """The files that captions were read from."""
        return [*self.tables, *(text for _, text in self.beside if text)]

    def contents(self) -> str:
        """Hash the names and sizes of the images that are used, and all that is said of them."""
        said = blake2b(digest_size=8)
        for file in self.texts:
            said.update(read_bytes(file))
        return f"{fingerprint_of(self.used)}, captions {said.hexdigest()}"

    def stream(self) -> datasets.IterableDataset:
        """Its rows as a stream, images not read."""
        features = datasets.Features.from_arrow_schema(self.rows.schema)
        features[self.image] = datasets.Image(decode=False)
        rows = self.rows.cast(features.arrow_schema)
        dataset = datasets.Dataset(rows, datasets.DatasetInfo(features=features))
        return dataset.to_iterable_dataset(num_shards=len(dataset))

    def summary(self) -> str:
        """What is used and what is left out, in one line."""
        kept = {file.path for file in [*self.used, *self.texts]}
        left = [file for file in self.listing.files if file.path not in kept]
        bare = sum(file.suffix in IMAGES for file in left)
        ignored = len(left) - bare - len(self.listing.ending(".zip"))
        captions = f"{len(self.rows)} captions" if self.caption else "the same words for all"
        parts = [f"{len(self.used)} images", captions]
        parts += [f"{bare} images without a caption left out"] if bare else []
        parts += [f"{ignored} other files ignored"] if ignored else []
        return f"folder of images: {', '.join(parts)}"

    def uncaptioned(self) -> str:
        """The sentence for a folder whose images have no captions."""
        texts = [file for file in self.files if file.suffix in TEXTS]
        names = [f"{file.name}{'' if file.size else ' (empty)'}" for file in texts[:MOST_NAMED]]
        more = ", ..." if len(texts) > MOST_NAMED else ""
        return (
            f"{self.listing.root} has {len(self.images)} images and no captions: they are read "
            f"from metadata.jsonl, metadata.csv or metadata.parquet with a column {FILE_NAME!r}, "
            "or from NAME.txt or NAME.caption beside NAME.png"
            + (f"; not from {', '.join(names)}{more}" if names else "")
            + "; or set data.columns.caption to null and data.captions.template to words for all"
        )


def composed(name: str) -> str:
    """A name with its accents composed, as not every file system writes them."""
    return unicodedata.normalize("NFC", name)


def opened(path: str) -> dict[str, str | None]:
    """An image that is read when it is needed."""
    return {"bytes": None, "path": path}
