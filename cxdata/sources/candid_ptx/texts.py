"""Reports of CANDID-PTX: free text of one body, often without headings, with a sign-off and marks for names.

The body is what the report concludes, and stands as its impression; where a comment or conclusion follows under a
heading of its own, that is the impression and the body its findings.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from cxdata.reports.sections import Report, normalise, section
from cxdata.sources.tables import ROW

MARK: Final = "___"
"""What stands for a name or a number that was taken out, as in other sources: sentences with it are no targets."""
_TOKENS: Final = re.compile(r"!+[A-Z][A-Z_ ]*!+|<[#]+>|<[A-Z][A-Z_ ]*>")
_SIGNED: Final = re.compile(
    r"(?im)^[ \t]*(?:(?:transcribed|reported|dictated|typed|verified|authori[sz]ed|electronically signed|signed)\b"
    r"(?=[^\n]*(?:\bby\b|\bin consultation\b|:))|(?:dr|doctor)\.?[ \t]+___).*\Z",
    re.DOTALL,
)
_END: Final = r"[ \t]*(?::|$)"
_HEADINGS: Final = (
    # words of this hospital's headings, and the usual ones that they stand for
    (rf"(?im)^[ \t]*clinical (?:data|details|notes|history|information|indication){_END}", "INDICATION:"),
    (rf"(?im)^[ \t]*(?:medical |clinical )?question{_END}", "INDICATION:"),
    (rf"(?im)^[ \t]*(?:comments?|opinion|conclusions?|summary|impression){_END}", "IMPRESSION:"),
    (rf"(?im)^[ \t]*(?:findings|report){_END}", "FINDINGS:"),
)  # fmt: skip
_TEXTS: Final = ("indication", "comparison", "findings", "impression")
_SCHEMA: Final = {"report": pl.String(), **dict.fromkeys(_TEXTS, pl.String())}


def reports_facet(rows: pl.DataFrame, origin: pl.Expr) -> pl.DataFrame:
    """The `reports` facet, one a study whose rows give one text; offsets are null, for marks and headings were changed.

    A text that holds no word beside its headings gives no report.
    """
    told = rows.drop_nulls("report").sort(ROW)
    told = told.filter(pl.col("report").n_unique().over("study_id") == 1)
    first = told.unique("study_id", keep="first", maintain_order=True)
    texts = first["report"].unique(maintain_order=True)
    cut = pl.DataFrame([(one, *sections(one)) for one in texts], schema=_SCHEMA, orient="row")
    found = first.select("study_id", ROW, "report").join(cut, on="report", how="left", maintain_order="left")
    offsets = ("findings_start", "findings_end", "impression_start", "impression_end")
    return found.filter(pl.col("impression").is_not_null()).select(
        "study_id", *_TEXTS, language=pl.lit("en"), origin_file=origin, origin_row=pl.col(ROW),
        **{name: pl.lit(None, pl.Int32) for name in offsets},
    )  # fmt: skip


def sections(text: str) -> tuple[str | None, str | None, str | None, str | None]:
    """Indication, comparison, findings and impression of a report; findings only beside an impression of its own."""
    told = _TOKENS.sub(MARK, normalise(text))
    told = _SIGNED.sub("", told)
    for heading, usual in _HEADINGS:
        told = re.sub(heading, usual, told)
    report: Report = section(told)
    if report.impression is None:
        return report.indication, report.comparison, None, report.findings
    return report.indication, report.comparison, report.findings, report.impression
