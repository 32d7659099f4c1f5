"""Tables and lists as the shared reader takes them, whatever the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxdata.images.probe import how_to_unpack, probe_all
from cxdata.model.errors import CxdataError
from cxdata.model.manifest import FileKind, FileSpec
from cxdata.sources.roots import members
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


def test_members_are_all_that_the_glob_matches(tmp_path: Path) -> None:
    names = [f"images_{k:03d}/images/{k}.png" for k in range(9)]
    for name in [*names, "images_001/images/notes.txt", "other/images/1.png", "images_001/2.png"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert members(tmp_path, "images*/images/*.png") == names
    assert members(tmp_path / "nowhere", "*.png") == []


def test_members_of_archives_are_not_looked_for(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK")
    seen = probe_all(str(tmp_path), ["a.zip", "b.zip", "a.zip"], ["1.png", "1.png", None])
    assert [probe.status for probe in seen] == ["in_archive", "missing", "undecodable"]
    assert (how_to_unpack("a.zip"), how_to_unpack("b.tar.gz")) == ("unzip a.zip", "tar -xf b.tar.gz")
