"""The table of CheXpert Plus: a row for each picture, with the report of its study already cut into sections.

Names, dates and numbers in the reports are surrogates that were drawn anew for each row, so that the rows of one study
differ in words that mean nothing: the text of its first picture is taken.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.chexpert.pictures import PLUS, listed
from cxdata.sources.reading import Rows, put_aside
from cxdata.sources.tables import ROW

SECTIONS: Final = {
    "section_clinical_history": "clinical_history", "section_history": "history",
    "section_comparison": "comparison", "section_findings": "findings", "section_impression": "impression",
}  # fmt: skip
# An addendum is kept apart from its report, as everywhere; it may repeat the heading of the section.
_ADDENDUM: Final = r"(?ims)^[\s*_-]*addend(?:um|a)\b.*\z"
_HEADING: Final = r"(?i)^\s*(?:findings|impression)\s*:\s*"


def plus_rows(table: pl.DataFrame) -> Rows:
    """The rows with ids, view, age and sex; those of a `deid_patient_id` that stands beside two patients are put aside.

    Readers of the real table found one number a patient; where it is not so, it cannot be known whose row it is.
    """
    kept, aside, nulled = listed(table, PLUS)
    number = pl.col("deid_patient_id")
    torn = number.is_not_null() & (pl.col("patient_id").n_unique().over("deid_patient_id") > 1)
    others = put_aside("path_to_image", kept.filter(torn).with_columns(code=pl.lit("other_patient")))
    return Rows(kept.filter(~torn), pl.concat([aside, others]), nulled)


def reports_facet(rows: pl.DataFrame, origin: pl.Expr) -> pl.DataFrame:
    """One report a study that has findings or an impression; offsets are null, since sections come apart already.

    The indication is the clinical history, else the history: no column is called so.
    """
    first = rows.sort("stem").unique("study_id", keep="first", maintain_order=True)
    texts = first.with_columns(_text(column).alias(name) for column, name in SECTIONS.items())
    has_text = pl.any_horizontal(pl.col("findings", "impression").is_not_null())
    offsets = ("findings_start", "findings_end", "impression_start", "impression_end")
    return texts.filter(has_text).select(
        "study_id", "comparison", "findings", "impression", language=pl.lit("en"),
        indication=pl.coalesce("clinical_history", "history"),
        origin_file=origin, origin_row=pl.col(ROW), **{name: pl.lit(None, pl.Int32) for name in offsets},
    )  # fmt: skip


def _text(column: str) -> pl.Expr:
    """A section, trimmed and without its own heading; null where no word is left. An addendum is cut off.

    Of the comparison a date is enough: that there was one is what it says.
    """
    text = pl.col(column).str.replace_all("\r\n?", "\n").str.replace(_ADDENDUM, "").str.replace(_HEADING, "")
    text = text.str.strip_chars()
    told = r"[A-Za-z0-9]" if column == "section_comparison" else r"[A-Za-z]{2}"
    return pl.when(text.str.contains(told)).then(text)
