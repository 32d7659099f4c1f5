from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxdata.model.hashing import (
    bucket_expr,
    digest,
    file_sha256,
    frame_digest,
    hash_expr,
    pick_expr,
    stable_hash,
    unit_expr,
)

# Written down once, and equal to the xxhash package's XXH64 of the three parts joined by \x1f. Every choice in every
# folder that was ever built follows from these: they never change.
VECTORS = (
    (0, "", "", 11874862081075368941),
    (0, "mimic/disease_binary/s50414267:edema", "order", 13346940453730643355),
    (1, "mimic/disease_binary/s50414267:edema", "order", 4316208153322903769),
    (0, "Größe/β-肺-🫁", "wording", 13801948585409393519),
    (7, "a", "b", 12567110656655113776),
    (-1, "x" * 1000, "y", 2404417528870686525),
)
KEYS = ("a", "b", "mimic:10000032", "肺")


@pytest.mark.parametrize(("seed", "key", "purpose", "wanted"), VECTORS)
def test_hash_vectors(seed: int, key: str, purpose: str, wanted: int) -> None:
    assert stable_hash(seed, key, purpose) == wanted


@pytest.mark.parametrize(("choose", "wanted"), [
    (lambda key: pick_expr(0, key, "wording", 13), [9, 10, 11, 9]),
    (lambda key: bucket_expr(key, 4), [0, 0, 3, 2]),
    (lambda key: unit_expr(0, key, "keep"),
     [0.973848026151719, 0.9200111627542764, 0.5881891488473696, 0.5188054098160902]),
], ids=["pick", "bucket", "unit"])  # fmt: skip
def test_choice_vectors(choose: Callable[[pl.Expr], pl.Expr], wanted: list[float]) -> None:
    assert pl.DataFrame({"key": KEYS}).select(choose(pl.col("key"))).to_series().to_list() == wanted


@settings(max_examples=100, deadline=None)
@given(st.integers(-5, 5), st.text(), st.text())
def test_hash_is_xxh64_of_the_joined_text(seed: int, key: str, purpose: str) -> None:
    xxhash = pytest.importorskip("xxhash")
    assert stable_hash(seed, key, purpose) == xxhash.xxh64(f"{seed}\x1f{key}\x1f{purpose}".encode()).intdigest()


def test_expressions_hash_each_row_as_stable_hash_does() -> None:
    frame = pl.DataFrame({"key": KEYS, "aim": ["p", "", "ü", "p"]})
    hashed = frame.select(key=hash_expr(3, pl.col("key"), pl.col("aim")), fixed=hash_expr(3, pl.col("key"), "p"))
    assert hashed["key"].to_list() == [stable_hash(3, key, aim) for key, aim in frame.iter_rows()]
    assert hashed["fixed"].to_list() == [stable_hash(3, key, "p") for key in KEYS]
    assert hashed.dtypes == [pl.UInt64, pl.UInt64]


def test_null_gives_null() -> None:
    frame = pl.DataFrame({"key": ["a", None], "aim": [None, "b"]}, schema={"key": pl.String, "aim": pl.String})
    row = frame.select(
        hash_expr(0, pl.col("key"), "p").alias("key"), hash_expr(0, pl.lit("a"), pl.col("aim")).alias("aim"),
        pick_expr(0, pl.col("key"), "p", 3).alias("pick"), unit_expr(0, pl.col("key"), "p").alias("unit"),
        bucket_expr(pl.col("key"), 4).alias("bucket"),
    )  # fmt: skip
    assert row["aim"].is_null().to_list() == [True, False]
    assert all(row[name].is_null().to_list() == [False, True] for name in ("key", "pick", "unit", "bucket"))


def test_seed_and_purpose_make_other_choices_and_buckets_know_no_seed() -> None:
    frame = pl.DataFrame({"key": [f"k{i}" for i in range(1000)]})

    def picks(seed: int, purpose: str) -> pl.Series:
        return frame.select(pick_expr(seed, pl.col("key"), purpose, 10)).to_series()

    for other in (picks(1, "a"), picks(0, "b")):
        assert 60 < (picks(0, "a") == other).sum() < 140, "two independent choices of ten agree in about a tenth"
    assert frame.select(bucket_expr(pl.col("key"), 10)).to_series().equals(picks(0, "shard"))


def chi_square(counts: list[int]) -> float:
    mean = sum(counts) / len(counts)
    return sum((count - mean) ** 2 / mean for count in counts)


# Upper 0.1 % points of chi-square with n - 1 degrees of freedom, from tables.
@pytest.mark.parametrize(("n", "limit"), [(2, 10.83), (4, 16.27), (13, 32.91), (100, 148.23)])
def test_choices_are_uniform(n: int, limit: float) -> None:
    frame = pl.DataFrame({"key": [f"mimic/disease_open/s{50_000_000 + 37 * i}" for i in range(10_000)]})
    unit = (unit_expr(0, pl.col("key"), "u") * n).floor().cast(pl.UInt32)
    for choice in (pick_expr(0, pl.col("key"), "p", n), bucket_expr(pl.col("key"), n), unit):
        counts = frame.select(choice.alias("choice")).group_by("choice").len()
        assert sorted(counts["choice"]) == list(range(n))
        assert chi_square(counts["len"].to_list()) < limit


def test_unit_is_below_one_and_not_below_zero() -> None:
    frame = pl.DataFrame({"key": [str(i) for i in range(10_000)]}).select(unit=unit_expr(0, pl.col("key"), "p"))
    assert frame["unit"].is_between(0, 1, closed="left").all()
    assert frame["unit"].dtype == pl.Float64


ROWS = pl.DataFrame({"id": ["b", "a"], "n": [1, None], "names": [["x"], []]})


def test_frame_digest_vector() -> None:
    assert frame_digest(ROWS, ["id"]) == "1f163ddbe542b006c6474062846d094eddd755af9f3d63d03a1e05d976208811"


def test_equal_frames_have_equal_digests() -> None:
    chunked = pl.concat([ROWS.slice(1), ROWS.slice(0, 1)], rechunk=False)
    assert frame_digest(chunked, ["id"]) == frame_digest(ROWS, ["id"]), "rows are sorted, chunks do not matter"
    days = pl.DataFrame({"id": [1, 2], "day": [datetime(2020, 1, 1), None], "box": [{"x": 0.5}, None]})
    assert frame_digest(days, ["id"]) == frame_digest(days.clone(), ["id"])


@pytest.mark.parametrize("other", [
    ROWS.with_columns(n=pl.Series([2, None])),
    ROWS.with_columns(n=pl.Series([1, 0])),
    ROWS.with_columns(names=pl.Series([["x"], None])),
    ROWS.with_columns(names=pl.Series([["x"], [""]])),
    ROWS.with_columns(pl.col("n").cast(pl.Int32)),
    ROWS.rename({"n": "m"}),
    ROWS.select("n", "id", "names"),
    ROWS.head(1),
    pl.concat([ROWS, ROWS.head(1)]),
], ids=["value", "null", "null list", "element", "type", "name", "columns turned", "fewer", "more"])  # fmt: skip
def test_frame_digest_sees_every_difference(other: pl.DataFrame) -> None:
    assert frame_digest(other, ["id"]) != frame_digest(ROWS, ["id"])


def test_frame_digest_sees_the_order_that_the_key_gives() -> None:
    assert frame_digest(ROWS, ["id"]) != frame_digest(ROWS.with_columns(id=pl.Series(["a", "b"])), ["id"])
    frame = pl.DataFrame({"id": [1, 2], "n": [2, 1]})
    assert frame_digest(frame, ["n"]) != frame_digest(frame, ["id"])


@pytest.mark.parametrize(("value", "same"), [
    ({"b": 1, "a": 2}, {"a": 2, "b": 1}), ([1, [2]], (1, (2,))), ({"é": None}, {"é": None}),
])  # fmt: skip
def test_digest_of_equal_values(value: Any, same: Any) -> None:
    assert digest(value) == digest(same)
    assert digest(value) != digest([value])


def test_digest_vector() -> None:
    assert digest({"b": 1, "a": [None, "é"]}) == "b73e2138dd7c689ad5502e451d4620a3bfedb0f837a4f9a0531fc1b7cf9cde73"


def test_file_sha256_reads_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-4, example of one block
    wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(tmp_path / "abc") == file_sha256(tmp_path / "abc", chunk_bytes=1) == wanted
