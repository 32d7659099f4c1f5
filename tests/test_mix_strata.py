"""View, sex, age and devices of rows: as stated, `several` where what is shown differs, null where it is not known."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from conftest import build_source, write_phantom

from cxdata.build.builds import builds
from cxdata.build.used import states_of
from cxdata.mix.config import mix_config
from cxdata.mix.run import MixRequest, mix
from cxdata.mix.strata import STRATA, Strata, strata_of, with_strata
from cxdata.model.states import Effective
from cxdata.sources.discovery import sources

SLUG = "chexpert"

KNOWN = Strata(
    pl.DataFrame({
        "source": ["s"] * 5, "image_id": ["a", "b", "c", "d", "e"], "picture_study": ["1", "1", "2", "3", "gone"],
        "view": ["PA", "LATERAL", "PA", None, "PA"],
    }),
    pl.DataFrame({
        "source": ["s", "s", "s", "t"], "study_id": ["1", "2", "3", "1"], "sex": ["F", "F", "M", "M"],
        "age_band": ["18 to 39", "40 to 59", None, None], "support_devices": ["present", "absent", "present", None],
    }),
)  # fmt: skip


@pytest.mark.parametrize(("images", "study", "wanted"), [
    (["a"], "1", ("PA", "F", "18 to 39", "present")),
    (["a", "b"], "1", ("several", "F", "18 to 39", "present")),
    (["a", "c"], "1", ("PA", "F", "several", "several")),
    (["c", "d"], "3", (None, "several", None, "several")),
    (["e"], "1", ("PA", None, None, None)),
    ([], "2", (None, "F", "40 to 59", "absent")),
    (["f"], "1", (None, None, None, None)),
])  # fmt: skip
def test_a_row_has_what_all_that_it_shows_has(images: list[str], study: str, wanted: tuple[str | None, ...]) -> None:
    rows = pl.DataFrame(
        {"source": ["s", "s"], "study_key": [f"p:{study}", "p:1"], "image_ids": [images, ["a"]]},
        schema_overrides={"image_ids": pl.List(pl.String)},
    )
    told = with_strata(rows, KNOWN)
    assert told.select(STRATA).rows() == [wanted, ("PA", "F", "18 to 39", "present")]
    assert told.drop(STRATA).equals(rows)


def test_another_source_s_study_of_the_same_name_is_another() -> None:
    rows = pl.DataFrame({"source": ["t"], "study_key": ["p:1"], "image_ids": [[]]},
                        schema_overrides={"image_ids": pl.List(pl.String)})  # fmt: skip
    assert with_strata(rows, KNOWN).select(STRATA).row(0) == (None, "M", None, None)


@pytest.fixture(scope="module")
def cx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("builds") / "cx"
    source = sources()[SLUG]
    build_source(source, write_phantom(source, tmp_path_factory.mktemp(SLUG), 40), home / SLUG, images="path")
    return home


def test_rows_of_a_mix_say_what_the_facets_say(cx: Path, tmp_path: Path) -> None:
    mix(MixRequest(cx, tmp_path / "m", mix_config("sft"), "easyr1", "path", "keep", sources(), lambda text: None))
    rows = pl.read_parquet(tmp_path / "m/*/*.parquet")
    samples = pl.read_parquet(cx / SLUG / "samples/*.parquet").select("sample_id", "image_ids", "study_key")
    studies = pl.read_parquet(cx / SLUG / "facets/studies.parquet")
    images = pl.read_parquet(cx / SLUG / "images/*.parquet").select(image="image_id", seen="view")
    told = rows.join(samples, on="sample_id").with_columns(study_id=pl.col("study_key").str.split(":").list.last())
    one = told.filter(pl.col("image_ids").list.len() == 1)
    viewed = one.with_columns(image=pl.col("image_ids").list.first()).join(images, on="image")
    assert viewed["view"].equals(viewed["seen"].replace({"UNKNOWN": None}), null_equal=True)
    known = one.join(studies, on="study_id", suffix="_stated")
    assert known.height == one.height > 0
    assert known["sex"].equals(known["sex_stated"], null_equal=True)
    sixty = known.filter(pl.col("age") >= 60, pl.col("age") < 80)
    assert set(sixty["age_band"]) == {"60 to 79"}
    assert set(known.filter(pl.col("age").is_null())["age_band"]) <= {None}
    pairs = told.filter(pl.col("image_ids").list.len() > 1, pl.col("view") == "several")
    assert pairs.height > 0


def test_devices_are_told_as_stated_and_silence_is_not_absence(cx: Path) -> None:
    found = builds(cx)
    known = strata_of(found, sources(), pl.Series([], dtype=pl.String)).studies
    states = states_of(found[0], sources()[SLUG].manifest)
    assert states is not None
    stated = states.filter(pl.col("finding") == "Support Devices").collect()
    words = {int(Effective.PRESENT): "present", int(Effective.ABSENT): "absent", int(Effective.UNCERTAIN): "uncertain"}
    wanted = stated.select("study_id", pl.col("state").replace_strict(words, default=None, return_dtype=pl.String))
    both = known.join(wanted, on="study_id")
    assert both["support_devices"].equals(both["state"], null_equal=True)
    assert {"present", None} <= set(both["support_devices"])


def test_without_facets_nothing_is_guessed(cx: Path, tmp_path: Path) -> None:
    import shutil

    bare = Path(shutil.copytree(cx, tmp_path / "cx"))
    shutil.rmtree(bare / SLUG / "facets")
    assert strata_of(builds(bare), sources(), pl.Series([], dtype=pl.String)).studies.is_empty()
