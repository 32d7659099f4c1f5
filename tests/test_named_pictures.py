from __future__ import annotations

from pathlib import Path

import polars as pl

from cxdata.build.pictures import located
from cxdata.images.named import Places, is_by_name, places_of
from cxdata.sources.discovery import source


def put(root: Path, *places: str) -> Path:
    for place in places:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return root


def found(root: Path, *paths: str, usual: tuple[str, ...] = ()) -> dict[str, str]:
    return Places({"part": root}, {"part": usual}).found("part", paths)


def test_a_file_is_found_wherever_it_lies(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "one/b.png", "one/two/c.png")
    told = found(tmp_path, "**/a.png", "**/b.png", "**/c.png", "**/d.png", "one/b.png")
    assert told == {"**/a.png": "a.png", "**/b.png": "one/b.png", "**/c.png": "one/two/c.png"}
    assert [is_by_name(path) for path in ("**/a.png", "a/**/b", "a.png")] == [True, False, False]


def test_of_several_the_least_deep_then_the_first_is_taken(tmp_path: Path) -> None:
    put(tmp_path, "z/a.png", "b/c/a.png", "y/a.png")
    assert found(tmp_path, "**/a.png") == {"**/a.png": "y/a.png"}


def test_a_usual_place_goes_before_a_resized_copy(tmp_path: Path) -> None:
    put(tmp_path, "224/a.png", "images/a.png", "images_001/images/a.png", "224/b.png", "images_001/images/b.png")
    usual = ("images/*.png", "images*/images/*.png")
    assert found(tmp_path, "**/a.png", "**/b.png", usual=usual) == {
        "**/a.png": "images/a.png",
        "**/b.png": "images_001/images/b.png",
    }
    assert found(tmp_path, "**/[a]*.png", usual=usual) == {"**/[a]*.png": "images/a.png"}


def test_the_usual_places_are_those_of_the_manifest(tmp_path: Path) -> None:
    put(tmp_path, "224/1.png", "images_002/images/1.png", "images/x/images_01.tar.gz", "images/images_01.tar.gz")
    told = places_of(source("chestxray14").manifest, {"data": tmp_path}).found(
        "data", ["**/1.png", "**/images_*01.tar.gz"]
    )
    assert told == {"**/1.png": "images_002/images/1.png", "**/images_*01.tar.gz": "images/images_01.tar.gz"}


def test_hidden_folders_are_passed_over_and_a_root_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    put(tmp_path, ".cache/a.png", "__MACOSX/a.png")
    assert found(tmp_path, "**/a.png") == {}
    assert Places({}).found("part", ["**/a.png"]) == {}
    assert found(tmp_path / "gone", "**/a.png") == {}


def test_a_name_may_hold_wildcards(tmp_path: Path) -> None:
    put(tmp_path, "x/CXR1_1_IM-7.png", "x/CXR11_IM-7.png")
    assert found(tmp_path, "**/CXR1_*IM-7.png") == {"**/CXR1_*IM-7.png": "x/CXR1_1_IM-7.png"}


def test_a_name_may_need_its_folders(tmp_path: Path) -> None:
    put(tmp_path, "batch 1/p1/s1/v.jpg", "batch 2/p2/s1/v.jpg", "small/p2/s1/v.jpg", "v.jpg")
    usual = ("batch [12]/p*/s*/*.jpg",)
    assert found(tmp_path, "**/p1/s1/v.jpg", "**/p2/s1/v.jpg", "**/p3/s1/v.jpg", "**/v.jpg", usual=usual) == {
        "**/p1/s1/v.jpg": "batch 1/p1/s1/v.jpg",
        "**/p2/s1/v.jpg": "batch 2/p2/s1/v.jpg",
        "**/v.jpg": "batch 1/p1/s1/v.jpg",
    }


def test_a_picture_lies_about_else_in_an_archive_that_was_not_unpacked_else_nowhere(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "packed/set_01.tar.gz", "packed/set_03.tar.gz")
    names = (("01", "b"), ("02", "c"), ("03", "a"), ("03", "e"))
    member = [f"**/set_*{n}.tar.gz::in/{name}.png" for n, name in names]
    rows = pl.DataFrame(
        {
            "image_id": ["b", "c", "a", "e", "d"],
            "root_id": "part",
            "path": ["**/b.png", "**/c.png", "**/a.png", "**/e.png", "fixed/d.png"],
            "member": [*member, "in/d.png"],
        }
    )
    told = located(rows, Places({"part": tmp_path}))
    assert told.select("image_id", "path", "member").rows() == [
        ("b", "packed/set_01.tar.gz", "in/b.png"),
        ("c", "**/c.png", None),
        ("a", "a.png", None),
        ("e", "**/e.png", None),
        ("d", "fixed/d.png", "in/d.png"),
    ]
