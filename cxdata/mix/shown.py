"""The pictures of a stage folder: each once below `images/`, or their bytes in the rows."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.builds import Build
from cxdata.model.errors import CxdataError
from cxdata.model.hashing import bucket_expr

FOLDER: Final = "images"
SIZES: Final = ("width", "height", "stored_width", "stored_height")
SUFFIX_JPEG: Final = b"\xff\xd8"
PICTURE: Final = pl.Struct({"bytes": pl.Binary(), "path": pl.String()})


class Shown(NamedTuple):
    """The pictures that rows show: image_id, where each lies (build, root, path), and its name in a stage folder."""

    table: pl.DataFrame
    builds: tuple[Build, ...]


def shown(image_ids: pl.Series, builds: Sequence[Build]) -> Shown:
    """Find the pictures. Columns of the table: image_id, build, file, root_id, path, SIZES, stored, name, suffix."""
    files = [(number, path) for number, build in enumerate(builds) for path in build.shards("images")]
    scans = [
        pl.scan_parquet(path, glob=False).select(
            "image_id", "root_id", "path", *SIZES, stored=pl.col("content_sha256").is_not_null(),
            build=pl.lit(number), file=pl.lit(str(path)),
        )
        for number, path in files
    ]  # fmt: skip
    wanted = image_ids.unique().to_frame("image_id").lazy()
    found = pl.concat(scans).join(wanted, on="image_id", how="semi").unique("image_id", keep="any")
    two_hex = bucket_expr(pl.col("image_id"), 256)
    hexes = [f"{number:02x}" for number in range(256)]
    folder = two_hex.replace_strict(range(256), hexes, return_dtype=pl.String)
    stem = pl.col("image_id").str.replace_all(r"[^A-Za-z0-9._-]", "_")
    suffix = pl.col("path").str.extract(r"(\.[A-Za-z0-9]+)$").str.to_lowercase().fill_null("")
    name = pl.concat_str(pl.lit(f"{FOLDER}/"), folder, pl.lit("/"), stem)
    table = found.with_columns(name=name, suffix=suffix).sort("image_id").collect()
    return Shown(table, tuple(builds))


def laid_out(pictures: Shown, home: Path) -> tuple[dict[str, str], Counter[str]]:
    """Lay every picture below `home/images` and say where by image id, and how many were written, linked or copied."""
    places: dict[str, str] = {}
    ways: Counter[str] = Counter()
    for ids, names, contents in _stored(pictures):
        for image_id, name, content in zip(ids, names, contents, strict=True):
            places[image_id] = name + (".jpg" if content.startswith(SUFFIX_JPEG) else ".png")
            _write(home / places[image_id], content)
            ways["stored bytes"] += 1
    for row in pictures.table.filter(~pl.col("stored")).iter_rows(named=True):
        places[row["image_id"]] = row["name"] + row["suffix"]
        ways[_link(_source(pictures, row), home / places[row["image_id"]])] += 1
    return places, ways


def contents(pictures: Shown) -> dict[str, bytes]:
    """The bytes of every picture by image id. Raises CxdataError for one that is no longer there."""
    found = {
        image_id: content for ids, _, parts in _stored(pictures) for image_id, content in zip(ids, parts, strict=True)
    }
    for row in pictures.table.filter(~pl.col("stored")).iter_rows(named=True):
        found[row["image_id"]] = _read(_source(pictures, row))
    return found


def _stored(pictures: Shown) -> Iterator[tuple[list[str], list[str], list[bytes]]]:
    """Ids, names and bytes of the stored pictures, a file of them in memory at a time."""
    for (file,), rows in pictures.table.filter("stored").partition_by("file", as_dict=True).items():
        table = pl.scan_parquet(str(file), glob=False).select("image_id", "bytes")
        held = rows.lazy().select("image_id", "name").join(table, on="image_id").sort("image_id").collect()
        yield held["image_id"].to_list(), held["name"].to_list(), held["bytes"].to_list()


def _source(pictures: Shown, row: dict[str, object]) -> Path:
    build = pictures.builds[int(str(row["build"]))]
    root = build.roots().get(str(row["root_id"]))
    if root is None:
        raise CxdataError(
            f"it is not known where the pictures of {build.home.name} lie", where=str(build.home),
            mend="run its `cxdata build` again, or build with --images embed",
        )  # fmt: skip
    return root / str(row["path"])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise _gone(path) from None


def _link(source: Path, target: Path) -> str:
    """Hard link, else symbolic link, else copy; says which."""
    if not source.is_file():
        raise _gone(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    with suppress(OSError):
        os.link(source, target)
        return "hard links"
    with suppress(OSError):
        target.symlink_to(source.absolute())
        return "symbolic links"
    shutil.copyfile(source, target)
    return "copies"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _gone(path: Path) -> CxdataError:
    return CxdataError(
        "a picture is no longer where the build found it", where=str(path), mend="run its `cxdata build` again"
    )
