"""Balanced sets of single choice: what a set is, that the picture is needed, and a second reading of the rule."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from itertools import combinations
from typing import Any

import polars as pl
import pytest
from facets_for_tests import FOURTEEN, PATHOLOGIES, Study, asked, material
from hypothesis import given, settings
from hypothesis import strategies as st

from cxdata.model.hashing import stable_hash
from cxdata.model.vocabulary import vocabulary
from cxdata.tasks.balanced import SLOTS, STRATUM, balanced

NAMES = ("Edema", "Fracture", "Pneumothorax", "Consolidation", "Pneumonia", "Pleural Effusion", "Lung Opacity")
VOCABULARY = vocabulary()


def related(a: str, b: str) -> bool:
    return VOCABULARY.related(a, b)


# -- a crowd of studies, through the task ------------------------------------------------------------------------------


def draw(n: int, *key: str) -> int:
    """One of 0 … n-1 by a hash of its own."""
    return int.from_bytes(hashlib.blake2b("/".join(key).encode(), digest_size=8).digest()) % n


def study(i: int) -> Study:
    name = f"s{50_000_000 + 17 * i}"
    cells = ("",) * 3 + ("present",) * 2 + ("absent",) * 7 + ("uncertain",)
    states = {finding: cells[draw(len(cells), name, finding)] for finding in FOURTEEN[1:]}
    told = {finding: state for finding, state in states.items() if state}
    if draw(4, name, "normal") == 0:
        told = {"No Finding": "present"} | {f: s for f, s in told.items() if s == "absent"}
    split = ("train", "train", "train", "val", "test", None)[draw(6, name, "split")]
    views = (("PA",), ("AP",), ("FRONTAL",), ("LATERAL", "PA"))[draw(4, name, "views")]
    age = (None, 10.0, 40.0, 60.0)[draw(4, name, "age")]
    return Study(name, {"tool": told}, split, f"p{i // 2}" if i % 4 < 2 else "", views, age)


@cache
def studies() -> dict[str, Study]:
    return {each.name: each for each in map(study, range(4000))}


@cache
def rows() -> pl.DataFrame:
    return asked("disease_single_choice", material(list(studies().values()), held_out="stated"))


def sets() -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in rows().filter(pl.col("set_id").is_not_null()).iter_rows(named=True):
        found[row["set_id"]].append(row)
    return found


def test_a_set_is_four_rows_with_one_option_set_and_four_keys_of_one_stratum() -> None:
    cases = {row["study_id"]: row for row in material(list(studies().values())).cases.iter_rows(named=True)}
    assert len(sets()) > 200
    for name, four in sets().items():
        assert len(four) == 4
        options = {frozenset(row["options"]) for row in four}
        assert len(options) == 1
        assert {row["answer"] for row in four} == set(options.pop())
        of = [row["study_key"].split(":")[1] for row in four]
        assert len(set(of)) == 4
        assert len({tuple(cases[study_id][column] for column in STRATUM) for study_id in of}) == 1
        assert len({(row["split"], row["split_official"], row["population"], row["source"]) for row in four}) == 1
        assert name == min(row["sample_id"] for row in four)


def test_each_option_may_be_denied_in_the_other_rows_of_its_set() -> None:
    """By a plain reading of `stated`: stated absent, or in train a salient finding not mentioned; none related."""
    parent = {"Cardiomegaly": "Enlarged Cardiomediastinum"} | dict.fromkeys(
        ("Consolidation", "Pneumonia", "Edema", "Atelectasis", "Lung Lesion"), "Lung Opacity"
    )
    salient = {"Pneumothorax", "Pleural Effusion", "Edema", "Consolidation", "Pneumonia", "Lung Lesion", "Fracture"}
    denied: Counter[str] = Counter()
    for row in (row for four in sets().values() for row in four):
        told = studies()[row["study_key"].split(":")[1]].told["tool"]
        assert told.get(row["answer"]) == "present"
        assert not any(related(a, b) for a, b in combinations(row["options"], 2))
        for option in set(row["options"]) - {row["answer"]}:
            if option == "No Finding":
                assert any(told.get(finding) == "present" for finding in PATHOLOGIES)
                continue
            assert not any(told.get(f) in ("present", "uncertain") for f in PATHOLOGIES if related(f, option))
            by_parent = told.get(option) is None and told.get(parent.get(option, "")) == "absent"
            silent = told.get(option) is None and row["split"] == "train" and option in salient
            assert told.get(option) == "absent" or by_parent or silent
            denied["silent" if silent and not by_parent else "stated"] += 1
    assert min(denied.values()) > 100


def test_the_best_guess_without_the_picture_is_right_in_a_quarter() -> None:
    """Whoever learns the commonest key of each option set, per split and view too, learns nothing."""
    placed = rows().filter(pl.col("set_id").is_not_null()).with_columns(options=pl.col("options").list.sort())
    for known in (["options"], ["options", "split"], ["options", "split", "population"]):
        best = placed.group_by(*known, "answer").len().group_by(known).agg(pl.col("len").max(), total=pl.sum("len"))
        assert best.select(pl.sum("len") / pl.sum("total")).item() == 0.25


def test_no_study_and_question_stands_twice() -> None:
    placed = rows().filter(pl.col("set_id").is_not_null())
    assert placed["sample_id"].is_unique().all()
    assert rows()["sample_id"].is_unique().all()
    assert placed.select("study_key", "answer").is_unique().all()


def test_the_number_of_rows_in_sets_does_not_depend_on_the_seed() -> None:
    """Which rows meet is chosen by hash; which option set gets how many is not."""
    some = list(studies().values())[:1200]
    counts = []
    for seed in (0, 1):
        found = asked("disease_single_choice", material(some, seed=seed)).filter(pl.col("set_id").is_not_null())
        by = found.group_by(pl.col("options").list.sort(), "answer", "split").len().sort(pl.all())
        counts.append((by, frozenset(found["set_id"])))
    assert counts[0][0].equals(counts[1][0])
    assert counts[0][1] != counts[1][1]


# -- a second reading --------------------------------------------------------------------------------------------------

Row = tuple[str, str, frozenset[str], tuple[Any, ...]]  # sample_id, key, what may be denied, stratum


def frame_of(table: Iterable[Row]) -> pl.DataFrame:
    columns = [
        {"sample_id": name, "key": NAMES.index(key), **dict(zip(STRATUM, stratum, strict=True)),
         **{f"may {other}": other in denied for other in NAMES}}
        for name, key, denied, stratum in table
    ]  # fmt: skip
    flags = {f"may {other}": pl.Boolean for other in NAMES}
    schema = {"sample_id": pl.String, "key": pl.UInt8, **dict.fromkeys(STRATUM, pl.String), **flags}
    return pl.DataFrame(columns, schema=schema)


def may(name: str) -> pl.Expr:
    taken = [i for i, other in enumerate(NAMES) if other == name or related(name, other)]
    return pl.col(f"may {name}") & ~pl.col("key").is_in(taken)


def placed(table: Iterable[Row], seed: int = 0) -> dict[str, tuple[str, frozenset[str]]]:
    """The set and options of each row that found a place."""
    found = balanced(frame_of(table), NAMES, VOCABULARY, seed, may).filter(pl.col("set_id").is_not_null())
    return {
        row["sample_id"]: (row["set_id"], frozenset(NAMES[row[slot]] for slot in ("key", *SLOTS)))
        for row in found.iter_rows(named=True)
    }


def reading(table: Iterable[Row], seed: int = 0) -> dict[str, tuple[str, frozenset[str]]]:
    """The same by hand, one stratum and one row at a time."""
    found = {}
    for stratum in {row[3] for row in table}:
        found.update(reading_of([row for row in table if row[3] == stratum], seed))
    return found


def reading_of(table: list[Row], seed: int) -> dict[str, tuple[str, frozenset[str]]]:
    fits = {name: (key, {d for d in denied if d != key and not related(d, key)}) for name, key, denied, _ in table}
    most = {
        name: min(sum(key == name for key, _ in fits.values()), sum(name in free for _, free in fits.values()) // 3)
        for name in NAMES
    }  # fmt: skip
    order = sorted((name for name in NAMES if most[name]), key=lambda name: -most[name])
    fours = [four for four in combinations(order, 4) if not any(related(a, b) for a, b in combinations(four, 2))]
    patterns: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name, (key, free) in fits.items():
        mask = sum(1 << order.index(other) for other in free if other in order)
        patterns[NAMES.index(key), mask].append(name)
    queues = [
        sorted(patterns[pattern], key=lambda name: (stable_hash(seed, name, "place in set"), name))
        for pattern in sorted(patterns)
    ]  # fmt: skip
    given = shared(supply_of(queues, fits, fours), [len(queue) for queue in queues])
    return seated(queues, given, fits, fours, seed)


def supply_of(queues: list[list[str]], fits: dict[str, Any], fours: list[Any]) -> dict[int, list[list[int]]]:
    supply = {}
    for number, four in enumerate(fours):
        able = [
            [i for i, queue in enumerate(queues) if fits[queue[0]][0] == key and set(four) - {key} <= fits[queue[0]][1]]
            for key in sorted(four, key=NAMES.index)
        ]  # fmt: skip
        if all(able):
            supply[number] = able
    choice = Counter(pattern for able in supply.values() for each in able for pattern in each)
    for able in supply.values():
        for each in able:
            each.sort(key=lambda pattern: (choice[pattern], pattern))
    return supply


def shared(supply: dict[int, list[list[int]]], left: list[int]) -> Counter[tuple[int, int]]:
    given: Counter[tuple[int, int]] = Counter()

    def could(number: int) -> int:
        return min(sum(left[pattern] for pattern in each) for each in supply[number])

    for share in (2, 2, 1):
        at = {number: could(number) for number in supply}
        for number in sorted(supply, key=at.__getitem__, reverse=True):
            for_each = could(number) // share
            for each in supply[number]:
                wanted = for_each
                for pattern in each:
                    taken = min(wanted, left[pattern])
                    left[pattern] -= taken
                    wanted -= taken
                    given[pattern, number] += taken
    return given


def seated(
    queues: list[list[str]], given: Counter[tuple[int, int]], fits: dict[str, Any], fours: list[Any], seed: int
) -> dict[str, tuple[str, frozenset[str]]]:
    at: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for pattern, queue in enumerate(queues):
        start = 0
        for number in range(len(fours)):
            rows = given[pattern, number]
            for name in queue[start : start + rows]:
                at[number][fits[name][0]].append(name)
            start += rows
    found = {}
    for number, by_key in at.items():
        for names in by_key.values():
            names.sort(key=lambda name: (stable_hash(seed, name, "place in set"), name))
        for four in zip(*by_key.values(), strict=True):
            found |= {name: (min(four), frozenset(fours[number])) for name in four}
    return found


STRATA = (("train", "train", "PA", "adult"), ("train", None, "AP", "adult"), ("test", "test", "PA", "unknown"))
table_rows = st.tuples(
    st.sampled_from(NAMES), st.frozensets(st.sampled_from(NAMES), min_size=2), st.sampled_from(STRATA[:1] * 4 + STRATA)
)  # fmt: skip


def table_of(told: Iterable[tuple[str, frozenset[str], tuple[Any, ...]]]) -> list[Row]:
    return [(f"made/q{i:03d}", key, denied, stratum) for i, (key, denied, stratum) in enumerate(told)]


@settings(max_examples=40, deadline=None)
@given(st.lists(table_rows, max_size=90), st.integers(0, 2))
def test_sets_are_those_of_the_plain_reading(told: list[Any], seed: int) -> None:
    table = table_of(told)
    assert placed(table, seed) == reading(table, seed)


def dense(n: int) -> list[Row]:
    """A table in which most rows may deny most names."""
    told = []
    for i in range(n):
        denied = frozenset(name for name in NAMES if draw(5, str(i), name))
        told.append((NAMES[draw(len(NAMES), str(i))], denied, STRATA[draw(3, str(i), "stratum")]))
    return table_of(told)


def test_the_plain_reading_finds_sets_too() -> None:
    table = dense(600)
    found = placed(table)
    assert found == reading(table)
    assert len(found) > 250
    assert len({options for _, options in found.values()}) >= 5


def test_rows_in_another_order_meet_in_the_same_sets() -> None:
    table = dense(300)
    turned = sorted(table, key=lambda row: draw(10**9, row[0], "shuffled"))
    assert placed(turned) == placed(table) != {}
    whole = balanced(frame_of(turned), NAMES, VOCABULARY, 0, may)
    assert whole["sample_id"].to_list() == [row[0] for row in turned]


def test_sets_of_one_stratum_do_not_depend_on_another() -> None:
    table = dense(400)
    alone = [row for row in table if row[3] == STRATA[0]]
    ids = {row[0] for row in alone}
    assert {name: found for name, found in placed(table).items() if name in ids} == placed(alone) != {}


ALL = frozenset(NAMES)
ONE = STRATA[0]
FREE = ("Edema", "Fracture", "Pneumothorax", "Pleural Effusion")


@pytest.mark.parametrize(("told", "rows_in_sets"), [
    ([], 0),
    ([(key, ALL, ONE) for key in FREE], 4),
    ([(key, ALL, ONE) for key in FREE[:3]], 0),
    ([(key, ALL, ONE) for key in FREE] * 3, 12),
    ([(key, ALL, ONE) for key in (*FREE, "Edema", "Edema")], 4),
    ([(key, ALL, STRATA[i % 2]) for i, key in enumerate(FREE)], 0),
    ([(key, ALL - {"Edema"}, ONE) for key in FREE], 0),
    ([(key, ALL, ONE) for key in ("Edema", "Lung Opacity", "Consolidation", "Fracture")], 0),
    ([(key, ALL, (None, None, None, None)) for key in FREE], 4),
    ([(key, frozenset(), ONE) for key in FREE], 0),
])  # fmt: skip
def test_small_tables(told: list[Any], rows_in_sets: int) -> None:
    assert len(placed(table_of(told))) == rows_in_sets


def test_a_row_that_fits_one_option_set_is_used_before_those_that_fit_many() -> None:
    """Were Edema's other row taken for the first option set, none would be left for that with Pleural Effusion."""
    keys = ("Edema", "Fracture", "Fracture", "Pneumothorax", "Pneumothorax", "Pneumonia", "Pleural Effusion")
    wide = [(key, ALL, ONE) for key in keys]
    narrow = ("Edema", ALL - {"Pleural Effusion"}, ONE)
    for told in ([narrow, *wide], [*wide, narrow]):
        assert len(placed(table_of(told))) == 8


def test_rows_without_a_set_are_given_back_with_nulls() -> None:
    out = balanced(frame_of(dense(50)), NAMES, VOCABULARY, 0, may)
    assert out.height == 50
    without = out.filter(pl.col("set_id").is_null())
    assert without.height
    assert without.select(pl.all_horizontal(pl.col(slot).is_null() for slot in SLOTS).all()).item()
    empty = balanced(frame_of([]), NAMES, VOCABULARY, 0, may)
    assert (empty.height, empty.columns) == (0, out.columns)


THREADS = """
import sys
sys.path[:0] = {path!r}
from test_balanced import dense, placed
import hashlib
found = sorted((name, first, sorted(options)) for name, (first, options) in placed(dense(4000)).items())
print(hashlib.sha256(repr(found).encode()).hexdigest())
"""


def test_threads_do_not_change_a_set() -> None:
    found = set()
    for threads in ("1", "4"):
        command = [sys.executable, "-c", THREADS.format(path=sys.path)]
        environment = os.environ | {"POLARS_MAX_THREADS": threads}
        found.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(found) == 1
    assert len(found.pop().strip()) == 64


def test_no_more_than_the_most_names_of_a_stratum_make_option_sets() -> None:
    """Of many names, the commonest: with all of them there would be hundreds of thousands of option sets."""
    names = [name for name in VOCABULARY.names if VOCABULARY.finding(name).kind == "finding"][:40]
    told = [
        {"sample_id": f"q{i:05d}", "key": i * i % 40, **dict.fromkeys(STRATUM, "x")} for i in range(2000)
    ]  # fmt: skip

    def unrelated(name: str) -> pl.Expr:
        return ~pl.col("key").is_in([i for i, other in enumerate(names) if other == name or related(name, other)])

    frame = pl.DataFrame(told).with_columns(pl.col("key").cast(pl.UInt8))
    found = balanced(frame, names, VOCABULARY, 0, unrelated).filter(pl.col("set_id").is_not_null())
    assert found.height >= 400
    assert found["key"].n_unique() <= 14
