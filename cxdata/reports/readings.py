"""What the reader finds in whole reports: one state a study and finding, from the sentences of both sections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import polars as pl

from cxdata.model.vocabulary import Vocabulary, vocabulary
from cxdata.reports.reader import normal_names, read_sentences
from cxdata.reports.sentences import sentences_expr

ANNOTATOR: Final = "reader"
REFERENCE: Final = "R4"
LANGUAGE: Final = "en"
SECTIONS: Final = ("findings", "impression")
CHUNK: Final = 20_000  # sentences a worker takes at a time
_COLUMNS: Final = {"sentence": pl.String, "finding": pl.String, "state": pl.String, "part": pl.Boolean}
Run = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterable[Any]]


def read_reports(reports: pl.LazyFrame, run: Run) -> pl.DataFrame:
    """The facet `findings` as the reader states it, one row a study and finding, sorted.

    In: the facet `reports`; only English is read. `run` calls a function on tuples of arguments (`Pool.run`). From the
    sentences of a study:

    - Present in one and not denied in another: present, whatever else is in doubt. Present and denied as a whole: the
      report contradicts itself, and the state is null. Else in doubt if in doubt anywhere, else absent.
    - A denial of one side, place or kind says nothing of the study and is left out.
    - A denial is left out where the report states a kind of the finding: "no focal opacity; basal atelectasis".
    - No Finding is not read: it follows from the others.
    """
    told = _sentences(reports)
    unlike = told["sentence"].unique().sort()
    tables = [pl.DataFrame(part, schema=_COLUMNS) for part in run(_read, chunks(unlike))]
    readings = pl.concat([pl.DataFrame(schema=_COLUMNS), *tables])
    rows = _settled(told.join(readings, on="sentence"), vocabulary())
    origin = reports.select("study_id", "origin_file", "origin_row").collect()
    return rows.join(origin, on="study_id", how="left").with_columns(
        image_id=pl.lit(None, pl.String), native_label=pl.col("finding"), annotator=pl.lit(ANNOTATOR),
        reference=pl.lit(REFERENCE),
    )  # fmt: skip


def _sentences(reports: pl.LazyFrame) -> pl.DataFrame:
    english = reports.filter(pl.col("language") == LANGUAGE)
    parts = [english.select("study_id", sentence=sentences_expr(section)) for section in SECTIONS]
    return pl.concat(parts).explode("sentence").drop_nulls().unique(maintain_order=True).collect()


def chunks(sentences: pl.Series) -> Iterator[tuple[list[str]]]:
    """As many sentences as a worker takes at a time, as the one argument of its function."""
    for start in range(0, sentences.len(), CHUNK):
        yield (sentences.slice(start, CHUNK).to_list(),)


def _read(sentences: list[str]) -> dict[str, list[Any]]:
    """In a worker: the readings of some sentences, as plain lists."""
    return read_sentences(pl.Series("sentence", sentences, pl.String)).select(*_COLUMNS).to_dict(as_series=False)


def _settled(readings: pl.DataFrame, known: Vocabulary) -> pl.DataFrame:
    whole = readings.filter(~(pl.col("part") & (pl.col("state") == "absent")))
    named = whole.filter(~pl.col("finding").is_in(normal_names(known)))
    states = named.group_by("study_id", "finding").agg(
        *((pl.col("state") == state).any().alias(state) for state in ("present", "uncertain", "absent"))
    )
    kept = states.join(_above(states, known), on=["study_id", "finding"], how="left").with_columns(
        absent=pl.col("absent") & pl.col("kind").is_null()
    )
    state = (
        pl.when("present", "absent").then(None).when("present").then(pl.lit("present"))
        .when("uncertain").then(pl.lit("uncertain")).otherwise(pl.lit("absent"))
    )  # fmt: skip
    told = kept.filter(pl.any_horizontal("present", "uncertain", "absent"))
    return told.select("study_id", "finding", state=state).sort("study_id", "finding")


def _above(states: pl.DataFrame, known: Vocabulary) -> pl.DataFrame:
    """The ancestors of what each study has present or in doubt, with the mark `kind`."""
    pairs = [(child, parent) for child in known.names for parent in sorted(known.ancestors(child))]
    table = pl.DataFrame(pairs, schema={"finding": pl.String, "above": pl.String}, orient="row")
    open_ones = states.filter(pl.col("present") | pl.col("uncertain")).select("study_id", "finding")
    above = open_ones.join(table, on="finding").select("study_id", finding="above").unique()
    return above.with_columns(kind=pl.lit(True))
