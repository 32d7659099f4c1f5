"""The collection's manual index terms (`MeSH/major`) as findings, by the reviewed table in `mesh.yaml`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final

import polars as pl
from pydantic import BaseModel, ConfigDict

from cxdata.model.manifest import Annotator
from cxdata.model.yaml_text import parsed

PRESENT: Final = "present"
UNCERTAIN: Final = "uncertain"


class Rule(BaseModel):
    """One line of the table; see the head of `mesh.yaml`. Heads and pieces are folded (`fold`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    head: tuple[str, ...]
    any: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()

    def fits(self, head: str, pieces: frozenset[str]) -> bool:
        """Whether the rule speaks of a term with this head and these pieces after it."""
        wanted = all(not group or not pieces.isdisjoint(_folded(group)) for group in (self.any, self.also))
        return head in _folded(self.head) and wanted and pieces.isdisjoint(_folded(self.none))


class Table(BaseModel):
    """The whole of `mesh.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    no_reading: tuple[str, ...]
    doubtful: tuple[str, ...]
    weighed: tuple[tuple[str, str], ...]
    qualities: tuple[str, ...]
    rules: tuple[Rule, ...]


def fold(text: str) -> str:
    """A piece of a term without case, and with single spaces."""
    return " ".join(text.split()).casefold()


@cache
def table() -> Table:
    """The table that ships with the package."""
    return Table.model_validate(parsed(files("cxdata.sources.openi").joinpath("mesh.yaml").read_text("utf-8")))


def findings_of(term: str) -> dict[str, str]:
    """Each finding that a term speaks of, with its state (present, uncertain); empty where the table has no rule."""
    head, *rest = map(fold, term.split("/"))
    pieces = frozenset(rest)
    rules = [rule for rule in table().rules if rule.fits(head, pieces)]
    open_to = {finding: UNCERTAIN for rule in rules for finding in rule.uncertain}
    sure = UNCERTAIN if pieces & _folded(table().doubtful) else PRESENT
    return open_to | {finding: sure for rule in rules for finding in rule.present}


def gives_reading(term: str) -> bool:
    """False for what says that nobody could index the report."""
    return fold(term) not in _folded(table().no_reading)


def readings_facet(terms: pl.DataFrame, annotator: Annotator) -> pl.DataFrame:
    """One reading a study with a term that says something. Input: study_id, term, origin_file, origin_row."""
    told = terms.filter(_told(terms))
    return told.unique("study_id", keep="first", maintain_order=True).select(
        "study_id", "origin_file", "origin_row",
        image_id=pl.lit(None, pl.String), annotator=pl.lit(annotator.name),
    )  # fmt: skip


def findings_facet(terms: pl.DataFrame, annotator: Annotator) -> pl.DataFrame:
    """One row a study and finding, the first term that states it present, else the first that leaves it open.

    A term that the report weighs against another one (`weighed` of the table) leaves its findings open.
    """
    meaning = _meaning(terms["term"].unique().sort().to_list())
    rows = terms.with_row_index("nth").join(meaning, on="term")
    weighed = pl.struct("study_id", "term").is_in(_weighed(terms).implode())
    state = pl.when(weighed).then(pl.lit(UNCERTAIN)).otherwise("state").alias("state")
    rows = rows.with_columns(state).sort("state", "nth")  # present comes before uncertain
    first = rows.unique(["study_id", "finding"], keep="first", maintain_order=True)
    return first.select(
        "study_id", "finding", "state", "origin_file", "origin_row", native_label="term",
        image_id=pl.lit(None, pl.String), annotator=pl.lit(annotator.name), reference=pl.lit(annotator.reference),
    )  # fmt: skip


def _weighed(terms: pl.DataFrame) -> pl.Series:
    """The terms, as structs of study_id and term, that stand at one place with the other head of a pair."""
    names = terms["term"].unique().to_list()
    known = {
        "term": names,
        "head": [fold(name.split("/")[0]) for name in names],
        "place": [_place(name) for name in names],
    }
    placed = terms.select("study_id", "term").join(
        pl.DataFrame(known, schema=dict.fromkeys(known, pl.String)), on="term"
    )
    both = placed.join(placed, on=["study_id", "place"], suffix="_other")
    pairs = {frozenset(map(fold, pair)) for pair in table().weighed}
    sides = [(pl.col("head") == a) & (pl.col("head_other") == b) for pair in pairs for a, b in _orders(pair)]
    return both.filter(pl.any_horizontal(sides)).select(pl.struct("study_id", "term").unique()).to_series()


def _orders(pair: frozenset[str]) -> list[tuple[str, str]]:
    first, second = sorted(pair)
    return [(first, second), (second, first)]


def _place(term: str) -> str:
    """The pieces of a term that say where, in order of the alphabet."""
    return "/".join(sorted(frozenset(map(fold, term.split("/")[1:])) - _folded(table().qualities)))


def _told(terms: pl.DataFrame) -> pl.Series:
    silent = [term for term in terms["term"].unique().to_list() if not gives_reading(term)]
    return ~terms["term"].is_in(silent)


def _meaning(terms: Iterable[str]) -> pl.DataFrame:
    rows = [(term, finding, state) for term in terms for finding, state in findings_of(term).items()]
    return pl.DataFrame(rows, schema={"term": pl.String, "finding": pl.String, "state": pl.String}, orient="row")


@cache
def _folded(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold, names))
