"""Studies whose pictures and texts are crossed: sets in which every text is false of every other picture.

Two studies contradict each other where a finding is stated present in one and stated absent in the other, and both
texts speak of it. A set holds studies of one source, split, view and age band, of different patients, with texts of
about the same length, no two alike; every study stands in one set at most. A set of two has a finding present and
absent. A set of four has a first finding present; the first absent and a second present; both absent and a third
present; all three absent: any two of its studies contradict each other.

Stated absent is what an annotator states, not blocked by a relative (`model/states.py`); and, in train, a salient
finding of a study whose label is No Finding, where the text speaks of it: a normal report that names the effusion
denies it. Candidates are taken by hash from the whole split, length class by length class, the rarest contradictions
first.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.model.states import BLOCKED, Effective
from cxdata.reports.mentions import speaks_of_expr
from cxdata.reports.neutral import TARGETS, same_text_expr, with_neutral_text
from cxdata.tasks.judged import askable, state_is

if TYPE_CHECKING:
    from cxdata.tasks.base import Material

Choice = tuple[str, ...]

AGE_BANDS: Final = (2, 6, 12, 18, 40, 60, 80)  # years; children grow, so their bands are narrow
FEWEST_WORDS: Final = 6
LONGER: Final = (6, 5)  # the longest text of a set is at most 6/5 of the shortest, in characters
MOST_FINDINGS: Final = 16  # sets of four are made of these many findings, the ones most often stated both ways
BEST: Final = 4  # for each finding, the choices of findings with it that are tried: those with the most studies
LENGTH_CLASSES: Final = 128  # more than a text has: 6/5 to this power is beyond any length
SAYS: Final = "says:"
MEMBERS: Final = ("first", "second", "third", "fourth")
_SHIFTS: Final = (0.0, 0.5, 0.25, 0.75)  # length classes, and again with their edges moved for those left over
_STRATUM: Final = ("split", "split_official", "view", "age_band")


def crossable(material: Material) -> pl.DataFrame:
    """One row a study whose text may be crossed with other pictures, in the order in which sets take them.

    Columns: study_id, patient_id, origin_file, origin_row (of the report), reference, text, length (in
    characters), stratum (equal where studies may stand in one set), index, and `says:F` for each finding that a picture
    can show: true present, false absent, null neither, or not spoken of.
    """
    findings = [*askable(material, "finding"), *askable(material, "device")]
    studies = material.judged.lazy().join(_texts(material), on="study_id").join(_age_bands(material), on="study_id")
    said = studies.with_columns(_says(material, finding, findings) for finding in findings)
    order = hash_expr(material.seed, pl.col("study_id"), "crossed texts")
    rows = _only_spoken_of(said, findings, material).select(
        "study_id", "patient_id", "text_file", "text_row", "reference", "text", *_STRATUM,
        *(SAYS + finding for finding in findings), order=order, same=same_text_expr("text"),
    ).sort("order", "study_id").unique("same", keep="first", maintain_order=True).collect().lazy()  # fmt: skip
    strata = rows.select(_STRATUM).unique().sort(_STRATUM, nulls_last=True).with_row_index("stratum")
    return (
        rows.join(strata, on=_STRATUM, how="left", nulls_equal=True, maintain_order="left")
        .select("study_id", "patient_id", "text_file", "text_row", "reference", "text", "stratum",
                *(SAYS + finding for finding in findings), length=pl.col("text").str.len_chars())
        .rename({"text_file": "origin_file", "text_row": "origin_row"}).with_row_index().collect()
    )  # fmt: skip


def pairs(pool: pl.DataFrame) -> pl.DataFrame:
    """Sets of two: a row each with `first` and `second`, indices of `pool`."""
    return _sets(pool, 1)


def quadruples(pool: pl.DataFrame) -> pl.DataFrame:
    """Sets of four: a row each with `first` to `fourth`, indices of `pool`."""
    return _sets(pool, 3)


def _texts(material: Material) -> pl.LazyFrame:
    targets = material.targets.lazy().select("study_id", *TARGETS, text_file="origin_file", text_row="origin_row")
    rows = with_neutral_text(targets, "text").drop(TARGETS)
    return rows.filter(pl.col("text").str.count_matches(r"\S+") >= FEWEST_WORDS)


def _age_bands(material: Material) -> pl.LazyFrame:
    band = pl.sum_horizontal((pl.col("age") >= years).cast(pl.Int8) for years in AGE_BANDS)
    known = pl.when(pl.col("age").is_not_null()).then(band)
    return material.facets["studies"].select("study_id", age_band=known)


def _says(material: Material, finding: str, findings: list[str]) -> pl.Expr:
    normal = state_is(finding, Effective.IMPLIED_ABSENT_NO_FINDING) & (pl.col("split") == "train")
    absent = (state_is(finding, Effective.ABSENT) & ~pl.col(BLOCKED + finding)) | normal
    return (
        pl.when(state_is(finding, Effective.PRESENT)).then(pl.lit(True)).when(absent).then(pl.lit(False))
        .alias(SAYS + finding)
    )  # fmt: skip


def _only_spoken_of(rows: pl.LazyFrame, findings: list[str], material: Material) -> pl.LazyFrame:
    """The rows with `says:F` null where the text does not speak of F; texts of the others are not searched."""
    kept = []
    for finding in findings:
        text = pl.when(pl.col(SAYS + finding).is_not_null()).then("text")
        spoken = speaks_of_expr(text, finding, material.vocabulary)
        kept.append(pl.when(spoken).then(pl.col(SAYS + finding)).alias(SAYS + finding))
    return rows.with_columns(kept)


def _sets(pool: pl.DataFrame, findings_a_set: int) -> pl.DataFrame:
    members = MEMBERS[: findings_a_set + 1]
    says = [name for name in pool.columns if name.startswith(SAYS)]
    free = pool.select("index", "stratum", "length", *says, patient=pl.col("patient_id").rank("dense"))
    found = [pl.DataFrame(schema=dict.fromkeys(members, pl.UInt32()))]
    for shift in _SHIFTS:
        free = free.with_columns(cell=_cell(shift))
        for chosen in _choices(free, findings_a_set):
            drawn = _drawn(free, _kind(chosen), members)
            if drawn.height:
                found.append(drawn)
                taken = pl.concat([drawn[member] for member in members])
                free = free.filter(~pl.col("index").is_in(taken.implode()))
    return pl.concat(found)


def _kind(chosen: Sequence[str]) -> pl.Expr:
    """How many findings are absent before the first one present: 0 to their number; null where one is not stated."""
    kind = pl.lit(len(chosen), pl.UInt8)
    for place, finding in reversed(list(enumerate(chosen))):
        says = pl.col(SAYS + finding)
        kind = pl.when(says).then(pl.lit(place, pl.UInt8)).when(~says).then(kind)
    return kind


def _choices(pool: pl.DataFrame, findings_a_set: int) -> list[Choice]:
    """The findings to make sets of: of each finding the best choices that hold it, the rarest ones first."""
    findings = [name.removeprefix(SAYS) for name in pool.columns if name.startswith(SAYS)]
    present = {finding: _bits(pool[SAYS + finding].fill_null(False)) for finding in findings}
    absent = {finding: _bits(~pool[SAYS + finding].fill_null(True)) for finding in findings}
    often: dict[Choice, int] = {(f,): min(present[f].bit_count(), absent[f].bit_count()) for f in findings}
    if findings_a_set == 1:
        return sorted((chosen for chosen in often if often[chosen]), key=lambda chosen: (often[chosen], chosen))
    usual = sorted(often, key=lambda chosen: (-often[chosen], chosen))[:MOST_FINDINGS]
    names = sorted(finding for (finding,) in usual)
    many = dict(_sets_at_most(names, findings_a_set, present, absent))
    best = sorted(many, key=lambda chosen: (-many[chosen], chosen))
    tried = {chosen for (f,) in usual for chosen in islice((each for each in best if f in each), BEST)}
    return sorted(tried, key=lambda chosen: (many[chosen], chosen))


def _bits(flags: pl.Series) -> int:
    """The flags as the bits of one number: thousands of combinations are counted in milliseconds."""
    packed = flags.rechunk().to_arrow().buffers()[1]  # as Arrow lays them out; what follows the last one is not said
    return int.from_bytes(packed, "little") & ((1 << flags.len()) - 1)


def _sets_at_most(
    names: Sequence[str], number: int, present: Mapping[str, int], absent: Mapping[str, int],
    chosen: Choice = (), so_far: int = -1, fewest: int = sys.maxsize,
) -> Iterator[tuple[Choice, int]]:  # fmt: skip
    """Every choice of so many names of which each kind has a study, and how many studies its rarest kind has.

    `so_far` are the studies in which all that is chosen is absent, `fewest` the studies of the rarest kind among them.
    """
    if len(chosen) == number:
        sets = min(fewest, so_far.bit_count())
        yield from [(chosen, sets)] if sets else []
        return
    for name in names:
        few = min(fewest, (so_far & present[name]).bit_count())
        if few and name not in chosen:
            rest = so_far & absent[name]
            yield from _sets_at_most(names, number, present, absent, (*chosen, name), rest, few)


def _cell(shift: float) -> pl.Expr:
    """Equal where studies are of one stratum and one class of length."""
    longest, shortest = LONGER
    # edges in whole characters: no machine's logarithm decides where a text stands
    edges = [math.ceil((longest / shortest) ** (nth - shift)) for nth in range(1, LENGTH_CLASSES)]
    length_class = pl.lit(pl.Series(edges, dtype=pl.UInt64)).search_sorted(pl.col("length").cast(pl.UInt64), "right")
    return pl.col("stratum").cast(pl.UInt32) * LENGTH_CLASSES + length_class.cast(pl.UInt32)


def _drawn(free: pl.DataFrame, kind: pl.Expr, members: Sequence[str]) -> pl.DataFrame:
    """Sets of one study of each kind, in the order of the pool, within a stratum and a class of length."""
    longest, shortest = LONGER
    told = free.lazy().select("index", "patient", "cell", "length", kind=kind).drop_nulls("kind").collect().lazy()
    # most cells lack a study of the rarest kind: they cost no more
    able = told.group_by("cell").agg(pl.col("kind").n_unique()).filter(pl.col("kind") == len(members))
    rows = told.join(able, on="cell", how="semi", maintain_order="left")
    rows = rows.with_columns(nth=pl.int_range(pl.len()).over("cell", "kind"))
    full = rows.filter(pl.len().over("cell", "nth") == len(members))  # most have no study of the rarest kind left
    sets = full.group_by("cell", "nth").agg(
        pl.col("index").sort_by("kind"), patients=pl.col("patient").n_unique(),
        even=pl.col("length").max() * shortest <= pl.col("length").min() * longest,
    )  # fmt: skip
    whole = sets.filter(pl.col("patients") == len(members), "even")
    named = whole.select(pl.col("index").list.get(i).alias(name) for i, name in enumerate(members))
    return named.collect().sort(members)
