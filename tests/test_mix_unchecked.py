"""Pictures that no build looked at, where DICOM cannot be read: the mix leaves films out and needs nothing for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from cxdata.cli import demo
from cxdata.images.kinds import is_dicom
from cxdata.mix.unchecked import NOT_STORED, _look


def film(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0" * 128 + b"DICM" + b"\2\0\0\0UL\4\0\0\0\0\0")
    return path


def test_films_are_left_out_and_other_pictures_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    film(tmp_path / "a.dcm")
    film(tmp_path / "1.2.333.4")  # named by its UID, without an ending
    Image.linear_gradient("L").resize((64, 64)).save(tmp_path / "b.png")
    paths = ["a.dcm", "b.png", "1.2.333.4", "gone.png", "c.zip"]
    members = [None, None, None, None, "inside.dcm"]
    assert _look(str(tmp_path), paths, members) == [NOT_STORED, "ok", NOT_STORED, "missing", "missing"]
    assert _look(None, ["a.dcm"], [None]) == ["missing"]


def test_what_is_dicom_is_told_by_content(tmp_path: Path) -> None:
    assert is_dicom(film(tmp_path / "1.2.3"))
    (tmp_path / "text.dcm").write_text("no film")
    assert not is_dicom(tmp_path / "text.dcm")
    assert not is_dicom(tmp_path / "gone.dcm")


def test_the_demo_knows_sources_whose_films_have_no_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    film(tmp_path / "data/films/dataset/1.2.333.4")
    (tmp_path / "data/pictures").mkdir()
    Image.linear_gradient("L").save(tmp_path / "data/pictures/a.png")
    monkeypatch.setitem(sys.modules, "pydicom", None)
    assert demo._with_unreadable_dicom(["films", "pictures"]) == ["films"]
