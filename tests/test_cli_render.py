"""`cxdata render`: one picture, its form by the name of --out."""

from __future__ import annotations

from pathlib import Path

import pytest
from dicom_films import KINDS
from PIL import Image
from typer.testing import CliRunner

from cxdata.cli.app import app
from cxdata.images.profiles import PROFILES
from cxdata.model.errors import CxdataError, UsageError


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.dcm"
    path.write_bytes(KINDS["mono1"]())
    return path


def run(*words: object) -> str:
    result = CliRunner().invoke(app, ["render", *map(str, words)], catch_exceptions=False)
    return result.stderr


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_and_both_forms(film: Path, tmp_path: Path, profile: str) -> None:
    for suffix, form in ((".png", "PNG"), (".JPG", "JPEG")):
        out = tmp_path / "new" / f"{profile}{suffix}"
        told = run(film, "--render", profile, "--out", out)
        assert f"96 x 80 pixels; {profile} v1" in told
        with Image.open(out) as picture:
            assert (picture.format, picture.size, picture.mode) == (form, (96, 80), "L")


def test_longest_side(film: Path, tmp_path: Path) -> None:
    told = run(film, "--max-side", 48, "--out", tmp_path / "small.png")
    assert "96 x 80 to 48 x 40 pixels" in told
    with Image.open(tmp_path / "small.png") as picture:
        assert picture.size == (48, 40)


def test_help_names_every_profile() -> None:
    result = CliRunner().invoke(app, ["render", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert all(name in result.output for name in PROFILES)


def test_errors_say_what_and_where(film: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no render profile"):
        run(film, "--render", "vio", "--out", tmp_path / "a.png")
    with pytest.raises(UsageError, match="written as"):
        run(film, "--out", tmp_path / "a.bmp")
    picture = tmp_path / "a.png"
    Image.new("L", (90, 90)).save(picture)
    with pytest.raises(UsageError, match="over itself"):
        run(picture, "--out", picture)
    with pytest.raises(CxdataError, match=r"constant") as caught:
        run(picture, "--out", tmp_path / "b.png")
    assert str(picture) in str(caught.value)
    assert not (tmp_path / "b.png").exists()
