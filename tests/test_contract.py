"""One suite over every source. A new source is tested by being there; nothing here knows any by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from conftest import KNOWN, Golden, build_source

from cxdata.build.folder import SHARD_FOLDERS
from cxdata.build.inputs import resolve, wanted
from cxdata.build.parents import ParentFacets, parents_of
from cxdata.build.pool import Pool
from cxdata.model import policies
from cxdata.model.errors import CxdataError, UsageError
from cxdata.model.facets import FACET_KEYS, FACETS
from cxdata.model.hashing import digest, file_sha256, frame_digest
from cxdata.model.manifest import Layout
from cxdata.sources.base import ReadContext, Reading, Source
from cxdata.sources.roots import Found, find_file, locate
from cxdata.tasks.base import task, tasks

PhantomOf = Callable[..., Path]
InLayout = tuple[Source, Layout]
TIERED = {name for name, columns in FACETS.items() if "reference" in columns} - {"questions"}
PICTURES = (".jpg", ".png", ".dcm", ".dicom")


def read(source: Source, root: Path) -> Reading:
    options, found = source.manifest.settings({}), found_in(source, root)
    inputs = resolve(source.manifest, found, options, None, partial=True)
    parents = ParentFacets(lambda: parents_of(source, KNOWN, lambda _: [root]), Pool(1).run)
    return source.reader.read(ReadContext(source.manifest, inputs.files, found.roots, options, Pool(1).run, parents))


def found_in(source: Source, root: Path) -> Found:
    found = locate(source.manifest, [root])
    assert found is not None
    return found


def test_manifest_is_complete(source: Source) -> None:
    manifest = source.manifest
    assert all((manifest.licence, manifest.terms, manifest.citations, manifest.official_counts))
    assert all(part.home.url.startswith("https://") for part in manifest.parts.values())
    assert all(count.origin for count in manifest.official_counts)
    assert set(manifest.tasks) <= set(tasks())
    assert set(manifest.facets) <= set(FACETS)
    assert all(file.columns for file in manifest.files if file.kind == "table")
    for name in manifest.tasks:
        filled = {*manifest.facets, *manifest.derives}
        assert set(task(name).facets) <= filled, f"{name} needs facets that the source does not fill"
    if any(task(name).has_tier for name in manifest.tasks):
        told = (*(manifest.labels.annotators if manifest.labels else ()), *manifest.answered_by)
        assert told or set(manifest.facets) & TIERED, "nothing says of which tier its samples are"
    for part in ("manifest.yaml", "reader.py", "phantom.py", "NOTES.md"):
        assert (source.folder / part).is_file()


def test_phantom_is_found_as_its_layout(layout: InLayout, phantom_of: PhantomOf) -> None:
    source, asked = layout
    found = found_in(source, phantom_of(source, asked))
    assert found.layout == asked.name
    assert found.version == asked.version
    assert set(found.roots) == set(asked.parts)


def test_reading_twice_gives_equal_tables(source: Source, phantom_of: PhantomOf, golden: Golden) -> None:
    first, second = (read(source, phantom_of(source)) for _ in range(2))
    assert set(first.facets) == set(source.manifest.facets)
    for name, frame in first.facets.items():
        assert frame.equals(second.facets[name]), name
        assert dict(frame.schema) == FACETS[name]
        assert frame.height, f"the phantom fills no {name}"
    digests = [frame_digest(frame, FACET_KEYS[name]) for name, frame in sorted(first.facets.items())]
    digests.append(frame_digest(first.rejects, first.rejects.columns))
    golden.check(f"reader {source.slug}", source.reader.VERSION, digest(digests))


def test_every_row_is_used_or_rejected_once(layout: InLayout, phantom_of: PhantomOf) -> None:
    source, asked = layout
    reading = read(source, phantom_of(source, asked))
    rejects = dict(reading.rejects.group_by("file").len().iter_rows())
    is_usual = asked.name == source.manifest.layouts[0].name
    assert reading.rejects.height or not is_usual, "the phantom plants no reject"
    for count in reading.counts:
        assert count.rows_read > 0, count.file
        assert count.rows_used + count.rows_rejected == count.rows_read, count.file
        assert rejects.get(count.file, 0) == count.rows_rejected, count.file


def test_declared_states_are_met(source: Source, phantom_of: PhantomOf) -> None:
    if source.manifest.labels is None:
        pytest.skip("the source states no labels")
    findings = read(source, phantom_of(source)).facets["findings"]
    full = any(annotator.how == "every case" for annotator in source.manifest.labels.annotators)
    usual = ("present", "absent", "uncertain") if full else ("present",)
    assert set(source.manifest.states or usual) <= set(findings["state"])
    assert not source.manifest.states or set(findings["state"].drop_nulls()) <= set(source.manifest.states)


@pytest.mark.parametrize("images", ["none", "path"])
def test_samples_of_every_task(
    source: Source, phantom_of: PhantomOf, tmp_path: Path, golden: Golden, images: str
) -> None:
    result = build_source(source, phantom_of(source), tmp_path / "b", images=images)
    assert set(result["samples"]["by_task"]) == set(source.manifest.tasks)
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    for name in source.manifest.tasks:
        rows = samples.filter(pl.col("task") == name)
        assert rows.height, f"{source.slug} feeds no {name}"
        assert rows["reference"].null_count() == (0 if task(name).has_tier else rows.height), f"{name}: tiers"
        golden.check(f"{name} on {source.slug}", task(name).version, frame_digest(rows, ["sample_id"]))
    assert samples["sample_id"].is_unique().all()
    assert samples["patient_key"].str.starts_with(f"{source.manifest.patient_namespace}:").all()
    assert (samples["split_reason"].str.len_chars() > 0).all()
    assert set(samples["restricted"]) == {source.manifest.restricted}


@pytest.mark.slow
def test_samples_in_every_layout(layout: InLayout, phantom_of: PhantomOf, tmp_path: Path, golden: Golden) -> None:
    source, asked = layout
    root = phantom_of(source, asked)
    result = build_source(source, root, tmp_path / "b", images="path", partial=True)
    came_out = {name for name, n in result["samples"]["by_task"].items() if n}
    filled = filled_in(read(source, root))
    assert came_out >= {name for name in result["samples"]["by_task"] if needs(name) <= filled}
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    if any(path.suffix in PICTURES for path in root.rglob("*")):
        assert "ok" in result["pictures"], "the phantom's pictures are not found"
    versions = [source.reader.VERSION, *(task(name).version for name in source.manifest.tasks)]
    golden.check(f"{source.slug} as {asked.name}", sum(versions), frame_digest(samples, ["sample_id"]))


def needs(name: str) -> set[str]:
    """The facets, and the column of one, without which the task has nothing to ask."""
    more = (
        {"findings"} if task(name).reads_labels else {"reports indication"} if name.endswith("_indication") else set()
    )
    return {*task(name).facets, *more}


def filled_in(reading: Reading) -> set[str]:
    """The facets that have rows, and their columns that hold something: `reports`, `reports indication`."""
    rows = {name: frame for name, frame in reading.facets.items() if frame.height}
    held = {f"{name} {column}" for name, frame in rows.items() for column in frame.columns if frame[column].count()}
    return {*rows, *held}


def test_second_build_writes_nothing(source: Source, phantom_of: PhantomOf, tmp_path: Path) -> None:
    first = build_source(source, phantom_of(source), tmp_path / "b", images="path")
    again = build_source(source, phantom_of(source), tmp_path / "b", images="path")
    assert first["shards_written"] == len(first["shards"])
    assert (again["shards_written"], again["shards_reused"]) == (0, len(first["shards"]))


def test_missing_files_are_named(source: Source, phantom_of: PhantomOf, tmp_path: Path) -> None:
    options = source.manifest.settings({})
    for spec in wanted(source.manifest, options):
        found = found_in(source, phantom_of(source))
        path = find_file(spec, found.roots.get(spec.part))
        if path is None or spec.kind == "pictures":
            continue
        poor = tmp_path / spec.name
        shutil.copytree(phantom_of(source), poor)
        _remove(poor / path.relative_to(phantom_of(source)))
        if locate(source.manifest, [poor]) is None:  # it was all that there was: the command line says where to get it
            continue
        asked = {"required": None, "tasks": (spec.tasks or ("",))[:1], "optional": None}[spec.need]
        if spec.need == "optional":
            assert build_source(source, poor, tmp_path / f"b-{spec.name}")["samples"]["total"]
            continue
        with pytest.raises(CxdataError, match=spec.name):
            build_source(source, poor, tmp_path / f"b-{spec.name}", tasks=asked)
        assert not (tmp_path / f"b-{spec.name}").exists(), "an error before the build leaves no folder"
        if spec.need == "tasks" and set(spec.tasks) != set(source.manifest.tasks):
            partial = build_source(source, poor, tmp_path / f"p-{spec.name}", partial=True)
            assert {entry["task"] for entry in partial["tasks_not_asked"]} == set(spec.tasks)


@pytest.mark.slow
@pytest.mark.parametrize("policy", policies.POLICIES)
def test_samples_of_every_policy(
    source: Source, phantom_of: PhantomOf, tmp_path: Path, golden: Golden, policy: str
) -> None:
    labelled = tuple(name for name in source.manifest.tasks if task(name).reads_labels)
    if not labelled:
        pytest.skip("the source states no labels")
    if policy == "closed-world" and not (source.manifest.labels and source.manifest.labels.closed_world):
        with pytest.raises(UsageError, match="closed-world"):
            build_source(source, phantom_of(source), tmp_path / "b", tasks=labelled, label_policy=policy)
        return
    if policy == "read" and "reports" not in source.manifest.facets:
        with pytest.raises(UsageError, match="no reports"):
            build_source(source, phantom_of(source), tmp_path / "b", tasks=labelled, label_policy=policy)
        return
    result = build_source(source, phantom_of(source), tmp_path / "b", tasks=labelled, label_policy=policy)
    assert result["config"]["policy_train"] == policy
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    golden.check(f"policy {policy} on {source.slug}", policies.VERSION, frame_digest(samples, ["sample_id"]))


@pytest.mark.slow
def test_workers_do_not_change_a_byte(source: Source, phantom_of: PhantomOf, tmp_path: Path) -> None:
    build_source(source, phantom_of(source), tmp_path / "one", images="path", workers=1)
    build_source(source, phantom_of(source), tmp_path / "four", images="path", workers=4)
    assert digests(tmp_path / "one") == digests(tmp_path / "four") != {}


def digests(home: Path) -> dict[str, str]:
    files = [file for part in SHARD_FOLDERS for file in sorted((home / part).rglob("*.parquet"))]
    return {str(file.relative_to(home)): file_sha256(file) for file in files}


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
