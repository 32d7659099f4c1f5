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
BATCH: Final = 64  # stored pictures in memory at a time


class Shown(NamedTuple):
    """The pictures that rows show: image_id, where each lies (build, root, path), and its name in a stage folder."""

    table: pl.DataFrame
    builds: tuple[Build, ...]
    roots: tuple[dict[str, Path], ...]


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
    return Shown(table, tuple(builds), tuple(build.roots() for build in builds))


def laid_out(pictures: Shown, home: Path) -> tuple[pl.DataFrame, Counter[str]]:
    """Lay every picture below `home/images`: image_id and `place`, and how many were written, linked or copied."""
    for folder in pictures.table["name"].str.extract(r"^(.*)/").unique():
        (home / folder).mkdir(parents=True, exist_ok=True)
    names, places = dict(pictures.table.select("image_id", "name").iter_rows()), dict[str, str]()
    ways: Counter[str] = Counter()
    for image_id, content in stored(pictures):
        places[image_id] = names[image_id] + (".jpg" if content.startswith(SUFFIX_JPEG) else ".png")
        (home / places[image_id]).write_bytes(content)
        ways["stored bytes"] += 1
    for row in pictures.table.filter(~pl.col("stored")).iter_rows(named=True):
        places[row["image_id"]] = row["name"] + row["suffix"]
        ways[_link(source_of(pictures, row), home / places[row["image_id"]])] += 1
    return pl.DataFrame({"image_id": list(places), "place": list(places.values())}), ways


def stored(pictures: Shown) -> Iterator[tuple[str, bytes]]:
    """Ids and bytes of the stored pictures, few of them in memory at a time."""
    import pyarrow.parquet as pq

    for (file,), rows in pictures.table.filter("stored").partition_by("file", as_dict=True).items():
        wanted = set(rows["image_id"])
        with pq.ParquetFile(str(file), pre_buffer=False) as table:
            for batch in table.iter_batches(BATCH, columns=["image_id", "bytes"]):
                for place, image_id in enumerate(batch["image_id"].to_pylist()):
                    if image_id in wanted:
                        yield image_id, batch["bytes"][place].as_py()


def source_of(pictures: Shown, row: dict[str, object]) -> Path:
    """Where a picture lies that is not stored; `row` is one of the table."""
    number = int(str(row["build"]))
    build, root = pictures.builds[number], pictures.roots[number].get(str(row["root_id"]))
    if root is None:
        raise CxdataError(
            f"it is not known where the pictures of {build.home.name} lie", where=str(build.home),
            mend="run its `cxdata build` again, or build with --images embed",
        )  # fmt: skip
    return root / str(row["path"])


def _link(source: Path, target: Path) -> str:
    """Hard link, else symbolic link, else copy; says which."""
    if not source.is_file():
        raise gone(source)
    target.unlink(missing_ok=True)
    with suppress(OSError):
        os.link(source, target)
        return "hard links"
    with suppress(OSError):
        target.symlink_to(source.absolute())
        return "symbolic links"
    shutil.copyfile(source, target)
    return "copies"


def gone(path: Path) -> CxdataError:
    """The error of a picture that is no longer there."""
    return CxdataError(
        "a picture is no longer where the build found it", where=str(path), mend="run its `cxdata build` again"
    )
