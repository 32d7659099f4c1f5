"""The pictures that samples show: each once, where it lies, its size, and whether it can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.build.config import ImagesMode
from cxdata.build.pool import Pool
from cxdata.images.named import ANYWHERE, INSIDE, Places
from cxdata.images.probe import MESSAGES, Probe, how_to_unpack, probe_all

VERSION: Final = 3  # goes up whenever the same file may get another row
CHUNK: Final = 1024  # pictures a worker takes at a time
UNCHECKED: Final = "unchecked"

IMAGES: Final[dict[str, pl.DataType]] = {
    "image_id": pl.String(), "source": pl.String(), "study_key": pl.String(), "patient_key": pl.String(),
    "root_id": pl.String(), "path": pl.String(), "member": pl.String(), "bytes": pl.Binary(), "width": pl.Int32(),
    "height": pl.Int32(), "stored_width": pl.Int32(), "stored_height": pl.Int32(), "scale": pl.Float64(),
    "render_profile": pl.String(), "view": pl.String(), "status": pl.String(), "content_sha256": pl.String(),
}  # fmt: skip


SEEN: Final = {"status": pl.String(), "stored_width": pl.Int32(), "stored_height": pl.Int32()}
SHAPE_OFF: Final = 0.02  # by which width to height may differ in a copy whose size was rounded


class Pictures(NamedTuple):
    """The `images` table, the rejects of pictures that are not ok, and how many files have another size than told."""

    rows: pl.DataFrame
    rejects: pl.DataFrame
    other_sizes: dict[str, int]


def signature(pictures: pl.DataFrame, roots: dict[str, Path], mode: ImagesMode) -> list[Any]:
    """What a picture shard depends on: its located rows and, of the file of each, the size (-1: none).

    Where pictures are stored the file's time of change too. Width and height are left out: they come from the reader,
    whose key is another, or from the file. Of pictures that nobody looks at (mode none) it depends on no file.
    """
    if mode == "none":
        return [mode]
    rows = pictures.sort("image_id").select("image_id", "root_id", "path", "member", "view").rows()

    @cache  # thousands of pictures may lie in one archive
    def stamp(root: str | None, path: str) -> Any:
        size, time_ns = _stamp(roots.get(root or ""), path)
        return size if mode == "path" else [size, time_ns]

    return [mode, rows, [stamp(root, path) for _, root, path, *_ in rows]]


def has_names(pictures: pl.DataFrame) -> bool:
    """True where the path of a picture says only what it is called."""
    return bool(pictures["path"].str.starts_with(ANYWHERE).any())


def located(pictures: pl.DataFrame, places: Places) -> pl.DataFrame:
    """The rows with a path `**/name` replaced by the place where the file was found; where it was not, it stays.

    A member `**/archive::name` comes to its use where no picture of that archive lies about: the path is then the
    archive's place and the member the name inside it; elsewhere the member of such a row is null.
    """
    if not has_names(pictures):
        return pictures
    is_name = pl.col("path").str.starts_with(ANYWHERE)
    rows = pictures.with_columns(
        _archive=pl.when(is_name).then(pl.col("member").str.split(INSIDE).list.get(0)),
        _inside=pl.when(is_name).then(pl.col("member").str.split(INSIDE).list.get(1, null_on_oob=True)),
    )
    rows = _with_places(rows, "path", "_loose", places)
    # An archive of which any picture lies about has been unpacked: what is not there was not in it.
    is_unpacked = pl.col("_loose").is_not_null().any().over("root_id", "_archive")
    rows = rows.with_columns(_archive=pl.when(~is_unpacked).then("_archive"))
    rows = _with_places(rows, "_archive", "_packed", places)
    return rows.with_columns(
        path=pl.coalesce("_loose", "_packed", "path"),
        member=pl.when(~is_name).then("member").when(pl.col("_packed").is_not_null()).then("_inside"),
    ).drop("_archive", "_inside", "_loose", "_packed")


def look(pictures: pl.DataFrame, roots: dict[str, Path], mode: ImagesMode, pool: Pool) -> Pictures:
    """Check each picture (mode path) or leave it unchecked (mode none). Input: located `images` rows, source and keys.

    A path that is still `**/name` is of a picture that is not there.
    """
    ordered = pictures.sort("root_id", "image_id")
    seen = (
        pl.DataFrame(_probed(ordered, roots, pool), schema=SEEN, orient="row")
        if mode == "path"
        else _unchecked(ordered)
    )
    rows = pl.concat([ordered, seen], how="horizontal").with_columns(
        file_width="stored_width", file_height="stored_height"
    )
    framed = in_frame(rows)
    return Pictures(framed, rejects(framed), other_sizes(rows))


def in_frame(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns of `images`, from what is told (width, height) and seen (file_ and stored_ width and height).

    Boxes lie in the frame that the source's table tells, whatever copy of the picture is at hand: width and height are
    the table's, else the file's, and the scale is of what is stored to that frame.
    """
    sized = rows.with_columns(
        width=pl.coalesce("width", "file_width"), height=pl.coalesce("height", "file_height")
    ).with_columns(scale=pl.col("stored_width") / pl.col("width"))
    return sized.select(
        pl.col(name).cast(kind) if name in sized.columns else pl.lit(None, kind).alias(name)
        for name, kind in IMAGES.items()
    )


def other_sizes(rows: pl.DataFrame) -> dict[str, int]:
    """How many files have another size than the table tells (`size`), and of these another shape (`shape`)."""
    is_other = pl.any_horizontal(pl.col("width") != pl.col("file_width"), pl.col("height") != pl.col("file_height"))
    told, seen = pl.col("width") / pl.col("height"), pl.col("file_width") / pl.col("file_height")
    counts = rows.filter(pl.col("status") == "ok", is_other).select(
        size=pl.len(), shape=((seen / told - 1).abs() > SHAPE_OFF).sum()
    )
    return {name: int(count) for name, count in counts.row(0, named=True).items()}


def _with_places(rows: pl.DataFrame, column: str, new: str, places: Places) -> pl.DataFrame:
    """The rows with the place of what `column` names, null where it names nothing or nothing was found."""
    sought = rows.select("root_id", column).drop_nulls().unique()
    parts = [(part["root_id"][0], part[column].to_list()) for part in sought.partition_by("root_id")]
    found = [(root, *pair) for root, paths in parts for pair in places.found(root, paths).items()]
    table = pl.DataFrame(found, schema={"root_id": pl.String, column: pl.String, new: pl.String}, orient="row")
    return rows.join(table, on=["root_id", column], how="left", maintain_order="left")


def _unchecked(pictures: pl.DataFrame) -> pl.DataFrame:
    nothing = {name: pl.lit(None, kind) for name, kind in SEEN.items()}
    return pictures.with_columns(**{**nothing, "status": pl.lit(UNCHECKED)}).select(*SEEN)


def _probed(pictures: pl.DataFrame, roots: dict[str, Path], pool: Pool) -> Iterator[Probe]:
    for batch in pool.run(probe_all, _chunks(pictures, roots)):
        yield from batch


def _chunks(pictures: pl.DataFrame, roots: dict[str, Path]) -> Iterable[tuple[str | None, list[str], list[str | None]]]:
    for root in pictures.partition_by("root_id", maintain_order=True):
        place = roots.get(root["root_id"][0])
        folder = None if place is None else str(place)
        for part in root.iter_slices(CHUNK):
            yield folder, part["path"].to_list(), part["member"].to_list()


def _stamp(root: Path | None, path: str) -> tuple[int, int]:
    """Size and time of change; -1 and 0 for a file that is not there."""
    try:
        stat = (root / path).stat() if root is not None else None
    except OSError:
        stat = None
    return (-1, 0) if stat is None else (stat.st_size, stat.st_mtime_ns)


def rejects(rows: pl.DataFrame) -> pl.DataFrame:
    """The rejects (`source`, `file`, `key`, `stage`, `code`, `message`) of the rows of `images` that are not ok."""
    bad = rows.filter(pl.col("status").is_in(list(MESSAGES)))
    return bad.select(
        "source", file="path", key="image_id", stage=pl.lit("pictures"),
        code=pl.concat_str(pl.lit("picture_"), "status"),
        message=pl.when(pl.col("status") == "in_archive").then(_unpacking(bad)).otherwise(
            pl.col("status").replace_strict(MESSAGES, return_dtype=pl.String)
        ),
    )  # fmt: skip


def _unpacking(bad: pl.DataFrame) -> pl.Expr:
    archives = bad.filter(pl.col("status") == "in_archive")["path"].unique().to_list()
    lies = f"{MESSAGES['in_archive']}; store it with --images embed, or unpack it in the folder of the download: "
    mends = {path: lies + how_to_unpack(path) for path in archives}
    return pl.col("path").replace_strict(mends, default=None, return_dtype=pl.String)
