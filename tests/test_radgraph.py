"""RadGraph: graphs checked against their text, findings from observations, two labellers, whose report it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import KNOWN, build_source, write_phantom
from test_contract import read

from cxdata.model.errors import CxdataError
from cxdata.sources.radgraph.findings import agreed, stated
from cxdata.sources.radgraph.graphs import tables
from cxdata.sources.radgraph.phantom import FAULTS
from cxdata.sources.record_stream import each_record

SOURCE = KNOWN["radgraph"]
AT = "located_at"
HOME = Path("radgraph/physionet.org/files/radgraph/1.0.0")
Marks = Mapping[str, tuple[str, str, int, list[tuple[str, str]]]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom(SOURCE, tmp_path_factory.mktemp("radgraph"), 12)


def graph(text: str, marks: Marks) -> dict[str, Any]:
    """A record: each mark by its number as (words, label, place of the first, relations)."""
    entities = {
        number: {
            "tokens": words, "label": label, "start_ix": start, "end_ix": start + len(words.split()) - 1,
            "relations": [list(link) for link in links],
        }
        for number, (words, label, start, links) in marks.items()
    }  # fmt: skip
    return {"row": 1, "key": "p10/p10999999/s50999999.txt", "text": text, "entities": entities}


def states(text: str, marks: Marks) -> dict[str, str | None]:
    found = tables([graph(text, marks)])
    assert found.reports["fault"].to_list() == [None]
    return dict(stated(found.entities, found.links).select("finding", "state").rows())


@pytest.mark.parametrize(("text", "marks", "wanted"), [
    ("Small effusion", {"1": ("Small", "OBS-DP", 0, [("modify", "2")]), "2": ("effusion", "OBS-DP", 1, [])},
     {"Pleural Effusion": "present"}),
    ("No large effusion", {"1": ("large", "OBS-DA", 1, [("modify", "2")]), "2": ("effusion", "OBS-DA", 2, [])},
     {"Pleural Effusion": None}),
    ("No focal consolidation",
     {"1": ("focal", "OBS-DA", 1, [("modify", "2")]), "2": ("consolidation", "OBS-DA", 2, [])},
     {"Consolidation": "absent"}),
    ("pericardial effusion", {"1": ("pericardial", "ANAT-DP", 0, []), "2": ("effusion", "OBS-DP", 1, [(AT, "1")])},
     {}),
    ("no right sided effusion", {"1": ("right sided", "ANAT-DP", 1, []), "2": ("effusion", "OBS-DA", 3, [(AT, "1")])},
     {"Pleural Effusion": None}),
    ("left effusion no right effusion", {
        "1": ("left", "ANAT-DP", 0, []), "2": ("effusion", "OBS-DP", 1, [(AT, "1")]),
        "3": ("right", "ANAT-DP", 3, []), "4": ("effusion", "OBS-DA", 4, [(AT, "3")])},
     {"Pleural Effusion": "present"}),
    ("soft tissue emphysema", {"1": ("soft tissue", "ANAT-DP", 0, []), "2": ("emphysema", "OBS-DP", 2, [(AT, "1")])},
     {}),
    ("breast nodule", {"1": ("breast", "ANAT-DP", 0, []), "2": ("nodule", "OBS-DP", 1, [(AT, "1")])}, {}),
    ("lobe nodule", {"1": ("lobe", "ANAT-DP", 0, []), "2": ("nodule", "OBS-U", 1, [(AT, "1")])},
     {"Nodule": "uncertain"}),
    ("resolved edema",
     {"1": ("resolved", "OBS-DA", 0, [("modify", "2")]), "2": ("edema", "OBS-DP", 1, [])}, {"Edema": None}),
    ("opacity likely atelectasis",
     {"1": ("opacity", "OBS-DP", 0, [("suggestive_of", "2")]), "2": ("atelectasis", "OBS-U", 2, [])},
     {"Lung Opacity": "present", "Atelectasis": "uncertain"}),
    ("lung clear", {"1": ("lung", "ANAT-DP", 0, []), "2": ("clear", "OBS-DP", 1, [(AT, "1")])}, {}),
])  # fmt: skip
def test_findings_of_observations(text: str, marks: Marks, wanted: dict[str, str | None]) -> None:
    assert states(text, marks) == wanted


@pytest.mark.parametrize(("change", "fault"), [
    ({"label": None}, "bad_graph"), ({"label": "OBS"}, "bad_graph"), ({"relations": [["modify", "9"]]}, "bad_graph"),
    ({"relations": [["beside", "1"]]}, "bad_graph"), ({"end_ix": None}, "bad_graph"),
    ({"tokens": "edem"}, "not_of_text"),
    ({"start_ix": 7, "end_ix": 7}, "not_of_text"), ({"tokens": "", "end_ix": -1}, "not_of_text"),
])  # fmt: skip
def test_a_graph_that_does_not_fit_its_text_is_put_aside(change: dict[str, Any], fault: str) -> None:
    record = graph("edema", {"1": ("edema", "OBS-DP", 0, [])})
    record["entities"]["1"].update(change)
    found = tables([record])
    assert (found.reports["fault"].to_list(), found.entities.height) == ([fault], 0)


def test_without_text_or_entities_it_is_no_record() -> None:
    sound = graph("edema", {"1": ("edema", "OBS-DP", 0, [])})
    rows = [{**sound, "text": None}, {**sound, "entities": []}, {**sound, "entities": {}}]
    assert tables(rows).reports["fault"].to_list() == ["bad_record", "bad_record", "no_entity"]


def test_two_labellers_state_what_both_state() -> None:
    text = "edema pneumonia fracture"
    one = graph(text, {"1": ("edema", "OBS-DP", 0, []), "2": ("pneumonia", "OBS-U", 1, [])})
    other = graph(text, {
        "1": ("edema", "OBS-DP", 0, []), "2": ("pneumonia", "OBS-DP", 1, []), "3": ("fracture", "OBS-DP", 2, []),
    })  # fmt: skip
    first, second = (tables([record]) for record in (one, other))
    told = agreed(stated(first.entities, first.links), stated(second.entities, second.links))
    assert dict(told.select("finding", "state").rows()) == {"Edema": "present", "Fracture": None, "Pneumonia": None}


def test_planted_faults_have_their_codes(both: Path) -> None:
    reading = read(SOURCE, both)
    assert Counter(reading.rejects["code"]) == {
        "bad_id": 1, "study_not_in_parent": 1, "bad_graph": 1, "not_of_text": 1, "no_entity": 1, "marked_elsewhere": 1,
    }  # fmt: skip
    assert len(FAULTS) == reading.rejects.height


def test_tiers_and_splits_follow_the_file(both: Path) -> None:
    facets = read(SOURCE, both).facets
    tiers = facets["statements"].group_by("origin_file").agg(pl.col("reference").unique())
    assert {file: tier for file, (tier,) in tiers.rows()} == {
        "train.json": "R3", "dev.json": "R3", "test.json": "R3", "MIMIC-CXR_graphs.json": "R4",
    }  # fmt: skip
    told = facets["statements"].join(facets["studies"], on="study_id").group_by("origin_file")
    splits = dict(told.agg(pl.col("split_official").unique()).rows())
    assert (splits["train.json"], splits["dev.json"], splits["test.json"]) == (["train"], ["val"], ["test"])


def test_reports_of_chexpert_are_text_of_test_and_nothing_else(both: Path, tmp_path: Path) -> None:
    build_source(SOURCE, both, tmp_path / "b")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    theirs = rows.filter(pl.col("patient_key").str.starts_with("mimic:chexpert-"))
    assert set(theirs.select("task", "split").rows()) == {("entity_relation_extraction", "test")}
    assert theirs.height == 2


def test_the_answer_is_the_graph(both: Path, tmp_path: Path) -> None:
    build_source(SOURCE, both, tmp_path / "b", tasks=("entity_relation_extraction",))
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    files = {name: json.loads((both / HOME / name).read_text()) for name in rows["origin_file"].unique()}
    kinds = {"anatomy": "ANAT-DP", "present": "OBS-DP", "uncertain": "OBS-U", "absent": "OBS-DA"}
    for file, row, context, answer in rows.select("origin_file", "origin_row", "context", "answer").iter_rows():
        record = list(files[file].values())[row - 1]
        marked = record.get("labeler_1", record)["entities"]
        lines = [line.split(" | ") for line in answer.split("\n")]
        assert context == record["text"]
        assert [line[0] for line in lines] == [str(nth) for nth in range(1, len(lines) + 1)]
        assert sorted((line[1], kinds[line[2]]) for line in lines) == sorted(
            (one["tokens"], one["label"]) for one in marked.values()
        )
        links = sum(len(one["relations"]) for one in marked.values())
        assert sum(len(line[3].split(", ")) for line in lines if len(line) > 3) == links


def test_the_models_graphs_can_be_left_out(both: Path, tmp_path: Path) -> None:
    build_source(SOURCE, both, tmp_path / "b", options={"graphs": "radiologists"})
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    assert set(rows["reference"]) == {"R3"}


@pytest.mark.parametrize(("body", "what"), [
    ("", "empty"), ("[1", "damaged"), ('{"a": {"text": "x", "entities": {}}', "cut off"), ("7", "neither"),
    ('{"a": {}} {}', "behind its end"), ("{}", "no record"), ('{"a": {"text": "x"}}', "'entities'"),
])  # fmt: skip
def test_a_broken_file_is_named_and_nothing_of_it_is_told(tmp_path: Path, body: str, what: str) -> None:
    path = tmp_path / "train.json"
    path.write_text(body)
    with pytest.raises(CxdataError, match=what) as error:
        list(each_record("radgraph", SOURCE.manifest.file("train"), path))
    assert error.value.what.count("train.json") == 1


def test_records_come_in_order_with_their_keys(tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text('{ "a": {"text": "x", "entities": 1} , "b":{"text":"y"}, "c": 3 }')
    assert list(each_record("radgraph", SOURCE.manifest.file("train"), path)) == [
        {"key": "a", "text": "x", "entities": 1, "row": 1}, {"key": "b", "text": "y", "row": 2}, {"key": "c", "row": 3},
    ]  # fmt: skip
    path.write_text('[{"text": "x", "entities": 1}]')
    assert list(each_record("radgraph", SOURCE.manifest.file("train"), path)) == [
        {"text": "x", "entities": 1, "row": 1}
    ]
