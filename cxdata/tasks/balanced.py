"""Balanced sets: one option set asked of four studies, with each option the key of one of them.

The four are of one stratum (split, official split, view and population; and source, as all rows here), each has its own
key and may have the other three denied. Whoever does not look at the picture is right in a quarter of the rows.

Rows alike in stratum, key and what they may have denied form a pattern, of which there are few. How many rows of a
pattern go to an option set is worked out on the patterns: the option set that most rows fit comes first, and the rows
that fit the fewest option sets are used first. That depends on no seed. In a first and a second pass each option set
gets half of what it could have, so that many of them come into use; in the last all. Which rows of a pattern these are,
and which four meet in a set, is chosen by hash.

Here a finding that is not mentioned stands beside those stated absent wherever the policy lets it be denied at all:
four studies seldom have the same stated absences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.model.vocabulary import Vocabulary

STRATUM: Final = ("split", "split_official", "view", "population")
SLOTS: Final = ("first", "second", "third")
OPTIONS: Final = 4
PASSES: Final = 3
MOST_NAMES: Final = 14  # of a stratum: 1,001 option sets at most
_MAY: Final = "may:"
_PLACED: Final = {"row": pl.UInt32(), **dict.fromkeys(SLOTS, pl.UInt8()), "set_id": pl.String()}
_EACH: Final = {"option": pl.UInt32(), "key": pl.UInt8(), "need": pl.UInt32(), **dict.fromkeys(SLOTS, pl.UInt8())}


def balanced(
    rows: pl.DataFrame, names: Sequence[str], vocabulary: Vocabulary, seed: int, may: Callable[[str], pl.Expr]
) -> pl.DataFrame:
    """The rows with the slots (indices into `names`) and `set_id`, all null where a row found no place in a set.

    In: one row a question with sample_id, `key` (index into `names`), the columns of STRATUM and those that `may(F)`,
    true where F may be a distractor, reads. A set has the id of its first row by sample_id.
    """
    numbered = rows.with_row_index("row")
    lean = numbered.select(
        "row", "sample_id", "key", *STRATUM, *(may(name).fill_null(False).alias(_MAY + name) for name in names),
        place=hash_expr(seed, pl.col("sample_id"), "place in set"),
    )  # fmt: skip
    found = [_within(part, names, vocabulary) for part in lean.partition_by(STRATUM, include_key=False)]
    placed = pl.concat([pl.DataFrame(schema=_PLACED), *found])
    return numbered.join(placed, on="row", how="left", maintain_order="left").drop("row")


def _within(rows: pl.DataFrame, names: Sequence[str], vocabulary: Vocabulary) -> pl.DataFrame:
    """The rows of one stratum that find a place: the columns of _PLACED."""
    free = _candidates(rows, names)
    each = _option_sets(free, names, vocabulary)
    if each.is_empty():
        return pl.DataFrame(schema=_PLACED)
    masked = rows.select("row", "sample_id", "key", "place", mask=_mask(free, names))
    patterns = masked.group_by("key", "mask").len("rows").sort("key", "mask").with_row_index("pattern")
    fits = patterns.join(each, on="key").filter(pl.col("mask") & pl.col("need") == pl.col("need"))
    plan = _plan(fits, patterns["rows"].to_list())
    return _placed(masked.join(patterns, on=["key", "mask"]), plan, each)


def _candidates(rows: pl.DataFrame, names: Sequence[str]) -> list[int]:
    """The names that may stand in a set, those of most sets first: each needs a row with that key, and three without.

    More than MOST_NAMES would make too many option sets; then the rarest stay out.
    """
    keyed = dict(rows.group_by("key").len().iter_rows())
    denied = rows.select(pl.col(_MAY + name).sum() for name in names).row(0) if rows.height else ()
    most = {i: min(keyed.get(i, 0), int(n) // (OPTIONS - 1)) for i, n in enumerate(denied)}
    able = sorted((i for i, n in most.items() if n), key=lambda i: (-most[i], i))
    return able[:MOST_NAMES]


def _option_sets(free: Sequence[int], names: Sequence[str], vocabulary: Vocabulary) -> pl.DataFrame:
    """One row an option set and key in it: the mask that a row with that key needs, and the other three as slots."""
    related = {
        (a, b) for a, b in combinations(free, 2) if vocabulary.related(names[a], names[b])
    }  # fmt: skip
    four = (options for options in combinations(free, OPTIONS) if related.isdisjoint(combinations(options, 2)))
    bit = {i: 1 << place for place, i in enumerate(free)}
    told = []
    for number, options in enumerate(four):
        for key in options:
            others = [i for i in options if i != key]
            told.append((number, key, sum(bit[i] for i in others), *others))
    return pl.DataFrame(told, schema=_EACH, orient="row")


def _mask(free: Sequence[int], names: Sequence[str]) -> pl.Expr:
    bits = [pl.col(_MAY + names[i]).cast(pl.UInt32) * (1 << place) for place, i in enumerate(free)]
    return pl.sum_horizontal(bits).cast(pl.UInt32)


def _plan(fits: pl.DataFrame, left: list[int]) -> pl.DataFrame:
    """How many rows of each pattern go to each option set: pattern, option, rows. `left` are the rows by pattern."""
    supply = _supply(fits)
    taken: Counter[tuple[int, int]] = Counter()
    for nth in range(PASSES):
        able = {option: _able(four, left) for option, four in supply.items()}
        for option in sorted(supply, key=lambda option: (-able[option], option)):
            sets = _able(supply[option], left)
            _take(supply[option], sets if nth == PASSES - 1 else sets // 2, left, taken, option)
    told = [(pattern, option, rows) for (pattern, option), rows in sorted(taken.items())]
    return pl.DataFrame(told, schema={"pattern": pl.UInt32, "option": pl.UInt32, "rows": pl.UInt32}, orient="row")


def _supply(fits: pl.DataFrame) -> dict[int, list[list[int]]]:
    """For each option set with rows for all four keys: the patterns of each key, those that fit few sets first."""
    whole = fits.filter(pl.col("key").n_unique().over("option") == OPTIONS)
    order = whole.with_columns(choice=pl.len().over("pattern")).sort("choice", "pattern", "option")
    four: dict[int, list[list[int]]] = {}
    for option, _, patterns in order.group_by("option", "key", maintain_order=True).agg("pattern").iter_rows():
        four.setdefault(option, []).append(patterns)
    return four


def _able(four: Sequence[Sequence[int]], left: Sequence[int]) -> int:
    return min(sum(left[pattern] for pattern in patterns) for patterns in four)


def _take(
    four: Sequence[Sequence[int]], sets: int, left: list[int], taken: Counter[tuple[int, int]], option: int
) -> None:
    for patterns in four:
        wanted = sets
        for pattern in patterns:
            rows = min(wanted, left[pattern])
            if rows:
                left[pattern] -= rows
                wanted -= rows
                taken[pattern, option] += rows
            if not wanted:
                break


def _placed(rows: pl.DataFrame, plan: pl.DataFrame, each: pl.DataFrame) -> pl.DataFrame:
    """Rows of a pattern go to its option sets in the order of their hashes, and in it meet those of the same rank."""
    seats = plan.select("pattern", pl.col("option").repeat_by("rows")).explode("option")
    seats = seats.with_columns(nth=pl.int_range(pl.len()).over("pattern"))
    queue = rows.join(plan, on="pattern", how="semi").sort("place", "sample_id")
    queue = queue.with_columns(nth=pl.int_range(pl.len()).over("pattern"))
    seated = queue.join(seats, on=["pattern", "nth"], maintain_order="left")
    seated = seated.with_columns(nth=pl.int_range(pl.len()).over("option", "key"))
    seated = seated.with_columns(set_id=pl.col("sample_id").min().over("option", "nth"))
    return seated.join(each, on=["option", "key"]).select(list(_PLACED))
