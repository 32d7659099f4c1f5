"""`cxdata reason`: traces beside the samples, the same to the byte however they came about, and never stale unseen."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import build_source, write_phantom

from cxdata.build.builds import Build
from cxdata.build.progress import Silent
from cxdata.check.facts import facts
from cxdata.check.validate import validate
from cxdata.mix import traces as mixed
from cxdata.mix.config import mix_config
from cxdata.mix.run import MixRequest, mix
from cxdata.model.errors import CxdataError, RefusedError
from cxdata.reasoning.codes import CODES
from cxdata.reasoning.run import ReasonRequest, reason
from cxdata.reasoning.traces import traces_of
from cxdata.reasoning.writers import WriterRequest
from cxdata.sources.base import Source
from cxdata.sources.discovery import sources


@pytest.fixture(scope="module")
def cx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of mimic's phantom and its traces."""
    source, folder = sources()["mimic"], tmp_path_factory.mktemp("reason")
    root = write_phantom(source, folder / "data", 60)
    build_source(source, root, folder / "cx/mimic", images="path")
    told(folder / "cx")
    return folder / "cx"


def told(folder: Path, workers: int = 1) -> dict[str, Any]:
    request = ReasonRequest(folder, WriterRequest("evidence"), workers, lambda name: nullcontext(Silent()))
    (one,) = reason(request)
    return one


def shas(folder: Path) -> dict[str, str]:
    files = sorted((folder / "traces").rglob("*.parquet"))
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def copied(cx: Path, out: Path) -> Path:
    subprocess.run(["cp", "-r", str(cx), str(out)], check=True)
    return out


def test_counts_are_those_of_the_files(cx: Path) -> None:
    home, one = cx / "mimic", told(cx)
    rows = pl.read_parquet(home / "traces/evidence/*.parquet")
    samples = pl.read_parquet(home / "samples/disease_*.parquet")
    assert sum(one["samples"].values()) == samples.height
    assert sum(one["with_trace"].values()) == rows.height > 0.5 * samples.height
    assert sum(one["rejects"].values()) == samples.height - rows.height
    rejects = pl.read_parquet(home / "traces/evidence/rejects/*.parquet")
    assert dict(rejects["code"].value_counts().iter_rows()) == one["rejects"]
    assert set(rejects["stage"]) == {"reason"}
    assert set(rejects["code"]) <= set(CODES)
    bases = rows.explode("steps").unnest("steps")["basis"].drop_nulls()
    assert dict(bases.value_counts().iter_rows()) == one["steps"]
    assert rows["evidence"].list.len().min() >= 1
    assert json.loads((home / "traces/evidence/traces.json").read_text())["samples_digest"] == one["samples_digest"]


def test_again_writes_nothing_and_builds_leave_traces(cx: Path) -> None:
    before, source = shas(cx / "mimic"), sources()["mimic"]
    assert (told(cx)["shards_written"], told(cx)["shards_reused"]) == (0, len(before))
    built = build_source(source, cx.parent / "data", cx / "mimic", images="path")
    assert built["shards_written"] == 0
    assert shas(cx / "mimic") == before
    assert traces_of(Build(cx / "mimic", ""), "evidence").is_current  # type: ignore[union-attr]


def test_a_lost_file_is_written_again_to_the_same_bytes(cx: Path, tmp_path: Path) -> None:
    again = copied(cx, tmp_path / "cx")
    before = shas(again / "mimic")
    next((again / "mimic/traces/evidence").glob("*.parquet")).unlink()
    (again / "mimic/traces/evidence/stray.parquet").write_bytes(b"stray")
    assert told(again, workers=2)["shards_written"] > 0
    assert shas(again / "mimic") == before


@pytest.mark.slow
def test_killed_and_run_again_it_comes_to_the_same_bytes(cx: Path, tmp_path: Path) -> None:
    again = copied(cx, tmp_path / "cx")
    before = shas(again / "mimic")
    subprocess.run(["rm", "-r", str(again / "mimic/traces")], check=True)
    script = "from cxdata.cli.app import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, "reason", str(again)], start_new_session=True, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    while not list((again / "mimic/traces").rglob("*.parquet")):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert traces_of(Build(again / "mimic", ""), "evidence") is None
    told(again)
    assert shas(again / "mimic") == before


def test_other_samples_make_traces_stale(cx: Path, tmp_path: Path) -> None:
    again, said = copied(cx, tmp_path / "cx"), []
    home = again / "mimic"
    record = json.loads((home / "build.json").read_text())
    record["shards"][0 if record["shards"][0]["file"].startswith("samples/") else 1]["sha256"] = "0" * 64
    next(one for one in record["shards"] if one["file"].startswith("samples/"))["sha256"] = "0" * 64
    (home / "build.json").write_text(json.dumps(record))
    found = [Build(home, "")]
    assert mixed.find(found, found[0].shards("samples"), None, said.append).writer == "none"
    assert "cxdata reason" in said[0]
    with pytest.raises(RefusedError, match="other samples"):
        mixed.find(found, found[0].shards("samples"), "evidence", said.append)


def test_validate_finds_a_trace_that_was_tampered_with(cx: Path, tmp_path: Path) -> None:
    assert validate(cx, facts(())).ok
    again = copied(cx, tmp_path / "cx")
    file = next((again / "mimic/traces/evidence").glob("disease_binary*.parquet"))
    pl.read_parquet(file).with_columns(evidence=pl.lit(["The moon is full."])).write_parquet(file)
    assert {problem.code for problem in validate(again, facts(())).problems} == {"size"}
    record = again / "mimic/traces/evidence/traces.json"
    content = json.loads(record.read_text())
    for shard in content["shards"]:
        path = again / "mimic" / shard["file"]
        shard |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size_bytes": path.stat().st_size}
    record.write_text(json.dumps(content))
    found = {problem.code for problem in validate(again, facts(())).problems}
    assert found & {"schema", "evidence_foreign"}


def test_validate_says_that_traces_are_not_finished(cx: Path, tmp_path: Path) -> None:
    again = copied(cx, tmp_path / "cx")
    (again / "mimic/traces/evidence/traces.json").unlink()
    assert {problem.code for problem in validate(again, facts(())).problems} == {"traces_json"}


def test_one_at_a_time(cx: Path) -> None:
    from cxdata.build.folder import BuildFolder

    with BuildFolder(cx / "mimic").held(), pytest.raises(RefusedError, match="another build"):
        told(cx)


def test_what_cannot_be_reasoned_about_is_said(cx: Path, tmp_path: Path, phantom_of: Callable[[Source], Path]) -> None:
    source = sources()["chestxray14"]
    build_source(source, phantom_of(source), tmp_path / "cx/chestxray14", tasks=("view_classification",))
    with pytest.raises(CxdataError, match="no trace came out"):
        told(tmp_path / "cx")
    bare = copied(cx, tmp_path / "unfinished")
    (bare / "mimic/build.json").unlink()
    with pytest.raises(CxdataError, match="not finished"):
        told(bare)
    gone = copied(cx, tmp_path / "gone")
    (gone / "mimic/facets/reports.parquet").unlink()
    with pytest.raises(CxdataError, match="gone or damaged"):
        told(gone)


def test_boxes_are_evidence_where_there_are_no_reports(tmp_path: Path, phantom_of: Callable[[Source], Path]) -> None:
    source = sources()["vindr-cxr"]
    build_source(source, phantom_of(source), tmp_path / "cx/vindr-cxr", images="path")
    one = told(tmp_path / "cx")
    assert one["steps"]["box"] > 0
    assert "affirmed" not in one["steps"]
    assert validate(tmp_path / "cx", facts(())).ok


@pytest.mark.parametrize("stage", ["closed", "open"])
def test_a_mix_makes_golds_of_traces(cx: Path, tmp_path: Path, stage: Any) -> None:
    request = MixRequest(
        cx, tmp_path / "mix", mix_config(stage), "easyr1", "path", "keep", sources(), lambda text: None
    )
    content = mix(request)
    rows = pl.read_parquet(tmp_path / "mix/*/*.parquet")
    traced = rows.filter(pl.col("gold_kind") == "trace")
    assert traced.height == content["traces"]["rows"] > 0
    assert traced["answer"].str.contains("<think>").all()
    assert content["traces"]["silent_share"] <= mixed.MOST_SILENT
    assert content["config"]["traces"] == "evidence"
    from cxdata.check.stage import validate_stage

    problems = [one for one in validate_stage(tmp_path / "mix").problems if one.column == "answer"]
    assert problems == []


def test_traces_rest_on_where_padchest_says_that_a_finding_lies(tmp_path: Path) -> None:
    source = sources()["padchest"]
    build_source(source, write_phantom(source, tmp_path / "d", 60), tmp_path / "cx/padchest", images="none")
    one = told(tmp_path / "cx")
    assert one["steps"]["location"] > 10
    rows = pl.read_parquet(tmp_path / "cx/padchest/traces/evidence/*.parquet")
    placed = rows.explode("steps").unnest("steps").filter(pl.col("basis") == "location")
    stated = pl.read_parquet(tmp_path / "cx/padchest/facets/locations.parquet")
    samples = pl.read_parquet(tmp_path / "cx/padchest/samples/disease_*.parquet", columns=["sample_id", "study_key"])
    sides = dict(stated.group_by("study_id").agg(pl.col("side").drop_nulls().unique()).iter_rows())
    named = placed.join(samples, on="sample_id").filter(pl.col("verdict"))
    for study, think in named.select("study_key", pl.col("think").str.to_lowercase()).iter_rows():
        for side in ("left", "right"):
            assert f" {side} " not in f" {think.strip('.')} " or side in sides[study.partition(":")[2]]


def test_a_mix_without_traces_answers_alone(cx: Path, tmp_path: Path) -> None:
    request = MixRequest(
        cx, tmp_path / "mix", mix_config("open"), "easyr1", "path", "keep", sources(), lambda text: None, traces="none"
    )
    assert mix(request)["traces"]["rows"] == 0
    assert set(pl.read_parquet(tmp_path / "mix/*/*.parquet")["gold_kind"]) == {"answer"}


def test_silent_steps_are_at_most_three_in_ten() -> None:
    counted = pl.DataFrame(
        {"file": [0] * 4, "place": [0, 1, 2, 3], "times": [1] * 4, "sample_id": list("abcd"), "affirmed": [2, 1, 1, 0],
         "denied": [2, 1, 0, 0], "box": [0] * 4, "silent": [0, 2, 3, 4], "label_only": [0] * 4,
         "location": [0] * 4},
    )  # fmt: skip
    kept = mixed._within(counted, 0)
    assert kept["sample_id"].to_list() == ["a", "b"]  # 2 of 8 silent; with the next it would be 5 of 12
