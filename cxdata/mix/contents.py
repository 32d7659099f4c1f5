"""How pictures come into the rows of a stage folder: as places below it, or as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final, Protocol, Self

import polars as pl

from cxdata.build.atomic import cannot_write
from cxdata.build.space import free_bytes, in_words
from cxdata.mix.shown import Shown, gone, source_of, stored
from cxdata.model.errors import CxdataError

PICTURE: Final = pl.Struct({"bytes": pl.Binary(), "path": pl.String()})
ROWS_A_PART: Final = 16_384
ROWS_A_PART_IN_ROWS: Final = 256
PART_BYTES: Final = 128 * 1024 * 1024  # of pictures; a row group must stay below 2 GB


class Pictures(Protocol):
    """What puts pictures into rows, a part of them in memory at a time."""

    def parts(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows, cut into parts that follow one another: each becomes a row group."""
        ...

    def images(self, part: pl.DataFrame) -> pl.Series:
        """The column `images` of a part, of its `image_ids`."""
        ...


class ByPath:
    """Pictures that lie below the stage folder; `places` holds image_id and place."""

    def __init__(self, places: pl.DataFrame) -> None:
        self._places = places

    def parts(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Parts of as many rows each."""
        return rows.iter_slices(ROWS_A_PART)

    def images(self, part: pl.DataFrame) -> pl.Series:
        """The places of each row's pictures."""
        return _in_lists(part["image_ids"], self._places)


class InRows:
    """Bytes of pictures. Stored ones are copied into a nameless file below `folder`, which goes when this is closed.

    `shows` holds image_id and `times`, in how many rows. Raises CxdataError for a picture that is no longer there, and
    where the disk is too small.
    """

    def __init__(self, pictures: Shown, shows: pl.DataFrame, folder: Path) -> None:
        self._pictures, self._folder = pictures, folder
        self._files = {row["image_id"]: row for row in pictures.table.filter(~pl.col("stored")).iter_rows(named=True)}
        self._starts: dict[str, int] = {}
        self.sizes = dict(_stored_sizes(pictures).iter_rows())
        self._copied_bytes = sum(self.sizes.values())
        self.sizes |= {image_id: _size(source_of(pictures, row)) for image_id, row in self._files.items()}
        self.rows_bytes = sum(times * self.sizes[image_id] for image_id, times in shows.iter_rows())

    def __enter__(self) -> Self:
        self._check_room()
        self._copy = TemporaryFile(dir=self._folder)
        try:
            for image_id, content in stored(self._pictures):
                self._starts[image_id] = self._copy.tell()
                self._copy.write(content)
        except OSError as error:
            self._copy.close()
            raise cannot_write(self._folder, error) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._copy.close()

    def parts(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Parts of as many rows each, fewer where their pictures are large."""
        start = taken = 0
        for place, ids in enumerate(rows["image_ids"]):
            size = sum(self.sizes[one] for one in ids)
            if place > start and (taken + size > PART_BYTES or place - start == ROWS_A_PART_IN_ROWS):
                yield rows[start:place]
                start, taken = place, 0
            taken += size
        if start < rows.height:
            yield rows[start:]

    def images(self, part: pl.DataFrame) -> pl.Series:
        """The bytes of each row's pictures, with their ids as paths."""
        ids = part["image_ids"].explode().drop_nulls().unique().to_list()
        pictures = pl.Series("picture", [{"bytes": self._read(one), "path": one} for one in ids], PICTURE)
        return _in_lists(part["image_ids"], pl.DataFrame([pl.Series("image_id", ids, pl.String), pictures]))

    def _read(self, image_id: str) -> bytes:
        if image_id in self._starts:
            self._copy.seek(self._starts[image_id])
            return self._copy.read(self.sizes[image_id])
        path = source_of(self._pictures, self._files[image_id])
        try:
            return path.read_bytes()
        except OSError:
            raise gone(path) from None

    def _check_room(self) -> None:
        free = free_bytes(self._folder)
        in_rows, copied = in_words(self.rows_bytes), in_words(self._copied_bytes)
        if self.rows_bytes + self._copied_bytes > free:
            raise CxdataError(
                f"pictures take {in_rows} in rows and {copied} while these are written, and {in_words(free)} are free",
                where=str(self._folder), mend="free some space, choose another --out, or --images path",
            )  # fmt: skip


def _stored_sizes(pictures: Shown) -> pl.DataFrame:
    """image_id and size in bytes of the stored pictures."""
    found = [pl.DataFrame(schema={"image_id": pl.String, "size": pl.UInt32})]
    for (file,), rows in pictures.table.filter("stored").partition_by("file", as_dict=True).items():
        scan = pl.scan_parquet(str(file), glob=False).select("image_id", size=pl.col("bytes").bin.size())
        found.append(scan.join(rows.lazy(), on="image_id", how="semi").collect(engine="streaming"))
    return pl.concat(found)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        raise gone(path) from None


def _in_lists(ids: pl.Series, values: pl.DataFrame) -> pl.Series:
    """For each list of ids the list of what the second column of `values` holds for them."""
    key, value = values.columns
    each = ids.alias(key).to_frame().with_row_index("_row").explode(key, empty_as_null=True)
    found = each.join(values, on=key, how="left", maintain_order="left")
    return found.group_by("_row", maintain_order=True).agg(pl.col(value).filter(pl.col(key).is_not_null()))[value]
