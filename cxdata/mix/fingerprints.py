"""The fingerprints of a build's pictures, made by worker processes and remembered beside the builds.

What is remembered is found again by content: the hash of stored bytes, or place, size and time of change of a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from cxdata.build.pool import Pool
from cxdata.build.writer import write_shard
from cxdata.images.perceptual import (
    BANDS,
    VERSION,
    Fingerprint,
    check_installed,
    fingerprints_of_files,
    fingerprints_of_stored,
)

CHUNK: Final = 256
"""Pictures a worker takes at a time."""
BAND_COLUMNS: Final = tuple(f"band_{i}" for i in range(BANDS))
_LOOK: Final = {**dict.fromkeys(BAND_COLUMNS, pl.Int32()), "quality": pl.Int32()}
_KNOWN: Final = {"content": pl.String(), **_LOOK}
_OWNER: Final = ("image_id", "source", "patient_key")


def cache_folder(builds: Path) -> Path:
    """Where fingerprints of the builds in a folder are remembered: beside it, since a mix never writes below it."""
    place = builds.absolute()
    return place.with_name(f".{place.name}-fingerprints")


def fingerprints(home: Path, roots: Mapping[str, Path], cache: Path, pool: Pool) -> pl.DataFrame:
    """The pictures of a build: image_id, source, patient_key, the bands, quality (null: it cannot be read).

    Stored pictures, or files below `roots` (folder by part) that the build found to be ok; others have no row. Raises
    CxdataError where the library is missing.
    """
    check_installed()
    name = f"{home.name}-v{VERSION}.parquet"
    known = pl.read_parquet(cache / name) if (cache / name).is_file() else pl.DataFrame(schema=_KNOWN)
    seen = [_shard(path, roots, known, pool) for path in sorted((home / "images").glob("*.parquet"))]
    rows = pl.concat([pl.DataFrame(schema={**dict.fromkeys(_OWNER, pl.String()), **_KNOWN}), *seen])
    learned = rows.select(*_KNOWN).unique("content", keep="any")
    if not learned.select("content").join(known, on="content", how="anti").is_empty():
        write_shard(cache, name, learned, ["content"])
    return rows.select(*_OWNER, *_LOOK)


def _shard(shard: Path, roots: Mapping[str, Path], known: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    columns = [*_OWNER, "root_id", "path", "member", "status", "content_sha256"]
    rows = pl.scan_parquet(shard, glob=False).select(*columns, stored=pl.col("bytes").is_not_null()).collect()
    rows = rows.with_row_index("row")
    stored = rows.filter("stored").with_columns(content="content_sha256")
    files = _located(rows.filter(~pl.col("stored") & (pl.col("status") == "ok") & pl.col("member").is_null()), roots)
    looks = [_looks(_new(stored, known), pool, shard), _looks(_new(files, known), pool, None)]
    whole = pl.concat([known, *looks]).unique("content", keep="any")
    both = pl.concat([part.select(*_OWNER, "content") for part in (stored, files)])
    return both.join(whole, on="content", how="left", maintain_order="left").select(*_OWNER, *_KNOWN)


def _new(pictures: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    return pictures.join(known, on="content", how="anti").unique("content", keep="first", maintain_order=True)


def _located(files: pl.DataFrame, roots: Mapping[str, Path]) -> pl.DataFrame:
    """The rows with the file's place, `file`, and what tells its content; a file that is gone has no row."""
    found = [_signature(roots.get(root), path) for root, path in files.select("root_id", "path").iter_rows()]
    schema = {"file": pl.String, "content": pl.String}
    return files.hstack(pl.DataFrame(found, schema=schema, orient="row")).drop_nulls("file")


def _signature(root: Path | None, path: str) -> tuple[str | None, str | None]:
    if root is None:
        return None, None
    file = root / path
    try:
        stat = file.stat()
    except OSError:
        return None, None
    return str(file), f"{file} {stat.st_size} {stat.st_mtime_ns}"


def _looks(pictures: pl.DataFrame, pool: Pool, shard: Path | None) -> pl.DataFrame:
    found = _stored(pictures, pool, str(shard)) if shard is not None else _files(pictures, pool)
    rows = [(content, *(look.bands or [None] * BANDS), look.quality) for content, look in found]
    return pl.DataFrame(rows, schema=_KNOWN, orient="row")


def _files(pictures: pl.DataFrame, pool: Pool) -> Iterator[tuple[str, Fingerprint]]:
    parts = list(pictures.iter_slices(CHUNK))
    results = pool.run(fingerprints_of_files, ((part["file"].to_list(),) for part in parts))
    for part, looks in zip(parts, results, strict=True):
        yield from zip(part["content"], looks, strict=True)


def _stored(pictures: pl.DataFrame, pool: Pool, shard: str) -> Iterator[tuple[str, Fingerprint]]:
    """Whole stretches of the shard are read, those that hold a new picture."""
    parts = pictures.with_columns(start=pl.col("row") // CHUNK * CHUNK).partition_by("start", maintain_order=True)
    results = pool.run(fingerprints_of_stored, ((shard, part["start"][0], CHUNK) for part in parts))
    for part, looks in zip(parts, results, strict=True):
        yield from ((content, looks[row - part["start"][0]]) for content, row in part.select("content", "row").rows())
