"""The rows that a mix may take from builds, narrow: what decides on a row, not what it says.

Each row knows its file and its place there; questions and contexts are read when the rows are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.builds import Build
from cxdata.mix import unchecked
from cxdata.mix.config import MixConfig
from cxdata.model.errors import CxdataError

FILE: Final = "file"
PLACE: Final = "place"
COLUMNS: Final = (
    "sample_id", "source", "task", "stage", "level", "language", "answer_type", "asked_finding", "options", "answer",
    "answer_letter", "labels", "image_ids", "set_id", "study_key", "patient_key", "patient_keys", "population",
    "reference", "difficulty",
)  # fmt: skip
NAMES: Final = (
    "source", "task", "stage", "level", "answer_type", "asked_finding", "answer", "answer_letter", "set_id",
    "study_key", "patient_key", "view",
)  # fmt: skip
"""Columns whose values come again and again."""
DICOM: Final = r"\.(?:dcm|dicom)$|(?:^|/)[0-9]+(?:\.[0-9]+)+$"
"""Names of DICOM files, in small letters: by their end, or a UID and nothing else."""
DROPS: Final = {
    "language": "another language than the mix's",
    "population": "another population than the mix's",
    "reference": "a tier of labels that the mix does not take",
    "text_only": "no picture is shown",
    "boxes": "its boxes do not say which of several pictures they lie in",
    "picture_dicom_not_stored": "trainers read no DICOM: build with --images embed",
}
"""Codes of rows that are left out, beside `picture_<status>` and those of patients and balance."""


class Pool(NamedTuple):
    """Rows of the builds, the files they lie in, and how many were left out by code."""

    rows: pl.DataFrame
    files: list[Path]
    dropped: Counter[str]


def pool(builds: Sequence[Build], config: MixConfig, *, pictures: bool = False, workers: int = 1) -> Pool:
    """Every row that the mix asks for and whose pictures can be shown; splits and balance come later.

    Adds `view`, that of the first picture (null for a row without pictures), `set_rows`, how many rows its balanced set
    had, and `finding`, the one asked about or the first of the labels. Names that come again are categories,
    `patient_keys` is null where there is but one, and `image_ids` stay where `pictures` is true. Raises CxdataError
    when there is no row.
    """
    files = samples_of(builds)
    seen, dropped = _pictures(builds, workers), Counter[str]()
    sets = _set_sizes(files, config)
    found: list[pl.DataFrame] = []
    asked = 0
    for number, path in enumerate(files):  # a file at a time: only what is kept of it stays in memory
        rows = _scan(path, number).filter(_is_asked(config)).collect()
        asked += rows.height
        wanted = keep(rows, _unwanted(config), dropped).drop("language", "population", "reference")
        shown = _showable(wanted, seen, dropped).drop(() if pictures else "image_ids")
        found.append(shown.join(sets, on="set_id", how="left", maintain_order="left").select(_narrow(shown.columns)))
    if not asked:
        raise CxdataError(
            "the builds hold no row that the mix asks for", where=", ".join(str(build.home) for build in builds),
            mend=f"build sources that feed {', '.join(config.tasks or config.stages)}",
        )  # fmt: skip
    return Pool(pl.concat(found), files, dropped)


def samples_of(builds: Sequence[Build]) -> list[Path]:
    """The files of samples, in the order by which rows know theirs."""
    return [path for build in builds for path in build.shards("samples")]


def keep(rows: pl.DataFrame, code: pl.Expr, dropped: Counter[str]) -> pl.DataFrame:
    """The rows whose code is null; the others are counted by code."""
    codes = rows.select(code.alias("_code")).to_series()
    if codes.null_count() == rows.height:
        return rows
    dropped.update(dict(codes.drop_nulls().value_counts().iter_rows()))
    return rows.filter(codes.is_null())


def _narrow(columns: Sequence[str]) -> list[pl.Expr]:
    """Less memory for the same: a few bytes a name, no list where one value tells all."""
    finding = pl.coalesce("asked_finding", pl.col("labels").list.first())
    several = pl.when(pl.col("patient_keys").list.len() > 1).then("patient_keys")
    same = [name for name in columns if name not in (*NAMES, "labels", "patient_keys")]
    return [
        *map(pl.col, [*same, "set_rows"]), several.alias("patient_keys"), finding.cast(pl.Categorical).alias("finding"),
        *(pl.col(name).cast(pl.Categorical) for name in NAMES),
    ]  # fmt: skip


def _scan(path: Path, number: int) -> pl.LazyFrame:
    # texts that are no option decide on nothing: they are read when the rows are written
    answer = pl.when(pl.col("options").is_not_null()).then("answer")
    return (
        pl.scan_parquet(path, glob=False).select(COLUMNS).with_row_index(PLACE)
        .with_columns(answer.alias("answer"), pl.lit(number, pl.UInt32).alias(FILE))
    )  # fmt: skip


def _is_asked(config: MixConfig) -> pl.Expr:
    asked = pl.col("stage").is_in(config.stages)
    if config.tasks is not None:
        asked &= pl.col("task").is_in(config.tasks)
    return asked if config.sources is None else asked & pl.col("source").is_in(config.sources)


def _unwanted(config: MixConfig) -> pl.Expr:
    tests = [
        ("language", ~pl.col("language").is_in(config.languages)),
        ("population", ~pl.col("population").is_in(config.populations)),
        ("boxes", (pl.col("answer_type") == "boxes") & (pl.col("image_ids").list.len() > 1)),
        ("reference", ~pl.col("reference").is_in(config.references).fill_null(True)),
    ]
    if not config.text_only:
        tests.append(("text_only", pl.col("image_ids").list.len() == 0))
    return pl.coalesce(pl.when(test).then(pl.lit(code)) for code, test in tests)


def _set_sizes(files: Sequence[Path], config: MixConfig) -> pl.DataFrame:
    """set_id and `set_rows` of every balanced set: its rows may lie in several files."""
    in_sets = [_scan(path, 0).filter(_is_asked(config)).select("set_id").drop_nulls() for path in files]
    nothing = pl.LazyFrame(schema={"set_id": pl.String})
    return pl.concat([nothing, *in_sets]).group_by("set_id").agg(pl.len().alias("set_rows")).collect()


def _pictures(builds: Sequence[Build], workers: int) -> pl.DataFrame:
    """image_id, view and status of every picture of the builds; what no build looked at is looked at now."""
    unstored = pl.col("content_sha256").is_null() & pl.col("path").str.to_lowercase().str.contains(DICOM)
    status = pl.coalesce("seen", "status")
    told = pl.when((status == "ok") & unstored).then(pl.lit(unchecked.NOT_STORED)).otherwise(status)
    looked = {build.home: unchecked.seen(build, workers).lazy() for build in builds}
    images = [pl.scan_parquet(path, glob=False).join(looked[build.home], on="image_id", how="left")
              .select("image_id", "view", told.alias("status"))
              for build in builds for path in build.shards("images")]  # fmt: skip
    nothing = pl.LazyFrame(schema={"image_id": pl.String, "view": pl.String, "status": pl.String})
    return pl.concat([nothing, *images]).unique("image_id").collect()


def _showable(rows: pl.DataFrame, pictures: pl.DataFrame, dropped: Counter[str]) -> pl.DataFrame:
    """The rows all of whose pictures are ok, with the `view` of the first; the others are counted by its status."""
    shown = rows.lazy().with_row_index("_row").select("_row", image_id="image_ids").explode("image_id").drop_nulls()
    status = shown.join(pictures.lazy(), on="image_id", how="left", maintain_order="left")
    bad = pl.col("status").fill_null("missing").filter(pl.col("status").fill_null("missing") != "ok").sort().first()
    seen = status.group_by("_row", maintain_order=True).agg(pl.col("view").first(), status=bad)
    numbered = rows.lazy().with_row_index("_row").join(seen, on="_row", how="left", maintain_order="left").collect()
    code = pl.when(pl.col("status").is_not_null()).then(pl.concat_str(pl.lit("picture_"), "status"))
    return keep(numbered, code, dropped).drop("_row", "status")
