from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxdata.tasks.lists import with_list


@given(st.integers(0, 130), st.lists(st.integers(0, 2**130 - 1), max_size=6))
def test_lists_hold_the_names_whose_flag_is_true(width: int, rows: list[int]) -> None:
    names = [f"name {i}" for i in range(width)]
    flags = {name: [bool(row >> i & 1) for row in rows] for i, name in enumerate(names)}
    frame = pl.DataFrame(
        {"row": range(len(rows)), **flags}, schema={"row": pl.Int64, **dict.fromkeys(names, pl.Boolean)}
    )
    found = with_list(frame, "names", {name: pl.col(name) for name in names})
    plain = [[name for i, name in enumerate(names) if row >> i & 1] for row in rows]
    assert found["names"].to_list() == plain
    assert found["row"].to_list() == list(range(len(rows)))
    assert found.schema["names"] == pl.List(pl.String)


@pytest.mark.parametrize("flag", [None, False])
def test_null_is_no_member(flag: bool | None) -> None:
    frame = pl.DataFrame({"a": [flag, True]}, schema={"a": pl.Boolean})
    assert with_list(frame, "names", {"A": pl.col("a")})["names"].to_list() == [[], ["A"]]
