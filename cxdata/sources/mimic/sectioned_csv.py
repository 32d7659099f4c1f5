"""A prebuilt `mimic_cxr_sectioned.csv`: sections that the user made with MIT-LCP's or another project's script.

Header forms seen (the MIMIC-CXR sheet, 3.6): MIT-LCP (`study,impression,findings,last_paragraph,comparison`),
CheXagent's with `indication`, Libra's with `history`, `technique` and `examination`, RaDialog's with a row for each
picture and `Note_file` in place of `study`, and the two-column file of conclusions without a header. Columns are read
by name, in any order; files may be gzipped, begin with a byte order mark and end their lines either way.

`last_paragraph` is findings, and only where a row has neither findings nor an impression: the rule
`unheaded_text_is_findings` of `cxdata.reports.sections`. The header-less file's conclusion is an impression.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.errors import CxdataError, Where
from cxdata.model.facets import conform
from cxdata.sources.mimic.texts import MESSAGES as TEXT_MESSAGES
from cxdata.sources.mimic.texts import special_studies

VERSION: Final = 1
REJECTS: Final = {"key": pl.String(), "code": pl.String(), "message": pl.String()}
MESSAGES: Final = {
    "bad_id": "no study number (s5…, eight digits) in the row",
    "report_empty": "neither findings, impression nor a last paragraph in the row",
    "report_no_text": TEXT_MESSAGES["report_no_text"],
    "duplicate_row": "the same text of the same study stands in an earlier row",
    "conflicting_row": "an earlier row of the same study holds another text",
}
"""What each reject code of a row means."""

MEND: Final = "make it again with mimic-code's create_section_files.py, or let cxdata read mimic-cxr-reports.zip itself"
_STUDY_NAMES: Final = ("study", "study_id", "note_file")
_SECTIONS: Final = ("indication", "history", "comparison", "findings", "impression", "last_paragraph")
_TEXTS: Final = ("indication", "comparison", "findings", "impression")
_STUDY_PATTERN: Final = r"(?:^|[/\\s])(5\d{7})(?:\.txt)?$"
_TEMPLATE: Final = r"^(?:<[A-Za-z][^<>\n]*>[\s,.;/]*)+$"


class Sectioned(NamedTuple):
    """The reports facet's table, and the rows that gave none: key (study, else `row N`), code, message."""

    reports: pl.DataFrame
    rejects: pl.DataFrame


def read_sectioned(path: Path, origin_file: str | None = None) -> Sectioned:
    """Reports of a sectioned csv, each row used or rejected once; rows name `origin_file`, by default the file's name.

    Offsets are null: the file does not hold the texts. Raises CxdataError naming the file when it cannot be read as
    UTF-8 csv, has rows wider than its header, or none of the known headers.
    """
    rows = _named(_table(path), path).with_row_index("origin_row", offset=1)
    judged = rows.with_columns(_code()).with_columns(_repeat_code())
    return Sectioned(_reports(judged, origin_file or path.name), _rejects(judged))


def _table(path: Path) -> pl.DataFrame:
    """All cells as text; the header-less form gets the names study and impression."""
    try:
        bare = _first_row(path)
        headerless = len(bare) == 2 and pl.Series(bare[:1]).str.contains(_STUDY_PATTERN)[0]
        frame = pl.read_csv(
            path,
            has_header=not headerless,
            new_columns=["study", "impression"] if headerless else None,
            infer_schema=False,
        )
    except (pl.exceptions.PolarsError, OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        what = f"{path.name} cannot be read as a UTF-8 csv"
        raise CxdataError(what, where=Where("mimic", str(path)), mend=MEND) from error
    return frame


def _first_row(path: Path) -> list[str]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig", newline="") as stream:
        return next(csv.reader(stream), [])


def _named(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Columns study and the sections, absent ones as nulls; cells trimmed, empty ones and unfilled templates null."""
    names = {name.lstrip("\ufeff").strip().lower(): name for name in reversed(frame.columns)}
    study = next((names[name] for name in _STUDY_NAMES if name in names), None)
    if study is None or not {"findings", "impression"} & set(names):
        raise CxdataError(
            f"{path.name} has none of the known headers: study (or Note_file) and findings or impression",
            where=Where("mimic", str(path)),
            mend=MEND,
        )
    number = pl.col(study).str.strip_chars().str.extract(_STUDY_PATTERN)
    return frame.select(
        (pl.lit("s") + number).alias("study_id"),
        *((_cell(names[name]) if name in names else pl.lit(None, pl.String)).alias(name) for name in _SECTIONS),
    ).with_columns(_indication(), _findings())


def _cell(name: str) -> pl.Expr:
    text = pl.col(name).str.replace_all("\r\n?", "\n").str.strip_chars()
    return pl.when((text != "") & ~text.str.contains(_TEMPLATE)).then(text)


def _indication() -> pl.Expr:
    joined = pl.concat_str("indication", "history", separator="\n\n", ignore_nulls=True)
    return pl.when(joined != "").then(joined).alias("indication")


def _findings() -> pl.Expr:
    bare = pl.col("findings").is_null() & pl.col("impression").is_null()
    return pl.when(bare).then("last_paragraph").otherwise("findings").alias("findings")


def _code() -> pl.Expr:
    """Why a row by itself cannot be used; null when it can."""
    silent = [f"s{study}" for study, known in special_studies().items() if known == (0, 0)]
    return (
        pl.when(pl.col("study_id").is_null())
        .then(pl.lit("bad_id"))
        .when(pl.col("study_id").is_in(silent))
        .then(pl.lit("report_no_text"))
        .when(pl.col("findings").is_null() & pl.col("impression").is_null())
        .then(pl.lit("report_empty"))
        .alias("code")
    )


def _repeat_code() -> pl.Expr:
    """The code, and for usable rows of a study after its first: duplicate_row or conflicting_row."""
    fresh, group = pl.col("code").is_null(), ("study_id", pl.col("code").is_null())
    later = fresh & (pl.col("origin_row") > pl.col("origin_row").min().over(*group))
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).first().over(*group)) for name in _TEXTS)
    repeat = pl.when(same).then(pl.lit("duplicate_row")).otherwise(pl.lit("conflicting_row"))
    return pl.when(later).then(repeat).otherwise("code").alias("code")


def _reports(judged: pl.DataFrame, origin_file: str) -> pl.DataFrame:
    offsets = ("findings_start", "findings_end", "impression_start", "impression_end")
    return conform(
        "reports",
        judged.filter(pl.col("code").is_null()).with_columns(
            *(pl.lit(None, pl.Int32).alias(name) for name in offsets),
            language=pl.lit("en"),
            origin_file=pl.lit(origin_file),
        ),
    )


def _rejects(judged: pl.DataFrame) -> pl.DataFrame:
    row = pl.format("row {}", "origin_row")
    return judged.filter(pl.col("code").is_not_null()).select(
        pl.coalesce(pl.col("study_id") + pl.lit(" ") + row, row).alias("key"),
        "code",
        pl.col("code").replace_strict(MESSAGES, return_dtype=pl.String).alias("message"),
    )
