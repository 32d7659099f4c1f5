from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source
from typer.testing import CliRunner

from cxdata.build.builds import builds
from cxdata.check.reconcile import NO_TRACES, collection, reconcile
from cxdata.check.stages import NO_SOURCE, NO_STEP, NOT_BUILT, STALE, UNFINISHED, Line, published
from cxdata.cli.app import app
from cxdata.mix.config import shipped
from cxdata.model.errors import UsageError
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources

WANTED: dict[str, dict[str, Any]] = {
    "mimic": {"tasks": ("disease_single_choice",)}, "chestxray14": {"tasks": ("disease_binary",), "limit": 5},
    "slake": {}, "radgraph": {"tasks": ("entity_relation_extraction",)},
}  # fmt: skip


@pytest.fixture(scope="module")
def cx(tmp_path_factory: pytest.TempPathFactory, phantom_of: Callable[[Source], Path]) -> Path:
    home = tmp_path_factory.mktemp("cx")
    for slug, wanted in WANTED.items():
        build_source(sources()[slug], phantom_of(sources()[slug]), home / slug, **wanted)
    assert CliRunner().invoke(app, ["reason", str(home / "mimic"), "--workers", "1"]).exit_code == 0
    return home


def lines_of(cx: Path) -> dict[tuple[str, str], Line]:
    found = reconcile(collection(shipped("cx-set"), "cx-set"), sources(), builds(cx))
    return {(line.source, line.step): line for line in (*found.lines, *found.totals)}


def test_cx_set_names_the_23_and_the_papers_totals() -> None:
    found = collection(shipped("cx-set"), "cx-set")
    assert len(found.sources) == len(set(found.sources)) == 23
    assert {total.what: total.value for total in found.totals} == {
        "pictures": 708_473, "question-answer samples": 2_619_148, "interleaved traces": 42_828
    }  # fmt: skip


def test_each_source_has_what_was_published_what_was_built_and_why_they_differ(cx: Path) -> None:
    known = {slug: source for slug, source in sources().items() if slug != "padchest"}
    found = reconcile(collection(shipped("cx-set"), "cx-set"), known, builds(cx))
    lines = {(line.source, line.step): line for line in found.lines}
    record = json.loads((cx / "mimic/build.json").read_text())
    steps = {step["step"]: step["count"] for step in record["funnel"]}
    assert lines["mimic", "patients"].official == 65_379
    assert lines["mimic", "patients"].built == steps["patients"]
    assert lines["mimic", "patients"].reason == "less than was published: the download lacks it"
    assert lines["mimic", "pictures"].reason == "", "the same reason is told once"
    of_reports = lines["mimic", "reports with sections"].reason
    assert of_reports.startswith("less than was published: the download lacks it, or rows were rejected: ")
    assert "report_empty 1" in of_reports
    assert "duplicate_row" not in of_reports, "a row of another table"
    assert lines["mimic", "pictures"].built == steps["pictures"]
    assert lines["chestxray14", "patients"].reason == "built with --limit 5"
    assert lines["openi", "studies"].reason == NOT_BUILT
    assert lines["padchest", "pictures"].reason == NO_SOURCE
    totals = {line.unit: line for line in found.totals}
    samples = sum(
        json.loads((cx / slug / "build.json").read_text())["samples"]["total"]
        for slug in ("mimic", "chestxray14", "slake", "radgraph")
    )
    assert totals["question-answer samples"].built == samples
    shown = sum(lines[slug, "pictures"].built or 0 for slug in ("mimic", "chestxray14", "slake"))
    assert totals["pictures"].built == shown, "RadGraph's pictures are MIMIC-CXR's"
    assert totals["question-answer samples"].reason == "19 of 23 sources are not built"


def test_questions_are_told_as_read_used_and_asked(cx: Path) -> None:
    lines, record = lines_of(cx), json.loads((cx / "slake/build.json").read_text())
    read, used, asked = (lines["slake", f"questions {stage}"] for stage in ("read", "used", "asked"))
    assert (read.official, read.built) == (14_028, sum(one["rows_read"] for one in record["inputs"]))
    assert used.built == pl.read_parquet(cx / "slake/facets/questions.parquet").height < read.built
    assert "other_modality" in used.reason
    assert asked.built == record["samples"]["total"] == used.built
    assert lines["vqa-rad", "questions read"]._replace(source="") == Line(
        "", "questions read", "questions", 2_248, None, NOT_BUILT
    )
    assert ("mimic", "questions read") not in lines


def test_boxes_and_entities_are_stages_where_a_source_has_them(cx: Path) -> None:
    lines = lines_of(cx)
    assert lines["chestxray14", "boxes"].official == 984
    assert lines["chestxray14", "boxes"].built == pl.read_parquet(cx / "chestxray14/facets/regions.parquet").height
    graphs = pl.read_parquet(cx / "radgraph/facets/statements.parquet")
    assert lines["radgraph", "entities"].built == graphs["entities"].list.len().sum() > 0
    assert lines["radgraph", "reports with sections"].reason == NO_STEP
    assert ("mimic", "boxes") not in lines


def test_traces_are_counted_where_they_lie(cx: Path, tmp_path: Path) -> None:
    place = "mimic/traces/evidence/traces.json"
    lines, told = lines_of(cx), json.loads((cx / place).read_text())
    files = [cx / "mimic" / shard["file"] for shard in told["shards"] if "/rejects/" not in shard["file"]]
    held = sum(pl.read_parquet(file).height for file in files)
    line, total = lines["mimic", "traces by evidence"], lines["CX-Set", "interleaved traces"]
    assert line.built == total.built == held == sum(told["with_trace"].values()) > 0
    assert line.reason.startswith(f"of {sum(told['samples'].values()):,} samples; 100.0 % of {held:,} written passed")
    assert total.reason == f"19 of 23 sources are not built; {held:,} by evidence"

    shutil.copytree(cx, tmp_path / "cx")
    failed = {**told["rejects"], "near_equal": held}
    (tmp_path / "cx" / place).write_text(json.dumps({**told, "rejects": failed}))
    assert f"50.0 % of {2 * held:,} written" in lines_of(tmp_path / "cx")["mimic", "traces by evidence"].reason
    (tmp_path / "cx" / place).write_text(json.dumps({**told, "samples_digest": "of others"}))
    stale = lines_of(tmp_path / "cx")
    assert (stale["mimic", "traces by evidence"].built, stale["mimic", "traces by evidence"].reason) == (held, STALE)
    assert stale["CX-Set", "interleaved traces"].built == 0
    assert stale["CX-Set", "interleaved traces"].reason.endswith(NO_TRACES)
    (tmp_path / "cx" / place).unlink()
    assert lines_of(tmp_path / "cx")["mimic", "traces by evidence"].reason == UNFINISHED


def test_pieces_are_summed_and_counts_of_some_rows_are_no_whole() -> None:
    def of(slug: str, unit: str, version: str | None = None) -> int | None:
        found = published(sources()[slug].manifest, version).get(unit)
        return found and found.value

    assert of("slake", "questions") == 14_028
    assert of("rad-restruct", "questions") == 176_855
    assert of("chestx-det", "images") == 3_578
    assert of("covidx-cxr-3", "images", "9b") == 30_882
    assert of("covidx-cxr-3", "images") == 67_863 + 8_473 + 8_482
    assert of("rsna", "boxes") == 9_555
    assert of("vindr-cxr", "images") == 18_000
    assert of("vindr-cxr", "boxes", "kaggle") is None, "boxes of one finding are not all boxes"
    assert of("mimic", "images") == 377_110


def test_a_mix_is_no_collection() -> None:
    with pytest.raises(UsageError, match="no collection"):
        collection(shipped("closed"), "closed")


def test_the_command_prints_json_with_and_without_builds(cx: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["reconcile", "cx-set", "--in", str(cx), "--json"])
    assert run.exit_code == 0
    assert json.loads(run.stdout)["collection"] == "CX-Set"
    empty = CliRunner().invoke(app, ["reconcile", "cx-set", "--in", str(tmp_path / "none"), "--json"])
    assert {line["built"] for line in json.loads(empty.stdout)["lines"]} == {None}


def test_every_source_of_the_collection_is_there() -> None:
    assert set(collection(shipped("cx-set"), "cx-set").sources) <= set(sources())
