"""Cells, records and facets from rows: what is blank, what cannot be read, what is counted."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cxdata.model.errors import CxdataError
from cxdata.model.facets import FACETS
from cxdata.model.manifest import FileSpec
from cxdata.sources import cells
from cxdata.sources.cells import Cell, is_bad_box
from cxdata.sources.facets import facet, images_facet, studies_facet
from cxdata.sources.reading import rows_of
from cxdata.sources.records import as_table, read_records
from cxdata.sources.tables import read_table

SPEC = FileSpec(
    name="t", part="data", paths=("t",), need="required", columns=("id",), spellings={"id": ("ID", "image")}, why="",
    get="here",
)  # fmt: skip
JSON = SPEC.model_copy(update={"kind": "json", "spellings": {}})


def values(cell: Cell, *given: str | None) -> list[Any]:
    return pl.DataFrame({cell.column: pl.Series(given, dtype=pl.String)}).select(v=cell.value)["v"].to_list()


@pytest.mark.parametrize(
    ("cell", "given", "wanted"),
    [
        (cells.years("a"), ("63", "063Y", "006M", "365D", "052W", "121", "-1", "old", None),
         (63.0, 63.0, 0.5, 365 / 365.25, 52 * (7 / 365.25), None, None, None, None)),
        (cells.sex("a"), ("F", "male", "O", None), ("F", "M", None, None)),
        (cells.view("a", {"AP_lying": "AP"}), ("PA", "ap_lying", "LL", "COSTAL"), ("PA", "AP", "LATERAL", None)),
        (cells.number("a", 0, 10), ("0", "10", "10.5", "nan", "inf", "x"), (0.0, 10.0, None, None, None, None)),
        (cells.whole("a", 1, 9), ("3", "3.0", "3.5", "0"), (3, 3, None, None)),
        (cells.matched("a", r"(\d{3})\.png"), ("123.png", "123.png.gz", "x123.png"), ("123", None, None)),
        (cells.one_of("a", {"Yes": "y"}), ("yes", "YES", "no"), ("y", "y", None)),
    ],
)  # fmt: skip
def test_a_cell_is_a_value_or_nothing(cell: Cell, given: tuple[str | None, ...], wanted: tuple[Any, ...]) -> None:
    assert values(cell, *given) == list(wanted)


def test_an_age_from_two_years() -> None:
    frame = pl.DataFrame({"born": ["1950", "2010", "1800", None], "at": ["20140103", "2009", "2000", "2000"]})
    assert frame.select(v=cells.born("born", "at").value)["v"].to_list() == [64.0, None, None, None]


def test_rows_are_used_or_put_aside_and_unread_cells_of_used_ones_counted() -> None:
    table = pl.DataFrame(
        {"id": ["1", "2", "2", "3", "3", "x", "4"], "age": ["5", "old", "old", "1", "2", "?", None], "row": range(1, 8)}
    )
    read = {"stem": cells.matched("id", r"(\d)"), "age": cells.years("age")}
    rows = rows_of(table, read, {"too_high": pl.col("stem") == "4"}, named="id")
    assert rows.used["stem"].to_list() == ["1", "2"]
    assert rows.used.columns == ["id", "age", "row", "stem"]
    assert sorted(rows.aside.select("key", "code").rows()) == [
        ("2", "duplicate_row"), *[("3", "conflicting_rows")] * 2, ("4", "too_high"), ("x", "bad_id"),
    ]  # fmt: skip
    assert rows.cells_nulled == 1


def test_a_box_lies_within_its_picture() -> None:
    boxes = [(0, 0, 5, 5), (0, 0, 11, 5), (3, 3, 3, 5), (-1, 0, 5, 5), (0, 0, None, 5)]
    frame = pl.DataFrame(boxes, schema=dict.fromkeys(("x0", "y0", "x1", "y1"), pl.Float64), orient="row")
    assert frame.select(v=is_bad_box(10, 10))["v"].to_list() == [False, True, True, True, True]
    assert frame.select(v=is_bad_box())["v"].to_list() == [False, False, True, True, True]


def test_a_facet_has_nulls_where_nothing_is_said() -> None:
    rows = pl.DataFrame({"stem": ["a", "b"], "patient_id": ["1", "1"], "path": ["a.png", "b.png"], "row": [1, 2]})
    images = images_facet(rows, "s", "data", pl.lit("t.csv"))
    assert dict(images.schema) == FACETS["images"]
    assert images["image_id"].to_list() == ["s:a", "s:b"]
    assert images["study_id"].to_list() == ["a", "b"]
    assert images["view"].unique().to_list() == ["UNKNOWN"]
    assert images["width"].null_count() == 2
    assert studies_facet(rows, split_official=pl.lit("test")).rows() == [
        ("a", "1", "test", None, None, None), ("b", "1", "test", None, None, None),
    ]  # fmt: skip
    assert facet("label_space", rows).height == 2


def test_a_column_is_known_under_its_other_spellings(tmp_path: Path) -> None:
    for header in ("id", "ID", "image"):
        (tmp_path / "t.csv").write_text(f"{header},x\n1,2\n")
        assert read_table("s", SPEC, tmp_path / "t.csv")["id"].to_list() == ["1"]
    with pytest.raises(ValueError, match="spellings of what is no column"):
        FileSpec.model_validate({**SPEC.model_dump(), "spellings": {"other": ("ID",)}})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('[{"id": 1}, {"id": [2]}]', [(1, "1"), (2, "[2]")]),
        ('{"k": {"id": "x"}, "l": {"id": null}}', [(1, "x"), (2, None)]),
        ('{"id": "a"}\n\n{"id": "b"}\n', [(1, "a"), (2, "b")]),
        ('[{"id": " "}, 7]', None),
        ('\ufeff[{"id": "x"}]', [(1, "x")]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_records_in_each_form(tmp_path: Path, text: str, wanted: list[Any] | None, packed: bool) -> None:
    body = text.encode()
    (tmp_path / "t.json").write_bytes(gzip.compress(body, mtime=0) if packed else body)
    told = as_table(read_records("s", JSON, tmp_path / "t.json"), ["id"]).select("row", "id").rows()
    assert told == (wanted or [(1, None), (2, None)])


def test_records_by_key_know_their_key(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"k": {"id": "x"}}')
    assert read_records("s", JSON, tmp_path / "t.json") == [{"key": "k", "id": "x", "row": 1}]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "is empty"),
        (b"[]", "holds no record"),
        (b'[{"id": 1', "cannot be read as JSON: it is damaged or was cut off"),
        (b'{"id": 1}\n{"id": ', "cannot be read as JSON: it is damaged or was cut off"),
        (b"\xff\xfe[", "cannot be read as JSON: it is not UTF-8"),
        (gzip.compress(b'[{"id": 1}]', mtime=0)[:-9], "it ends too early"),
        (b'[{"ID": "secret words"}]', "no record of t.json has 'id'"),
        (json.dumps({"a": 1}).encode(), "no record of t.json has 'id'"),
    ],
)
def test_json_that_cannot_be_used_is_named_and_never_shown(tmp_path: Path, body: bytes, what: str) -> None:
    (tmp_path / "t.json").write_bytes(body)
    with pytest.raises(CxdataError) as error:
        read_records("s", JSON, tmp_path / "t.json")
    assert what in str(error.value)
    assert "secret" not in str(error.value)
    assert "get" in str(error.value.mend)


def test_a_text_that_repeats_is_valued_once_and_rows_keep_their_order() -> None:
    table = pl.DataFrame({"row": [1, 2, 3, 4, 5], "cell": ["b", None, "a", "b", "strange"]})
    cell = Cell("cell", pl.col("cell").replace_strict({"a": "A", "b": "B"}, default=None), repeats=True)
    assert cell.valued(table, "value")["value"].to_list() == ["B", None, "A", "B", None]
    plain = rows_of(table, {"value": cell._replace(repeats=False)}, named="cell", key=("row",))
    once = rows_of(table, {"value": cell}, named="cell", key=("row",))
    assert once.used.equals(plain.used)
    assert once.cells_nulled == plain.cells_nulled == 1
