from __future__ import annotations

from pathlib import Path

from cxdata.images.named import found_below, is_by_name


def put(root: Path, *places: str) -> Path:
    for place in places:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return root


def test_a_file_is_found_wherever_it_lies(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "one/b.png", "one/two/c.png")
    found = found_below(tmp_path, ["**/a.png", "**/b.png", "**/c.png", "**/d.png", "one/b.png"])
    assert found == {"**/a.png": "a.png", "**/b.png": "one/b.png", "**/c.png": "one/two/c.png"}
    assert [is_by_name(path) for path in ("**/a.png", "a/**/b", "a.png")] == [True, False, False]


def test_of_several_the_least_deep_then_the_first_is_taken(tmp_path: Path) -> None:
    put(tmp_path, "z/a.png", "b/c/a.png", "y/a.png")
    assert found_below(tmp_path, ["**/a.png"]) == {"**/a.png": "y/a.png"}


def test_hidden_folders_are_passed_over_and_a_root_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    put(tmp_path, ".cache/a.png", "__MACOSX/a.png")
    assert found_below(tmp_path, ["**/a.png"]) == {}
    assert found_below(None, ["**/a.png"]) == {}
    assert found_below(tmp_path / "gone", ["**/a.png"]) == {}


def test_a_name_may_hold_wildcards(tmp_path: Path) -> None:
    put(tmp_path, "x/CXR1_1_IM-7.png", "x/CXR11_IM-7.png")
    assert found_below(tmp_path, ["**/CXR1_*IM-7.png"]) == {"**/CXR1_*IM-7.png": "x/CXR1_1_IM-7.png"}
