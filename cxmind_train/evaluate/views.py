"""What a model is shown: the row as it is, and the controls without what the row is about.

A model that keeps its score with blank pictures has learnt the questions (arXiv 2603.03437).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import polars as pl

from cxdata.export.formats import MARK
from cxdata.model.hashing import hash_expr
from cxmind_train.data.rows import Rows, grey
from cxmind_train.evaluate.generate import Asked

View = Literal["sighted", "blank", "shuffled", "text_only"]
VIEWS: Final[tuple[View, ...]] = ("sighted", "blank", "shuffled", "text_only")


def asked(rows: Rows, row: int, view: View, others: Sequence[int]) -> Asked:
    """The prompt of a row under a view; `others` is what `shuffled_rows` gave."""
    problem = str(rows.frame["problem"][row])
    if view == "text_only":
        return Asked(problem.replace(f"{MARK}\n", "").replace(MARK, ""), [])
    if view == "shuffled":
        return Asked(problem, rows.pictures(others[row]))
    pictures = rows.pictures(row)
    return Asked(problem, [grey(one) for one in pictures] if view == "blank" else pictures)


def shuffled_rows(rows: Rows, seed: int) -> list[int]:
    """For each row, another of the same task and number of pictures and another patient, whose pictures it gets.

    In each such group the rows are put in the order of a hash and each takes from the next of another patient; a row
    alone in its group keeps its own pictures.
    """
    told = rows.frame.select(
        "task", marks=pl.col("problem").str.count_matches(MARK, literal=True),
        patient=pl.col("patient_keys").list.first(), order=hash_expr(seed, pl.col("sample_id"), "shuffled"),
    ).with_row_index("row")  # fmt: skip
    found = list(range(len(rows)))
    for _, group in told.sort("order").group_by("task", "marks", maintain_order=True):
        places, patients = group["row"].to_list(), group["patient"].to_list()
        for at, row in enumerate(places):
            ahead = ((at + step) % len(places) for step in range(1, len(places)))
            found[row] = next((places[other] for other in ahead if patients[other] != patients[at]), row)
    return found
