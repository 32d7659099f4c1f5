from __future__ import annotations

import re
from pathlib import Path

import pytest

from cxdata.model.errors import CxdataError
from cxdata.model.hashing import digest
from cxdata.model.vocabulary import Finding, Vocabulary, load_vocabulary, vocabulary

CHEXPERT = (
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
    "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
)  # fmt: skip

# A changed vocabulary changes labels and questions: raise `version` in the file and add the digest here.
DIGESTS = {
    1: "de7f1fd2ceaea42402ad74d78f23a0b6185098960db25d1781c1045226998822",
    2: "a2024f44ae407e474b58bb438831e308b58f21cdc325d2914cd9b075bfe1b924",
    3: "2401e4bab13f5e11b1c63deb9f673470980b7a8aedf07daed3e1a8b1953523ae",
}


def make(*rows: dict[str, object]) -> Vocabulary:
    return Vocabulary(Finding.model_validate({"phrase": "x", **row}) for row in rows)


def test_the_file_does_not_change_without_a_new_version() -> None:
    found = vocabulary()
    rows = [finding.model_dump(mode="json") for finding in found.findings]
    assert digest(rows) == DIGESTS[found.version]


def test_names_are_in_the_order_of_the_file_and_hold_chexperts_fourteen() -> None:
    text = Path(Vocabulary.__init__.__code__.co_filename).with_name("vocabulary.yaml").read_text(encoding="utf-8")
    assert re.findall(r"- \{name: ([^,}]+)", text) == list(vocabulary().names)
    assert set(CHEXPERT) <= set(vocabulary().names)


def test_two_parents_synonyms_and_slugs() -> None:
    found = vocabulary()
    assert found.ancestors("Hydropneumothorax") == {"Pleural Effusion", "Pneumothorax"}
    assert found.ancestors("Pleuropneumonia") == {"Pneumonia", "Pleural Effusion", "Lung Opacity"}
    assert found.ancestors("Cardiomegaly") == {"Enlarged Cardiomediastinum"}
    assert found.descendants("Lung Lesion") == {"Nodule", "Diffuse Nodules", "Mass", "Lung Tumor"}
    assert found.canonical("  pulmonary   EDEMA") == "Edema"
    assert found.canonical("airspace opacity") == "Lung Opacity"
    assert found.canonical("Pleural_Thickening") == "Pleural Thickening"
    assert found.canonical("unchanged") is None
    assert found.slug("Pleural Effusion") == "pleural-effusion"
    assert found.slug("COVID-19") == "covid-19"
    assert len({found.slug(name) for name in found.names}) == len(found.names)


def test_salience_comes_from_parents() -> None:
    found = vocabulary()
    marked = {finding.name for finding in found.findings if finding.salient}
    assert marked == {
        "Pneumothorax", "Pleural Effusion", "Edema", "Consolidation", "Pneumonia", "Lung Lesion", "Fracture",
    }  # fmt: skip
    assert {name for name in found.names if found.is_salient(name)} == marked.union(*map(found.descendants, marked))
    assert found.is_salient("Rib Fracture")
    assert not found.is_salient("Lung Opacity")


def test_related_is_symmetric_transitive_in_is_a_and_direct_in_overlaps() -> None:
    found = vocabulary()
    assert all(found.related(a, b) == found.related(b, a) for a in found.names for b in found.names)
    assert not any(found.related(name, name) for name in found.names)
    assert found.related("Lung Tumor", "Lung Opacity")
    assert found.related("Costophrenic Angle Blunting", "Pleural Effusion")
    assert not found.related("Pneumonia", "Atelectasis")
    assert not found.related("Costophrenic Angle Blunting", "Hydropneumothorax")
    assert found.relatives("Edema") == (
        "Lung Opacity", "Infiltration", "Interstitial Opacity", "Pulmonary Vascular Congestion", "Heart Failure",
        "Increased Bronchovascular Markings", "Kerley Lines",
    )  # fmt: skip
    assert found.relatives("No Finding") == ()


def test_what_a_picture_can_show() -> None:
    seen = {name: vocabulary().finding(name).visible for name in vocabulary().names}
    assert {name for name, how in seen.items() if how == "no"} == {
        "Pulmonary Embolism", "Infarction", "Cardiomyopathy",
    }  # fmt: skip
    for name in ("Pneumonia", "Tuberculosis", "COPD", "Heart Failure", "COVID-19"):
        assert seen[name] == "suggestive"
    below = {child for name, how in seen.items() if how == "suggestive" for child in vocabulary().descendants(name)}
    assert all(seen[child] == "suggestive" for child in below)


def test_kinds_regions_and_phrases_fit() -> None:
    for finding in vocabulary().findings:
        assert (finding.kind == "device") == (finding.region == "device"), finding.name
        assert (finding.kind == "normal") == (finding.name == "No Finding")
        assert not re.search(r"[.?{}]|\s\s|^\s|\s$", finding.phrase), finding.name
        assert finding.phrase[0].islower() or finding.phrase.isupper(), finding.name


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([{"name": "A, B"}], "a name holds a comma: A, B"),
        ([{"name": "A"}, {"name": "A"}], "a name stands twice: A"),
        ([{"name": "A b"}, {"name": "a-B"}], "two names give one slug: a-b"),
        ([{"name": "A", "parents": ["B"]}], "unknown parent or overlap: A → B"),
        ([{"name": "A", "overlaps": ["B"]}], "unknown parent or overlap: A → B"),
        ([{"name": "A", "overlaps": ["A"]}], "overlaps itself: A"),
        ([{"name": "A", "parents": ["B"]}, {"name": "B", "parents": ["A"]}], "is_a goes in a circle: A, B"),
        ([{"name": "A", "synonyms": ["x y"]}, {"name": "B", "synonyms": ["X  Y"]}], "'X  Y' belongs to A and to B"),
        ([{"name": "A", "synonyms": ["b"]}, {"name": "B"}], "'B' belongs to A and to B"),
        (
            [{"name": "A", "kind": "device"}, {"name": "B", "parents": ["A"]}],
            "a child of another kind than its parent: B → A",
        ),
        ([{"name": "A", "kind": "device", "salient": True}], "salient, but no pathology: A"),
        ([{"name": "A", "kind": "normal"}, {"name": "B", "kind": "normal"}], "more than one finding of kind normal: B"),
        ([{"name": "A", "kind": "normal"}, {"name": "B", "overlaps": ["A"]}], "No Finding with a parent or overlap: B"),
    ],
)
def test_a_vocabulary_that_contradicts_itself_is_refused(rows: list[dict[str, object]], what: str) -> None:
    with pytest.raises(CxdataError) as error:
        make(*rows)
    assert error.value.what == what
    assert error.value.mend


def test_an_unknown_finding_is_named() -> None:
    with pytest.raises(CxdataError, match="no finding 'Efusion'"):
        vocabulary().finding("Efusion")
    with pytest.raises(CxdataError, match="no finding 'Efusion'"):
        vocabulary().related("Edema", "Efusion")


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nfindings: [{name: A}]",
        "version: 1\nfindings: [{name: A, phrase: a, colour: red}]",
        "version: 1\nfindings: [{name: A, phrase: a, conspicuity: 2}]",
        "findings: [{name: A, phrase: a}]",
        "version: 1\nfindings: [{name: A, phrase: a, parents: [B]}]",
        "version: [",
        "",
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CxdataError) as error:
        load_vocabulary(path)
    assert error.value.where == str(path)
