from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import build_source
from typer.testing import CliRunner

from cxdata.build.builds import builds
from cxdata.check.reconcile import NO_SOURCE, NOT_BUILT, collection, reconcile
from cxdata.cli.app import app
from cxdata.mix.config import shipped
from cxdata.model.errors import UsageError
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources


@pytest.fixture(scope="module")
def cx(tmp_path_factory: pytest.TempPathFactory, phantom_of: Callable[[Source], Path]) -> Path:
    home = tmp_path_factory.mktemp("cx")
    for slug, wanted in (("mimic", {}), ("chestxray14", {"limit": 5})):
        build_source(sources()[slug], phantom_of(sources()[slug]), home / slug, **wanted)
    return home


def test_cx_set_names_the_23_and_the_papers_totals() -> None:
    found = collection(shipped("cx-set"), "cx-set")
    assert len(found.sources) == len(set(found.sources)) == 23
    assert {total.what: total.value for total in found.totals} == {
        "pictures": 708_473, "question-answer samples": 2_619_148, "interleaved traces": 42_828
    }  # fmt: skip


def test_each_source_has_what_was_published_what_was_built_and_why_they_differ(cx: Path) -> None:
    known = {slug: source for slug, source in sources().items() if slug != "padchest"}
    found = reconcile(collection(shipped("cx-set"), "cx-set"), known, builds(cx))
    lines = {(line.source, line.unit): line for line in found.lines}
    record = json.loads((cx / "mimic/build.json").read_text())
    steps = {step["step"]: step["count"] for step in record["funnel"]}
    assert lines["mimic", "patients"].official == 65_379
    assert lines["mimic", "patients"].built == steps["patients"]
    assert lines["mimic", "patients"].reason.startswith("the download holds less than was published; rejected: ")
    assert lines["mimic", "images"].built == steps["pictures"]
    assert lines["chestxray14", "patients"].reason == "built with --limit 5"
    assert lines["openi", "studies"].reason == NOT_BUILT
    assert lines["padchest", "images"].reason == NO_SOURCE
    totals = {line.unit: line for line in found.totals}
    samples = sum(
        json.loads((cx / slug / "build.json").read_text())["samples"]["total"] for slug in ("mimic", "chestxray14")
    )
    assert totals["question-answer samples"].built == samples
    assert totals["question-answer samples"].reason == "21 of 23 sources are not built"


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
