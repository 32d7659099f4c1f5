"""Pictures in the rows of a stage folder: their bytes, the parts they are written in, room on the disk."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from cxdata.build.builds import ROOTS_JSON, Build
from cxdata.mix import contents
from cxdata.mix.contents import InRows
from cxdata.mix.pool import DICOM
from cxdata.mix.shown import Shown, shown
from cxdata.model.errors import CxdataError

SIZES = {f"made:{number}": 100 + number for number in range(12)}
ROWS = [[], ["made:0", "made:1"], ["made:2"], ["made:3", "made:0"], [], *([f"made:{number}"] for number in range(12))]


def content_of(image_id: str) -> bytes:
    return image_id.encode().ljust(SIZES[image_id], b".")


@pytest.fixture
def pictures(tmp_path: Path) -> Shown:
    """Pictures of a build, every third a file and the others stored."""
    home = tmp_path / "cx/made"
    (home / "images").mkdir(parents=True)
    (home / ROOTS_JSON).parent.mkdir()
    (home / ROOTS_JSON).write_text(json.dumps({"jpg": str(tmp_path)}))
    rows = []
    for number, image_id in enumerate(SIZES):
        is_file = number % 3 == 0
        if is_file:
            (tmp_path / f"{number}.jpg").write_bytes(content_of(image_id))
        rows.append((image_id, "jpg", f"{number}.jpg", *((None, None) if is_file else (content_of(image_id), "sha"))))
    columns = ["image_id", "root_id", "path", "bytes", "content_sha256"]
    sides = [pl.lit(8, pl.Int32).alias(name) for name in ("width", "height", "stored_width", "stored_height")]
    pl.DataFrame(rows, schema=columns, orient="row").with_columns(sides).write_parquet(
        home / "images/one.parquet", row_group_size=5
    )
    return shown(pl.Series(list(SIZES)), [Build(home, "")])


def held(pictures: Shown, folder: Path) -> InRows:
    times = pl.Series(ROWS).explode().drop_nulls().value_counts(name="times").select(image_id="", times="times")
    return InRows(pictures, times, folder)


def test_every_row_has_the_bytes_of_its_pictures_in_their_order(pictures: Shown, tmp_path: Path) -> None:
    rows = pl.DataFrame({"image_ids": ROWS}, schema={"image_ids": pl.List(pl.String)})
    with held(pictures, tmp_path) as each:
        images = each.images(rows)
        assert each.rows_bytes == sum(SIZES[one] for ids in ROWS for one in ids)
    for ids, shown_there in zip(ROWS, images.to_list(), strict=True):
        assert [(one["path"], one["bytes"]) for one in shown_there] == [(one, content_of(one)) for one in ids]


def test_parts_end_where_their_pictures_would_be_too_large(
    pictures: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pl.DataFrame({"image_ids": ROWS}, schema={"image_ids": pl.List(pl.String)}).with_row_index("nth")
    monkeypatch.setattr(contents, "PART_BYTES", 320)
    with held(pictures, tmp_path) as each:
        parts = list(each.parts(rows))
    assert pl.concat(parts).equals(rows)
    sizes = [[sum(SIZES[one] for one in ids) for ids in part["image_ids"]] for part in parts]
    assert len(parts) > 5
    assert all(sum(some) <= 320 for some in sizes)
    assert all(sum(some) + later[0] > 320 for some, later in pairwise(sizes))


def test_a_picture_larger_than_a_part_has_one_for_itself(
    pictures: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pl.DataFrame({"image_ids": [["made:0"], ["made:1"]]})
    monkeypatch.setattr(contents, "PART_BYTES", 10)
    with held(pictures, tmp_path) as each:
        assert [part.height for part in each.parts(rows)] == [1, 1]


def test_nothing_is_left_of_the_copy_and_a_full_disk_is_refused_first(
    pictures: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "mix"
    out.mkdir()
    with held(pictures, out):
        assert list(out.iterdir()) == []
    monkeypatch.setattr(contents, "free_bytes", lambda folder: 2000)
    with pytest.raises(CxdataError, match=r"take 1\.8 kB in rows and 848 bytes while .*, and 2\.0 kB are free"):
        held(pictures, out).__enter__()


def test_a_picture_that_is_gone_is_named(pictures: Shown, tmp_path: Path) -> None:
    (tmp_path / "3.jpg").unlink()
    with pytest.raises(CxdataError, match="no longer where the build found it") as error:
        held(pictures, tmp_path)
    assert error.value.where == str(tmp_path / "3.jpg")


@pytest.mark.parametrize(("path", "is_dicom"), [
    ("a/b.dcm", True), ("b.dicom", True), ("dataset/1.2.826.0.1.3680043.8.498.10", True), ("1.2.840.10008", True),
    ("a/b.png", False), ("p10/s5/1.2.png", False), ("1.2.840/film.jpg", False), ("2020", False),
])  # fmt: skip
def test_a_dicom_is_told_by_the_end_of_its_name_or_by_a_uid(path: str, *, is_dicom: bool) -> None:
    assert pl.select(pl.lit(path).str.contains(DICOM)).item() == is_dicom
