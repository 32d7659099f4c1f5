from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from conftest import build_source, write_phantom

from cxdata.build.inputs import resolve
from cxdata.build.pool import Pool
from cxdata.model.errors import CxdataError
from cxdata.model.vocabulary import vocabulary
from cxdata.sources.base import ReadContext, Reading, Source
from cxdata.sources.discovery import sources
from cxdata.sources.openi import ids, mesh, phantom, views
from cxdata.sources.openi.phantom_cohort import FAULTS, UNUSABLE, make_cohort
from cxdata.sources.openi.sections import told
from cxdata.sources.openi.xml_report import parse
from cxdata.sources.roots import locate

REAL = Path(os.environ.get("CXDATA_REAL_DATA", Path(__file__).parents[2] / "shared" / "real"))
LAYOUTS = [layout.name for layout in sources()["openi"].manifest.layouts]
WITH_VIEWS = ("nlm-png-views", "kaggle")
needs_real = pytest.mark.skipif(not (REAL / "openi").is_dir(), reason="the real files are not here")


@pytest.fixture(scope="module")
def openi() -> Source:
    return sources()["openi"]


@pytest.fixture(scope="module")
def layouts(openi: Source, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    tops = {name: tmp_path_factory.mktemp(name) for name in LAYOUTS}
    return {layout.name: write_phantom(openi, tops[layout.name], 9, layout) for layout in openi.manifest.layouts}


def read(source: Source, root: Path) -> Reading:
    found = locate(source.manifest, [root])
    assert found is not None
    inputs = resolve(source.manifest, found, {}, None, partial=False)
    return source.reader.read(ReadContext(source.manifest, inputs.files, found.roots, {}, Pool(1).run))


def test_report_one_keeps_its_own_names() -> None:
    files = [
        "1_IM-0001-3001.dcm.png",
        "1/1_IM-0001-3001.dcm",
        "CXR1_1_IM-0001-3001.png",
        "11_IM-0067-1001.dcm.png",
        "x.png",
    ]
    stems = pl.DataFrame({"f": files}).select(ids.stem_of_file(pl.col("f"))).to_series().to_list()
    assert stems == ["CXR1_1_IM-0001-3001"] * 3 + ["CXR11_IM-0067-1001", None]
    paths = pl.DataFrame({"s": [stems[0]]}).select(
        *(ids.image_path(pl.col("s"), part).alias(part) for part in ids.PARTS)
    )
    assert paths.row(0) == ("**/CXR1_1_IM-0001-3001.png", "**/1_IM-0001-3001.dcm.png", "**/1_IM-0001-3001.dcm")


@pytest.mark.parametrize(
    ("term", "states"),
    [
        ("normal", {"No Finding": "present"}),
        ("Cardiomegaly/mild", {"Cardiomegaly": "present"}),
        ("Cardiomegaly/borderline", {"Cardiomegaly": "uncertain"}),
        ("Cardiac Shadow/enlarged/borderline", {"Cardiomegaly": "uncertain"}),
        ("Opacity/lung/base/left", {"Lung Opacity": "present"}),
        ("Opacity/lung/bilateral/interstitial/diffuse", {"Interstitial Opacity": "present"}),
        ("Pulmonary Disease, Chronic Obstructive", {"COPD": "present"}),
        ("Calcinosis/aorta, thoracic", {"Aortic Calcification": "present"}),
        ("Calcinosis/lung/hilum/lymph nodes/right", {"Calcification": "present"}),
        ("Aorta/enlarged/tortuous", {"Tortuous Aorta": "present", "Aortic Enlargement": "present"}),
        ("Fractures, Bone/Thoracic Vertebrae", {"Vertebral Fracture": "present"}),
        ("Subcutaneous  Emphysema/right", {"Subcutaneous Emphysema": "present"}),
        ("Lung/hilum/lymph nodes/bilateral/enlarged", {"Lymphadenopathy": "present"}),
        ("Lung/hilum/left/prominent", {"Hilar Enlargement": "present"}),
        ("Tube, Inserted/trachea, carina", {"Support Devices": "present"}),
        ("Deformity/ribs/right/multiple", {"Fracture": "uncertain"}),
        ("Markings/bronchovascular", {}),
        ("No Indexing", {}),
    ],
)
def test_a_term_states_what_it_says_and_no_more(term: str, states: dict[str, str]) -> None:
    assert mesh.findings_of(term) == states


def test_the_label_space_is_what_the_table_can_state(openi: Source) -> None:
    assert openi.manifest.labels is not None
    space = openi.manifest.labels.annotators[0].findings
    named = {finding for rule in mesh.table().rules for finding in (*rule.present, *rule.uncertain)}
    assert list(space) == [name for name in vocabulary().names if name in named]
    assert named <= set(vocabulary().names)


def test_what_a_report_weighs_is_not_stated(openi: Source) -> None:
    assert openi.manifest.labels is not None
    terms = pl.DataFrame({
        "study_id": ["a", "a", "b", "b", "c"],
        "term": ["Cicatrix/lung/base/left/mild", "Pulmonary Atelectasis/base/left", "Cicatrix/lung/lingula",
                 "Pulmonary Atelectasis/base/left", "Technical Quality of Image Unsatisfactory"],
        "origin_file": "x", "origin_row": [None] * 5,
    }, schema_overrides={"origin_row": pl.Int64})  # fmt: skip
    annotator = openi.manifest.labels.annotators[0]
    found = mesh.findings_facet(terms, annotator).sort("study_id", "finding")
    rows = found.select("study_id", "finding", "state").rows()
    assert rows == [
        ("a", "Atelectasis", "uncertain"), ("a", "Fibrosis", "uncertain"),
        ("b", "Atelectasis", "present"), ("b", "Fibrosis", "present"),
    ]  # fmt: skip
    assert set(mesh.readings_facet(terms, annotator)["study_id"]) == {"a", "b"}


def test_sections_of_marks_alone_tell_nothing() -> None:
    texts = ["XXXX and XXXX.", "Please", "xxxx", " . ", "cough, XXXX", "CP", None, " Clear. "]
    frame = pl.DataFrame({"findings": texts, "comparison": texts})
    assert frame.select(told("findings")).to_series().to_list() == [None] * 4 + ["cough, XXXX", "CP", None, "Clear."]
    assert frame.select(told("comparison")).to_series().to_list()[0] == "XXXX and XXXX."


def xml(number: str, head: str = "", body: str = "") -> bytes:
    return f'<?xml version="1.0"?>{head}<eCitation><uId id="CXR{number}"/>{body}</eCitation>'.encode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (None, "report_unreadable"),
        (b"", "xml_broken"),
        (b"<eCitation><uId", "xml_broken"),
        (b'<?xml version="1.0" encoding="none"?><a/>', "xml_broken"),
        (xml("8"), "other_report"),
        (b"<a/>", "other_report"),
        (xml("7", "<!DOCTYPE eCitation>"), "xml_entities"),
        (xml("7", '<!DOCTYPE a [<!ENTITY b "c">]>', "&b;"), "xml_entities"),
        (xml("7", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>', "&b;"), "xml_entities"),
    ],
)
def test_xml_that_is_no_report_has_a_code(data: bytes | None, code: str) -> None:
    assert parse("7", data) == code


def test_offsets_cut_the_section_out_of_the_file() -> None:
    body = '<AbstractText Label="FINDINGS"> Size &lt; 5 mm. </AbstractText><AbstractText Label="IMPRESSION"/>'
    data = xml("7", body=body + '<parentImage id="CXR7_IM-0001-1001"/><parentImage id="../../x"/>')
    report = parse("7", data)
    assert not isinstance(report, str)
    start, end = report.places["findings"]
    assert data.decode()[start:end] == "Size &lt; 5 mm."
    assert (report.sections["findings"] or "").strip() == "Size < 5 mm."
    assert report.places["impression"] == (None, None)
    assert (report.images, report.strange) == (("CXR7_IM-0001-1001",), 1)


def test_a_pair_is_told_by_its_names_and_nothing_else_is() -> None:
    blocks = {
        "a": ["1001", "2001"],
        "b": ["2001", "4004"],
        "c": ["1001"],
        "d": ["1001", "2001", "3001"],
        "e": ["0001-0001", "0001-0002"],
    }
    rows = [(s, f"CXR1_IM-0001-{b}", i) for s, each in blocks.items() for i, b in enumerate(each)]
    pictures = pl.DataFrame(rows, schema=["study_id", "stem", "nth"], orient="row")
    found = views.by_names(pictures)
    told_views = {s: found.filter(pl.col("study_id") == s).sort("nth")["view"].to_list() for s in blocks}
    assert told_views["a"] == ["FRONTAL", "LATERAL"]
    assert told_views["b"] == ["LATERAL", "FRONTAL"]
    assert {view for s in "cde" for view in told_views[s]} == {"UNKNOWN"}
    assert (found["view_source"].is_null() == (found["view"] == "UNKNOWN")).all()


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_found_read_and_asked(
    openi: Source, layouts: dict[str, Path], tmp_path: Path, name: str
) -> None:
    layout = next(one for one in openi.manifest.layouts if one.name == name)
    found = locate(openi.manifest, [layouts[name]])
    assert found is not None
    assert (found.layout, found.version, set(found.roots)) == (name, layout.version, set(layout.parts))
    result = build_source(openi, layouts[name], tmp_path / "b", images="path")
    asked = set(openi.manifest.tasks) - (set() if name in WITH_VIEWS else {"view_classification", "view_matching"})
    assert set(result["samples"]["by_task"]) == asked
    crossed = {"image_text_matching", "view_matching"}  # so few patients need not make a set
    assert all(n for task, n in result["samples"]["by_task"].items() if task not in crossed)
    entries = [(i["rows_read"], i["rows_used"] + i["rows_rejected"]) for i in result["inputs"]]
    assert all(read_rows == judged and read_rows for read_rows, judged in entries)


def test_the_distributions_agree(openi: Source, layouts: dict[str, Path]) -> None:
    """One phantom in two forms: the same reports, labels, image ids and views where both list a picture."""
    nlm, kaggle = (read(openi, layouts[name]).facets for name in WITH_VIEWS)
    shown = set(kaggle["studies"]["study_id"])
    for facet, columns in {
        "reports": ["indication", "findings", "impression"],
        "findings": ["finding", "state"],
    }.items():
        ours = nlm[facet].filter(pl.col("study_id").is_in(list(shown)))
        assert ours.select("study_id", *columns).equals(kaggle[facet].select("study_id", *columns)), facet
    both = nlm["images"].join(kaggle["images"], on="image_id")
    assert both.height == kaggle["images"].height > 10
    assert (both["view"] == both["view_right"]).all()
    trees = [read(openi, layouts[name]).facets for name in ("nlm-reports", "nlm-reports-unpacked")]
    for facet in ("reports", "findings", "readings", "studies"):
        without = [column for column in trees[0][facet].columns if not column.startswith("origin")]
        assert trees[0][facet].select(without).equals(trees[1][facet].select(without)), facet


def test_every_planted_fault_is_met(openi: Source, layouts: dict[str, Path], tmp_path: Path) -> None:
    planted = phantom.planted(9, 0)
    assert set(planted) == {fault.name for fault in FAULTS}
    result = build_source(openi, layouts["nlm-png-views"], tmp_path / "b", images="path")
    codes = (
        "report_without_text",
        "xml_broken",
        "xml_entities",
        "other_report",
        "picture_missing",
        "picture_truncated",
        "picture_empty",
    )
    assert [result["rejects"].get(code) for code in codes] == [1] * 7
    rejects = pl.read_parquet(tmp_path / "b" / "rejects" / "*.parquet")
    gone = rejects.filter(pl.col("code") == "picture_missing")["key"].to_list()
    assert gone == [f"openi:{planted['missing-image']}"]
    facets = read(openi, layouts["nlm-png-views"]).facets
    garbage = facets["reports"].filter(pl.col("study_id") == f"CXR{planted['garbage']}")
    assert garbage["findings"].to_list() == [None]
    assert f"CXR{planted['no-indexing']}" not in set(facets["readings"]["study_id"])
    views_of = dict(facets["images"].select("image_id", "view").iter_rows())
    assert [views_of[f"openi:{planted[name]}"] for name in ("no-view", "bad-view")] == ["UNKNOWN"] * 2


def test_phantom_is_the_same_each_time_and_marks_what_was_taken_out(openi: Source, tmp_path: Path) -> None:
    layout = next(one for one in openi.manifest.layouts if one.name == "nlm-reports")
    first, second = (write_phantom(openi, tmp_path / name, 4, layout) for name in "ab")
    archive = "NLMCXR_reports.tgz"
    assert (first / archive).read_bytes() == (second / archive).read_bytes()
    assert len(make_cohort(4, 0).usable) == 4
    with tarfile.open(first / archive) as tar:
        texts = b"".join(tar.extractfile(m).read() for m in tar if m.isfile())  # type: ignore[union-attr]
        assert sum(m.isfile() for m in tar.getmembers()) == 4 + len(UNUSABLE)
    assert b"XXXX" in texts
    assert b"___" not in texts


def test_context_shows_one_kind_of_mark(openi: Source, layouts: dict[str, Path], tmp_path: Path) -> None:
    build_source(openi, layouts["nlm-reports"], tmp_path / "b")
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    assert not samples["context"].str.contains("XXXX").any()
    assert not samples["answer"].str.contains("XXXX|___|END OF REPORT").any()


def test_pictures_are_found_however_they_are_unpacked(openi: Source, layouts: dict[str, Path], tmp_path: Path) -> None:
    """A folder for each report instead of one for all, and a picture that comes after the first build."""
    root, home = tmp_path / "data", tmp_path / "b"
    shutil.copytree(layouts["nlm-png"], root)
    late: list[Path] = []
    for file in sorted((root / "NLMCXR_png").iterdir()):
        nested = file.parent / file.name.split("_")[0].removeprefix("CXR") / file.name
        nested.parent.mkdir(exist_ok=True)
        late.append(file.rename(nested))
    before = build_source(openi, layouts["nlm-png"], tmp_path / "flat", images="path")
    shown = pl.read_parquet(tmp_path / "flat" / "images" / "*.parquet").filter(pl.col("status") == "ok")["path"]
    one = next(file for file in late if str(shown[0]).endswith(file.name))
    kept = one.read_bytes()
    one.unlink()
    poorer = build_source(openi, root, home, images="path")
    assert poorer["pictures"]["ok"] == before["pictures"]["ok"] - 1
    one.write_bytes(kept)
    assert build_source(openi, root, home, images="path")["pictures"] == before["pictures"]
    places = pl.read_parquet(home / "images" / "*.parquet").filter(pl.col("status") == "ok")["path"]
    assert all((root / "NLMCXR_png" / place).is_file() for place in places)


def test_samples_do_not_depend_on_pictures(openi: Source, layouts: dict[str, Path], tmp_path: Path) -> None:
    """None first and path afterwards, in one folder, with the pictures coming in between."""
    home = tmp_path / "b"
    first = build_source(openi, layouts["nlm-reports"], home, images="none")
    second = build_source(openi, layouts["nlm-png"], home, images="path")
    shards = [
        {s["file"]: s["sha256"] for s in result["shards"] if s["file"].startswith("samples/")}
        for result in (first, second)
    ]
    assert shards[0] == shards[1]
    assert second["pictures"]["ok"] > 0


@pytest.mark.parametrize("damage", ["cut", "no gzip", "no report"])
def test_a_broken_archive_is_an_error_that_says_how_to_mend_it(
    openi: Source, layouts: dict[str, Path], tmp_path: Path, damage: str
) -> None:
    good = (layouts["nlm-reports"] / "NLMCXR_reports.tgz").read_bytes()
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w").close()
    bad = {"cut": good[: len(good) // 2], "no gzip": b"<html>", "no report": gzip.compress(empty.getvalue())}
    (tmp_path / "NLMCXR_reports.tgz").write_bytes(bad[damage])
    with pytest.raises(CxdataError, match=r"NLMCXR_reports\.tgz") as error:
        read(openi, tmp_path)
    assert error.value.mend is not None
    assert "get it again" in error.value.mend


@needs_real
def test_the_real_reports(openi: Source, tmp_path: Path) -> None:
    result = build_source(openi, REAL / "openi", tmp_path / "b")
    entry = result["inputs"][0]
    assert (entry["rows_read"], entry["rows_used"], entry["rows_rejected"]) == (3955, 3927, 28)
    assert result["rejects"]["report_without_text"] == 28
    views = ("view_classification", "view_matching")
    assert result["tasks_not_asked"] == [{"task": name, "file": "indiana_projections"} for name in views]
    by_task = result["samples"]["by_task"]
    assert (
        min(by_task[name] for name in ("findings_generation", "impression_generation", "findings_summarization")) > 2000
    )
    patients = pl.read_parquet(tmp_path / "b" / "patients.parquet")
    assert patients["patient_key"].n_unique() == 3927
    samples = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    shares = {split: n / samples.height for split, n in Counter(samples["split"]).items()}
    assert shares["train"] > 0.75
    assert not samples.filter((pl.col("answer") == "No") & (pl.col("split") != "train")).height


@needs_real
def test_the_rule_of_pairs_on_the_real_names(openi: Source) -> None:
    """Rad-ReStruct's list of frontal pictures is not ours to ship, and this is what the rule was measured on."""
    mapping = REAL / "rad-restruct/subset/data/radrestruct/id_to_img_mapping_frontal_reports.json"
    frontal = {f"openi:{name}" for names in json.loads(mapping.read_text()).values() for name in names}
    images = read(openi, REAL / "openi").facets["images"]
    assert images.height == 7430
    listed = images.filter(pl.col("view").is_in(["FRONTAL", "LATERAL"])).with_columns(
        is_frontal=pl.col("image_id").is_in(list(frontal))
    )
    listed = listed.filter(pl.col("is_frontal").any().over("study_id"))
    right = listed.filter((pl.col("view") == "FRONTAL") == pl.col("is_frontal"))
    assert listed["study_id"].n_unique() > 2600
    assert right.height / listed.height > 0.96
