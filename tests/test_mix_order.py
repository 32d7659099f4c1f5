from __future__ import annotations

import polars as pl

from cxdata.mix.config import Order
from cxdata.mix.order import by_hash, ordered
from cxdata.model.hashing import stable_hash


def rows(n: int, level: str = "binary", prefix: str = "s") -> pl.DataFrame:
    ids = [f"{prefix}{i}" for i in range(n)]
    answers = ["Yes" if stable_hash(0, one, "answer") % 2 else "No" for one in ids]
    letters = ["A" if stable_hash(0, one, "letter") % 2 else "B" for one in ids]
    return pl.DataFrame({
        "sample_id": ids, "task": "disease_binary", "stage": "closed", "level": level, "answer_type": "binary",
        "options": [["Yes", "No"]] * n, "answer": answers, "answer_letter": letters,
        "difficulty": [stable_hash(0, one, "difficulty") % 1000 / 1000 for one in ids],
    })  # fmt: skip


def test_every_window_holds_the_answers_evenly_and_grows_harder() -> None:
    train = ordered(rows(2000), Order(replay=0), 0)
    share = (train["answer"] == "Yes").mean()
    for start in range(0, 2000 - 64, 16):
        window = train.slice(start, 64)
        assert abs((window["answer"] == "Yes").mean() - share) <= 2 / 64
    assert train["curriculum_order"].to_list() == list(range(2000))
    means = [float(str(part["difficulty"].mean())) for part in train.iter_slices(250)]
    assert means == sorted(means)
    assert means[-1] - means[0] > 0.6


def test_levels_follow_one_another_and_a_fifth_of_easier_rows_comes_again() -> None:
    both = pl.concat([rows(500), rows(300, "single", "t")])
    train = ordered(both, Order(replay=0.2), 0)
    assert train.height == 500 + 300 + 60
    assert set(train[:500]["level"]) == {"binary"}
    later = train[500:]
    assert later["level"].value_counts().sort("level").rows() == [("binary", 60), ("single", 300)]
    again = later.filter(pl.col("level") == "binary")["sample_id"]
    assert again.is_in(both["sample_id"].implode()).all()
    assert again.is_unique().all()


def test_the_order_depends_on_the_rows_alone_and_on_the_seed() -> None:
    some = rows(200)
    assert ordered(some, Order(), 0).equals(ordered(some.reverse(), Order(), 0))
    assert by_hash(some, 0).equals(by_hash(some.reverse(), 0))
    assert not by_hash(some, 0).equals(by_hash(some, 1))
    assert by_hash(some, 0)["curriculum_order"].to_list() == list(range(200))


def test_rows_without_difficulty_come_last_in_their_level() -> None:
    some = rows(100).with_columns(difficulty=pl.when(pl.int_range(pl.len()) < 90).then("difficulty"))
    train = ordered(some, Order(replay=0), 0)
    assert train[:80]["difficulty"].null_count() <= 2
