"""Tables and lists as the shared reader takes them, whatever the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxdata.images.probe import how_to_unpack, probe_all
from cxdata.model.errors import CxdataError, Where
from cxdata.model.manifest import FileKind, FileSpec
from cxdata.sources.tables import read_table


def spec(kind: FileKind, *columns: str) -> FileSpec:
    return FileSpec(name="a", part="p", paths=("a",), need="required", kind=kind, columns=columns, why="w", get="g")


def rows(tmp_path: Path, content: bytes, one: FileSpec) -> list[tuple[object, ...]]:
    path = tmp_path / "a"
    path.write_bytes(content)
    return read_table("s", one, path).rows()


def test_a_list_has_no_header_and_its_rows_count_from_one(tmp_path: Path) -> None:
    assert rows(tmp_path, b"x\ny\nz", spec("list", "name")) == [(1, "x"), (2, "y"), (3, "z")]
    assert rows(tmp_path, b"x,1\r\ny,2\r\n", spec("list", "name", "n")) == [(1, "x", "1"), (2, "y", "2")]


def test_a_list_keeps_names_that_repeat(tmp_path: Path) -> None:
    assert rows(tmp_path, b"x\nx\n", spec("list", "name")) == [(1, "x"), (2, "x")]


@pytest.mark.parametrize("header", [b"a,b", b"a,b,", b"a,b,,,"])
def test_commas_after_the_last_name_of_a_header_are_no_columns(tmp_path: Path, header: bytes) -> None:
    assert rows(tmp_path, header + b"\n1,2\n3,4", spec("table", "a", "b")) == [(1, "1", "2"), (2, "3", "4")]
    with pytest.raises(CxdataError, match="cut off"):
        rows(tmp_path, header + b"\n1,2\n3", spec("table", "a", "b"))


def test_names_with_a_comma_in_them_are_two_names(tmp_path: Path) -> None:
    assert rows(tmp_path, b"i,Size[w,h]\n1,2,3\n", spec("table", "i", "Size[w", "h]")) == [(1, "1", "2", "3")]


def test_members_of_archives_are_not_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK")
    seen = probe_all(str(tmp_path), ["a.zip", "b.zip", "a.zip"], ["1.png", "1.png", None])
    assert [probe.status for probe in seen] == ["in_archive", "missing", "undecodable"]
    assert (how_to_unpack("a.zip"), how_to_unpack("b.tar.gz")) == ("unzip a.zip", "tar -xf b.tar.gz")


@pytest.mark.parametrize(
    ("content", "kind", "what", "row"),
    [
        (b"a,b\n1,2\n\n3,4,5\n", "table", "more cells than the header", 3),
        (b'a,b\n"1\n1",2\n3,4,5\n', "table", "more cells than the header", 2),
        (b"a,b\n1,2\n3,\xff\n", "table", "not UTF-8", 2),
        (b"a,b\n1,2\n3,\xff\n", "list", "not UTF-8", 3),
        (b"a,b\n1,2\n3", "table", "last row is cut off", 2),
        ("a,b\n1,2\n".encode("utf-16"), "table", "UTF-16", None),
        ("a,b\n1,2\n".encode("utf-16-le"), "table", "UTF-16", None),
    ],
)
def test_damage_is_told_with_its_row(
    tmp_path: Path, content: bytes, kind: FileKind, what: str, row: int | None
) -> None:
    with pytest.raises(CxdataError, match=what) as caught:
        rows(tmp_path, content, spec(kind, "a", "b"))
    assert caught.value.where == Where("s", "a", row)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"x,PatientOrientationCodeSequence_CodeMeaning\n1,2\n", "x, PatientOrientationCodeSequence_CodeMeaning;"),
        (b"x,a sentence of some report of a person\n1,2\n", "x and 1 more that are no names;"),
        (b"a;b\n1;2\n", "separated by semicolons, not by commas"),
        (b"a\tb\n1\t2\n", "separated by tabs, not by commas"),
        (b"<!DOCTYPE html>\n<p>\n", "its first line holds no name of a column"),
    ],
)
def test_a_missing_column_is_told_with_what_is_there(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(CxdataError, match="has no column 'a'") as caught:
        rows(tmp_path, content, spec("table", "a"))
    assert told in str(caught.value.mend)
