"""`split-check`: planted leaks are caught, or told as unknown, in builds and in stage folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from cxdata.cli.app import app
from cxdata.mix.matches import with_links
from cxdata.mix.patients import resolve
from cxdata.model.errors import CxdataError
from cxdata.model.links import Link, MatchList
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources

SCHEMA = {"patient_key": pl.String, "split_official": pl.String}
Keys = list[tuple[str, str | None]]


def run(*folders: Path, rc: int = 0) -> dict[str, Any]:
    """The JSON of split-check, which must end with that exit code."""
    result = CliRunner().invoke(app, ["split-check", *map(str, folders), "--json"])
    assert result.exit_code == rc, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def make_build(home: Path, patients: Keys, samples: Keys | None = None) -> Path:
    """The files of a build that split-check reads."""
    (home / "samples").mkdir(parents=True)
    (home / "build.json").write_text(json.dumps({"source": home.name}))
    pl.DataFrame(patients, schema=SCHEMA, orient="row").write_parquet(home / "patients.parquet")
    pl.DataFrame(samples or [], schema=SCHEMA, orient="row").write_parquet(
        home / "samples" / "t-00000-of-00001.parquet"
    )
    return home


def make_stage(home: Path, **rows: list[tuple[str, list[str]]]) -> Path:
    """A stage folder: by split the source and the patients of each row."""
    for split, said in rows.items():
        (home / split).mkdir(parents=True)
        table = pl.DataFrame(said, schema={"source": pl.String, "patient_keys": pl.List(pl.String)}, orient="row")
        table.with_columns(split=pl.lit(split)).write_parquet(home / split / "part.parquet")
    return home


def test_official_conflicts_of_builds_are_told_and_resolved(tmp_path: Path) -> None:
    mimic: Keys = [("mimic:1", "train"), ("mimic:2", "test"), ("mimic:3", "train"), ("mimic:4", "val")]
    make_build(tmp_path / "mimic", mimic, [("mimic:3", "train"), ("mimic:3", "test")])
    make_build(tmp_path / "openi", [("openi:1", None), ("openi:2", None)])
    found = run(tmp_path)
    assert found["ok"]
    assert found["official"]["mimic"] == {"mimic": 1, "openi": 0}
    assert found["matrix"] == {"mimic": {"mimic": 0, "openi": 0}, "openi": {"mimic": 0, "openi": 0}}
    assert found["unknown"] == []


def test_a_build_alone(tmp_path: Path) -> None:
    assert run(make_build(tmp_path / "mimic", [("mimic:1", "train")]))["matrix"] == {"mimic": {"mimic": 0}}


def test_clean_stage_folders(tmp_path: Path) -> None:
    closed = make_stage(tmp_path / "closed", train=[("mimic", ["mimic:1", "mimic:3"])], test=[("mimic", ["mimic:2"])])
    opened = make_stage(tmp_path / "open", train=[("mimic", ["mimic:3"])], val=[("openi", ["openi:1"])])
    found = run(closed, opened)
    assert found == {
        "ok": True, "official": {}, "unknown": [],
        "matrix": {"mimic": {"mimic": 0, "openi": 0}, "openi": {"mimic": 0, "openi": 0}},
    }  # fmt: skip


def test_leak_same_study_in_two_splits_of_one_stage_folder(tmp_path: Path) -> None:
    closed = make_stage(tmp_path / "closed", train=[("mimic", ["mimic:1"])], val=[("mimic", ["mimic:1"])])
    assert run(closed, rc=1)["matrix"] == {"mimic": {"mimic": 1}}


def test_leak_between_stage_folders(tmp_path: Path) -> None:
    closed = make_stage(tmp_path / "closed", train=[("mimic", ["mimic:1"])])
    opened = make_stage(tmp_path / "open", test=[("mimic", ["mimic:9", "mimic:1"])])
    assert run(closed)["ok"]
    assert run(opened)["ok"]
    assert run(closed, opened, rc=1)["matrix"] == {"mimic": {"mimic": 1}}


def test_leak_same_patient_under_two_sources(tmp_path: Path) -> None:
    """Under one key, and under two keys that a list of the package matches."""
    rows: dict[str, list[tuple[str, list[str]]]] = {
        "train": [("mimic", ["mimic:1"])],
        "test": [("ms-cxr", ["mimic:1"])],
    }
    found = run(make_stage(tmp_path / "closed", **rows), rc=1)
    assert found["matrix"]["mimic"] == {"mimic": 0, "ms-cxr": 1}

    nih, other = a_shipped_pair()
    planted = make_stage(tmp_path / "open", train=[("chestxray14", [nih])], val=[("chestx-det", [other])])
    assert run(planted, rc=1)["matrix"]["chestx-det"] == {"chestx-det": 0, "chestxray14": 1}


def a_shipped_pair() -> tuple[str, str]:
    """Some patient of NIH and its picture in ChestX-Det, by the list in the package."""
    build = with_links(sources()["chestxray14"], pl.DataFrame(schema=SCHEMA), {})
    (pairs,) = [known.pairs for known in build.links if known.link.source == "chestx-det"]
    assert pairs is not None
    own, other = pairs.sort("own").row(0)
    return f"nih:{own}", f"chestx-det:{other}"


def test_leak_that_only_a_missing_list_could_show_is_unknown(tmp_path: Path) -> None:
    closed = make_stage(tmp_path / "closed", train=[("chestxray14", ["nih:1"])], test=[("siim", ["siim:x"])])
    found = run(closed)
    assert found["matrix"]["siim"]["chestxray14"] == 0
    assert [pair[:2] for pair in found["unknown"]] == [["chestxray14", "siim"]]
    told = CliRunner().invoke(app, ["split-check", str(closed)])
    assert "siim" in told.stdout
    assert "Unknown" in told.stdout


def test_rows_whose_own_split_is_another_than_their_folder(tmp_path: Path) -> None:
    closed = make_stage(tmp_path / "closed", train=[("mimic", ["mimic:1"])])
    file = closed / "train" / "part.parquet"
    pl.read_parquet(file).with_columns(split=pl.lit("test")).write_parquet(file)
    assert run(closed, rc=1)["matrix"] == {"mimic": {"mimic": 1}}


def test_builds_beside_a_stage_folder(tmp_path: Path) -> None:
    make_build(tmp_path / "cx" / "mimic", [("mimic:1", "train"), ("mimic:2", "val")])
    closed = make_stage(tmp_path / "closed", test=[("mimic", ["mimic:1"])], train=[("far-away", ["far-away:1"])])
    found = run(tmp_path / "cx", closed)
    assert found["official"] == {"mimic": {"mimic": 0}}
    assert set(found["matrix"]) == {"mimic", "far-away"}


@pytest.mark.parametrize("kind", ["nothing", "no rows", "no column", "unfinished"])
def test_folders_that_cannot_be_judged(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    if kind != "nothing":
        (folder / ("samples" if kind == "unfinished" else "train")).mkdir()
    if kind == "no column":
        pl.DataFrame({"source": ["mimic"]}).write_parquet(folder / "train" / "part.parquet")
    result = CliRunner().invoke(app, ["split-check", str(folder)])
    assert isinstance(result.exception, CxdataError)
    assert result.exception.exit_code == (1 if kind in ("no column", "unfinished") else 2)
    assert result.exception.mend


# Lists that match ids: which is read, and what is wrong with it.


def with_list(tmp_path: Path, *lists: MatchList) -> Source:
    nih = sources()["chestxray14"]
    link = Link(source="rsna", ids="match list", namespace="rsna", person="own", lists=lists, why="made up")
    return Source(nih.manifest.model_copy(update={"same_patients_as": (link,)}), tmp_path / "package", nih.load)


DOWNLOAD = MatchList(
    place="download", path="mapping*.json", own="img_id", own_id=r"^0*(\d+)_\d{3}\.png$", other="subset_img_id",
    origin="made up",
)  # fmt: skip
PACKAGE = MatchList(place="package", path="rsna.csv", own="nih", other="patientId", origin="made up")


def test_the_users_list_comes_before_the_packages(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "rsna.csv").write_text("nih,patientId\n7,b\n")
    listed = with_list(tmp_path, DOWNLOAD, PACKAGE)
    assert pairs_of(listed, {}) == [("7", "b")]
    (tmp_path / "rsna").mkdir()
    rows = [{"img_id": "00000012_003.png", "subset_img_id": "a"}, {"img_id": "unlike", "subset_img_id": "c"}]
    (tmp_path / "rsna" / "mapping_2018.json").write_text(json.dumps(rows))
    assert pairs_of(listed, {"rsna": [tmp_path / "rsna"]}) == [("12", "a")]


def pairs_of(listed: Source, roots: dict[str, list[Path]]) -> list[tuple[str, str]]:
    (known,) = with_links(listed, pl.DataFrame(schema=SCHEMA), roots).links
    assert known.pairs is not None
    return known.pairs.rows()


@pytest.mark.parametrize("text", ["[{", '{"img_id": 1}', '[{"img_id": "00000012_003.png"}]'])
def test_a_damaged_list_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "mapping.json").write_text(text)
    with pytest.raises(CxdataError, match="cannot be read") as caught:
        pairs_of(with_list(tmp_path, DOWNLOAD), {"chestxray14": [tmp_path]})
    assert "mapping.json" in str(caught.value)
    assert "subset_img_id" in str(caught.value.mend)


def test_shipped_lists_are_whole() -> None:
    build = with_links(sources()["chestxray14"], pl.DataFrame(schema=SCHEMA), {})
    sizes = {known.link.source: known.pairs.height for known in build.links if known.pairs is not None}
    assert sizes == {"rsna": 26_586, "chestx-det": 3_543}
    for known in build.links:
        if known.pairs is not None:
            assert known.pairs["other"].is_unique().all()
            assert known.pairs["own"].cast(pl.Int32).is_between(1, 30_805).all()


@pytest.mark.parametrize("wrong", [
    {"source": "x", "ids": "same keys", "namespace": "y"}, {"source": "x", "ids": "same ids"},
    {"source": "x", "ids": "same ids", "namespace": "y", "lists": [PACKAGE.model_dump()]},
    {"source": "x", "ids": "same ids", "namespace": "y", "own_id": "no group"},
])  # fmt: skip
def test_links_that_say_nothing_definite(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"link to x|one group"):
        Link.model_validate({**wrong, "why": "made up"})


def test_the_docs_list_every_declared_link() -> None:
    page = (Path(__file__).parents[1] / "docs" / "patients.md").read_text(encoding="utf-8")
    declared = {(s.slug, link.source, link.ids) for s in sources().values() for link in s.manifest.same_patients_as}
    assert {row for row in declared if "| `{}` | `{}` | {} |".format(*row) not in page} == set()


def test_declared_links_agree_with_each_other() -> None:
    builds = [with_links(source, pl.DataFrame(schema=SCHEMA), {}) for source in sources().values()]
    assert resolve(builds).patients.is_empty()
    said = {(b.source, known.link.source) for b in builds for known in b.links}
    assert {("mimic", "ms-cxr"), ("openi", "rad-restruct"), ("chestxray14", "siim"), ("chestxray14", "slake")} <= said
