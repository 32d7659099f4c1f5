"""Rows of a stage folder: everything but their pictures in memory, the pictures read when they are asked for."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from cxdata.model.errors import CxdataError
from cxdata.model.vocabulary import vocabulary
from cxmind_train.config import Filter
from cxmind_train.data.folder import Split, StageFolder

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGES: Final = "images"
GREY: Final = 128
GROUPS_KEPT: Final = 2  # row groups whose pictures are in memory; rows are read in order, so that one would do
COLUMNS: Final = (
    "problem", "answer", "sample_id", "source", "task", "stage", "level", "difficulty", "curriculum_order",
    "patient_keys", "split", "label_policy", "reference", "reward", "gold_kind", "scored_labels", "ignored_labels",
    "restricted",
)  # fmt: skip
ADDED: Final = {
    "view": pl.String(), "sex": pl.String(), "age_band": pl.String(), "support_devices": pl.String(),
    "gold_basis": pl.List(pl.String()),
}  # fmt: skip
"""Columns that earlier folders lack; unknown there."""


class Rows:
    """Rows of one split in the order of the folder. `frame` has COLUMNS, ADDED, `finding` and where each row lies."""

    def __init__(self, folder: StageFolder, split: Split, frame: pl.DataFrame, files: Sequence[Path]) -> None:
        self.folder = folder
        self.split = split
        self.frame = frame
        self._files = files
        self._sizes: dict[Path | None, tuple[int, int]] = {}
        self._groups: OrderedDict[tuple[int, int], list[Any]] = OrderedDict()

    def __len__(self) -> int:
        return self.frame.height

    def take(self, frame: pl.DataFrame) -> Rows:
        """The same with fewer rows: `frame` is a part of this one's."""
        return Rows(self.folder, self.split, frame, self._files)

    def contents(self, row: int) -> list[bytes]:
        """The bytes of the pictures of a row, in order. Raises CxdataError for one that is not there."""
        file, group, place = self.frame.row(row)[-3:]
        return [self._content(one) for one in self._group(file, group)[place]]

    def pictures(self, row: int) -> list[Image]:
        """The pictures of a row, opened and not yet decoded."""
        from PIL import Image

        return [Image.open(io.BytesIO(content)) for content in self.contents(row)]

    def sizes(self, row: int) -> list[tuple[int, int]]:
        """Width and height of the pictures of a row; of files the head alone is read."""
        from PIL import Image

        file, group, place = self.frame.row(row)[-3:]
        found = []
        for one in self._group(file, group)[place]:
            held = _embedded(one)
            path = None if held is not None else self._path(one)
            if path is None or path not in self._sizes:
                with Image.open(io.BytesIO(held)) if held is not None else _opened(path) as picture:
                    self._sizes[path] = picture.size
            found.append(self._sizes[path])
        return found

    def _group(self, file: int, group: int) -> list[Any]:
        key = (file, group)
        if key not in self._groups:
            import pyarrow.parquet as pq

            with pq.ParquetFile(self._files[file]) as held:
                self._groups[key] = held.read_row_group(group, columns=[IMAGES]).column(IMAGES).to_pylist()
            while len(self._groups) > GROUPS_KEPT:
                self._groups.popitem(last=False)
        self._groups.move_to_end(key)
        return self._groups[key]

    def _content(self, picture: Any) -> bytes:
        held = _embedded(picture)
        if held is not None:
            return held
        path = self._path(picture)
        try:
            return path.read_bytes()
        except OSError:
            raise _gone(path) from None

    def _path(self, picture: Any) -> Path:
        name = picture if isinstance(picture, str) else picture.get("image") or picture.get("path")
        path = PurePosixPath(str(name))
        if path.is_absolute() or ".." in path.parts:
            raise CxdataError("a picture's path leaves the stage folder", where=str(self.folder.home), mend="mix anew")
        return self.folder.home / path


def read_rows(folder: StageFolder, split: Split) -> Rows:
    """All rows of a split. Raises CxdataError where there is none, or a file is none of a stage folder's."""
    files = folder.files(split)
    parts = [_read(path, number) for number, path in enumerate(files)]
    if not parts or not sum(part.height for part in parts):
        where = str(folder.home / split)
        raise CxdataError(f"the stage folder has no row in {split}", where=where, mend="mix more sources or patients")
    return Rows(folder, split, pl.concat(parts), files)


def chosen(rows: Rows, by: Filter | tuple[Filter, ...], most: int | None = None) -> Rows:
    """The rows that one of the filters takes, the first `most` of them. Raises CxdataError where there is none."""
    filters = by if isinstance(by, tuple) else (by,)
    frame = rows.frame.filter(pl.any_horizontal(_taken(one) for one in filters))
    if frame.is_empty():
        told = " or ".join(
            ", ".join(f"{key} {value}" for key, value in one.model_dump(exclude_none=True).items()) for one in filters
        )
        raise CxdataError(
            f"no row of {rows.split} is left: {told}", where=str(rows.folder.home),
            mend="mix more patients, or another data.filter (--set data.filter.findings=[...])",
        )  # fmt: skip
    return rows.take(frame.head(most) if most else frame)


def _read(path: Path, number: int) -> pl.DataFrame:
    import pyarrow.parquet as pq

    scan = pl.scan_parquet(path, glob=False)
    names = scan.collect_schema().names()
    gone = [name for name in (*COLUMNS, IMAGES) if name not in names]
    if gone:
        raise CxdataError(f"columns are missing: {', '.join(gone)}", where=str(path), mend="mix anew")
    later = [
        pl.col(name) if name in names else pl.lit(None, kind).alias(name) for name, kind in ADDED.items()
    ]  # fmt: skip
    frame = scan.select(*COLUMNS, *later).collect()
    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    group = [index for index, size in enumerate(sizes) for _ in range(size)]
    place = [index for size in sizes for index in range(size)]
    where = pl.DataFrame({"group": group, "place": place}, schema={"group": pl.Int32, "place": pl.Int32})
    return frame.with_columns(_finding(), file=pl.lit(number, pl.Int32)).hstack(where)


def _embedded(picture: Any) -> bytes | None:
    held = picture.get("bytes") if isinstance(picture, dict) else None
    return None if held is None else bytes(held)


def _opened(path: Path | None) -> Image:
    from PIL import Image

    try:
        return Image.open(str(path))
    except OSError:
        raise _gone(path) from None


def _gone(path: Path | None) -> CxdataError:
    return CxdataError("a picture of the stage folder cannot be read", where=str(path), mend="mix anew")


def _finding() -> pl.Expr:
    """The finding that a row asks about, by the end of its sample_id; null where it asks about none or several."""
    slugs = {vocabulary().slug(name): name for name in vocabulary().names}
    slug = pl.col("sample_id").str.extract(r":([a-z0-9-]+)$")
    return slug.replace_strict(list(slugs), list(slugs.values()), default=None).alias("finding")


def grey(picture: Image) -> Image:
    """Grey all over, of the same size: what a picture is replaced by in a control."""
    from PIL import Image

    return Image.new("L", picture.size, GREY)


def _taken(by: Filter) -> pl.Expr:
    fits = pl.all_horizontal(_conditions(by))
    return fits if by.most is None else fits & (fits.cum_sum() <= by.most)


def _conditions(by: Filter) -> list[pl.Expr]:
    of = {"task": by.tasks, "finding": by.findings, "source": by.sources, "level": by.levels}
    conditions = [pl.col(name).is_in(list(values)) for name, values in of.items() if values is not None]
    if by.gold is not None:
        conditions.append(pl.col("gold_kind") == by.gold)
    if by.contains is not None:
        conditions.append(pl.col("problem").str.contains(by.contains, literal=True))
    return conditions or [pl.lit(value=True)]
