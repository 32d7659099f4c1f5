from __future__ import annotations

import dataclasses
from typing import Any

import polars as pl
import pytest
from facets_for_tests import Study, asked, by_id, material
from tasks_tables import reversed_rows, with_facet, with_sizes

from cxdata.model.errors import CxdataError
from cxdata.model.vocabulary import vocabulary
from cxdata.tasks.base import Material, task
from cxdata.tasks.wordings import wordings

GROUNDING, DETECTION = "abnormality_grounding", "abnormality_detection"
CORNERS = ("x0", "y0", "x1", "y1")


def box(study: str, finding: str | None, *corners: float, kind: str = "abnormality", **more: Any) -> dict[str, Any]:
    """A box on the first picture of a study, in a frame of 900 by 600 pixels."""
    return {
        "image_id": f"made:{study}-0", "kind": kind, "finding": finding, **dict(zip(CORNERS, corners, strict=True)),
        "frame_width": 900, "frame_height": 600, "annotator": "tool", "origin_file": "boxes.csv",
        "origin_row": 7, **more,
    }  # fmt: skip


def boxed(studies: list[Study], *boxes: dict[str, Any], size: tuple[int, int] | None = (900, 600)) -> Material:
    of = with_facet(material(studies), "regions", boxes)
    return with_sizes(of, *size) if size else of


def only(name: str, of: Material) -> dict[str, Any]:
    rows = asked(name, of)
    assert rows.height == 1
    return rows.row(0, named=True)


def corners(row: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(each["label"], *(each[corner] for corner in CORNERS)) for each in row["boxes"]]


# -- grounding ---------------------------------------------------------------------------------------------------------


def test_all_boxes_of_a_finding_are_one_answer() -> None:
    of = boxed(
        [Study("s1")], box("s1", "Nodule", 800, 10, 850, 40, origin_row=2), box("s1", "Nodule", 10, 500, 50, 560),
        box("s1", "Cardiomegaly", 300, 200, 620, 420),
    )  # fmt: skip
    rows = by_id(asked(GROUNDING, of))
    assert set(rows) == {"s1-0:nodule", "s1-0:cardiomegaly"}
    nodule = rows["s1-0:nodule"]
    assert corners(nodule) == [("Nodule", 800.0, 10.0, 850.0, 40.0), ("Nodule", 10.0, 500.0, 50.0, 560.0)]
    assert nodule["answer"] == "Nodule: upper right of the picture; lower left of the picture."
    assert rows["s1-0:cardiomegaly"]["answer"] == "Cardiomegaly: centre of the picture."
    assert (nodule["asked_finding"], nodule["labels"], nodule["image_ids"]) == ("Nodule", ["Nodule"], ["made:s1-0"])
    assert (nodule["answer_type"], nodule["reward"], nodule["reference"]) == ("boxes", "boxes", "R4")
    assert (nodule["origin_file"], nodule["origin_row"]) == ("boxes.csv", 2)
    assert (nodule["study_key"], nodule["patient_keys"]) == ("made-up:s1", ["made-up:p-s1"])
    assert nodule["options"] is nodule["answer_letter"] is None
    assert nodule["label_policy"] == "none"


@pytest.mark.parametrize(("middle", "place"), [
    ((100, 100), "upper left"), ((450, 100), "upper centre"), ((899, 0), "upper right"), ((0, 300), "middle left"),
    ((450, 300), "centre"), ((600, 300), "middle right"), ((299, 400), "lower left"), ((300, 599), "lower centre"),
])  # fmt: skip
def test_the_answer_names_the_third_of_the_picture(middle: tuple[int, int], place: str) -> None:
    x, y = middle
    of = boxed([Study("s1")], box("s1", "Mass", x - 1, y - 1, x + 1, y + 1))
    assert only(GROUNDING, of)["answer"] == f"Mass: {place} of the picture."


def test_boxes_in_one_place_are_named_once() -> None:
    of = boxed([Study("s1")], box("s1", "Nodule", 10, 10, 20, 20), box("s1", "Nodule", 30, 30, 40, 40))
    row = only(GROUNDING, of)
    assert (row["answer"], len(row["boxes"])) == ("Nodule: upper left of the picture.", 2)


@pytest.mark.parametrize(("size", "wanted"), [
    ((900, 600), (90.0, 60.0, 300.0, 120.0)), ((1800, 300), (180.0, 30.0, 600.0, 60.0)),
    (None, (90.0, 60.0, 300.0, 120.0)),
])  # fmt: skip
def test_boxes_are_in_pixels_of_the_picture(size: tuple[int, int] | None, wanted: tuple[float, ...]) -> None:
    of = boxed([Study("s1")], box("s1", "Mass", 90, 60, 300, 120), size=size)
    assert corners(only(GROUNDING, of)) == [("Mass", *wanted)]


def test_a_box_is_cut_at_the_edges_and_one_beyond_them_is_left_out() -> None:
    of = boxed(
        [Study("s1")], box("s1", "Mass", -5, 590, 30, 640), box("s1", "Nodule", 900, 10, 930, 40),
        box("s1", "Edema", 50, 60, 50, 90), box("s1", "Fracture", 60, 50, 40, 70),
    )  # fmt: skip
    assert corners(only(GROUNDING, of)) == [("Mass", 0.0, 590.0, 30.0, 600.0)]
    steps = {step: n for step, n, _ in task(GROUNDING).ask(of).funnel}
    assert (steps["boxes of abnormalities"], steps["with an area"], steps["findings asked about"]) == (4, 1, 1)


def test_without_any_size_the_answer_names_the_finding_alone() -> None:
    of = boxed([Study("s1")], box("s1", "Mass", 1, 2, 3, 4, frame_width=None, frame_height=None), size=None)
    row = only(GROUNDING, of)
    assert (row["answer"], corners(row)) == ("Mass.", [("Mass", 1.0, 2.0, 3.0, 4.0)])


def test_a_box_that_stands_twice_counts_once() -> None:
    twice = [box("s1", "Mass", 1, 2, 3, 4, origin_row=row) for row in (5, 3)]
    row = only(GROUNDING, boxed([Study("s1")], *twice))
    assert (len(row["boxes"]), row["origin_row"]) == (1, 3)


@pytest.mark.parametrize("left_out", [
    {"kind": "anatomy"}, {"kind": "device"}, {"finding": None}, {"finding": "Infarction"}, {"finding": "No Finding"},
    {"finding": "Pacemaker"}, {"image_id": "made:s2-0"}, {"image_id": "made:s3-0"},
    {"image_id": "made:nowhere"},
])  # fmt: skip
def test_what_is_no_abnormality_that_a_known_picture_can_show_is_not_asked_about(left_out: dict[str, Any]) -> None:
    studies = [Study("s1"), Study("s2", views=("OTHER",)), Study("s3", split=None)]
    good = box("s1", "Mass", 1, 2, 30, 40)
    assert list(by_id(asked(GROUNDING, boxed(studies, good, {**good, "finding": "Nodule", **left_out})))) == [
        "s1-0:mass"
    ]


def test_a_device_is_asked_about_where_it_is_boxed_and_is_no_abnormality() -> None:
    studies = [Study("s1", told(Lung_Lesion="present"))]
    of = boxed(studies, box("s1", "Lung Lesion", 1, 2, 30, 40), box("s1", "Pacemaker", 5, 6, 7, 8, kind="device"))
    rows = by_id(asked(GROUNDING, of))
    assert set(rows) == {"s1-0:lung-lesion", "s1-0:pacemaker"}
    assert "pacemaker" in rows["s1-0:pacemaker"]["question"]
    assert corners(only(DETECTION, of)) == [("Lung Lesion", 1.0, 2.0, 30.0, 40.0)]


def test_a_finding_that_the_vocabulary_does_not_have_is_an_error() -> None:
    with pytest.raises(CxdataError, match="the vocabulary has no finding Palm Lines"):
        task(GROUNDING).ask(boxed([Study("s1")], box("s1", "Palm Lines", 1, 2, 3, 4)))


def test_a_box_on_a_lateral_is_asked_about_on_it() -> None:
    row = only(GROUNDING, boxed([Study("s1", views=("LATERAL",))], box("s1", "Mass", 1, 2, 30, 40)))
    assert row["image_ids"] == ["made:s1-0"]


def test_diagnoses_are_asked_about_by_what_suggests_them() -> None:
    studies = [Study(f"s{i}") for i in range(80)]
    boxes = [box(study.name, ("Pneumonia", "Mass")[i % 2], 1, 2, 30, 40) for i, study in enumerate(studies)]
    rows = asked(GROUNDING, boxed(studies, *boxes))
    words = wordings(GROUNDING)
    for row in rows.iter_rows(named=True):
        group = "suggestive" if row["asked_finding"] == "Pneumonia" else "visible"
        assert row["wording_id"].startswith(f"{GROUNDING}.en.v1.{group}.")
        assert vocabulary().finding(row["asked_finding"]).phrase in row["question"]
        assert "suggest" in row["question"] or "points to" in row["question"] or group == "visible"
    assert rows["wording_id"].n_unique() > 0.7 * len(words.wordings)


# -- detection ---------------------------------------------------------------------------------------------------------


def told(**states: str) -> dict[str, dict[str, str]]:
    return {"tool": {name.replace("_", " "): state for name, state in states.items()}}


def test_all_boxes_of_a_picture_are_the_answer() -> None:
    studies = [Study("s1", told(Lung_Lesion="present", Cardiomegaly="present"))]
    of = boxed(studies, box("s1", "Lung Lesion", 10, 500, 50, 560), box("s1", "Cardiomegaly", 300, 200, 620, 420),
               box("s1", "Lung Lesion", 800, 10, 850, 40))  # fmt: skip
    row = only(DETECTION, of)
    assert row["sample_id"] == f"made/{DETECTION}/s1-0"
    assert row["labels"] == ["Cardiomegaly", "Lung Lesion"]
    assert [each[0] for each in corners(row)] == ["Cardiomegaly", "Lung Lesion", "Lung Lesion"]
    wanted = "Cardiomegaly: centre of the picture. Lung Lesion: upper right of the picture; lower left of the picture."
    assert row["answer"] == wanted
    assert row["asked_finding"] is None


@pytest.mark.parametrize(("states", "is_asked"), [
    (told(Pleural_Effusion="present"), True),
    (told(Pleural_Effusion="present", Pneumothorax="absent"), True),
    (told(Pleural_Effusion="present", Support_Devices="present"), True),  # a device is no abnormality
    (told(Pleural_Effusion="present", Pneumothorax="present"), False),  # nobody boxed the pneumothorax
    (told(Pleural_Effusion="present", Pneumothorax="uncertain"), False),
    (told(Pleural_Effusion="present", Edema="present", Lung_Opacity="absent"), False),  # a conflict
    ({}, False),  # nobody has labelled the study
])  # fmt: skip
def test_a_picture_with_a_finding_that_nobody_boxed_is_not_asked_about(states: Any, is_asked: bool) -> None:
    of = boxed([Study("s1", states)], box("s1", "Pleural Effusion", 10, 20, 30, 40))
    assert asked(DETECTION, of).height == is_asked
    assert asked(GROUNDING, of).height == 1


@pytest.mark.parametrize(("stated", "drawn", "is_asked"), [
    ("Lung Opacity", "Pneumonia", True), ("Pneumonia", "Lung Opacity", True),  # a kind of it, and what it is a kind of
    ("Lung Lesion", "Nodule", True), ("Consolidation", "Pneumonia", False),  # these only overlap
])  # fmt: skip
def test_a_box_of_a_kind_of_the_finding_will_do(stated: str, drawn: str, is_asked: bool) -> None:
    of = boxed([Study("s1", {"tool": {stated: "present"}})], box("s1", drawn, 10, 20, 30, 40))
    assert asked(DETECTION, of).height == is_asked


@pytest.mark.parametrize(
    ("state", "is_asked"), [("present", False), ("uncertain", False), (None, False), ("absent", True)]
)
def test_a_picture_with_an_abnormality_without_a_name_is_not_asked_about(state: str | None, is_asked: bool) -> None:
    of = boxed([Study("s1", told(Pleural_Effusion="present"))], box("s1", "Pleural Effusion", 10, 20, 30, 40))
    nameless = of.facets["findings"].with_columns(
        finding=pl.lit(None, pl.String), state=pl.lit(state, pl.String), native_label=pl.lit("Other lesion")
    )
    of = dataclasses.replace(of, facets={**of.facets, "findings": pl.concat([of.facets["findings"], nameless])})
    assert asked(DETECTION, of).height == is_asked
    assert asked(GROUNDING, of).height == 1


def test_where_the_source_states_no_labels_its_boxes_are_all_there_is() -> None:
    of = boxed([Study("s1")], box("s1", "Pleural Effusion", 10, 20, 30, 40))
    facets = {name: of.facets[name] for name in ("images", "studies", "regions")}
    row = only(DETECTION, dataclasses.replace(of, labels=None, facets=facets))
    assert (row["labels"], row["reference"]) == (["Pleural Effusion"], None)


def test_the_funnel_says_how_many_pictures_are_half_boxed() -> None:
    studies = [
        Study(f"s{i}", told(Pleural_Effusion="present", **({"Edema": "present"} if i % 4 else {}))) for i in range(8)
    ]
    of = boxed(studies, *(box(study.name, "Pleural Effusion", 10, 20, 30, 40) for study in studies))
    steps = {step: n for step, n, _ in task(DETECTION).ask(of).funnel}
    assert (steps["pictures with a box"], steps["with every finding boxed"]) == (8, 2)


@pytest.mark.parametrize("name", [GROUNDING, DETECTION])
def test_boxes_do_not_depend_on_the_order_of_rows(name: str) -> None:
    studies = [Study(f"s{i}", told(Lung_Lesion="present")) for i in range(12)]
    boxes = [
        box(study.name, "Lung Lesion", 10 * i, 20, 10 * i + 30, 40 + i) for i, study in enumerate(studies) for _ in "ab"
    ]
    of = boxed(studies, *boxes, *(box(study.name, "Lung Lesion", 500, 1, 505, 9) for study in studies))
    assert asked(name, reversed_rows(of)).equals(asked(name, of))
    assert asked(name, of).height == 12


@pytest.mark.parametrize("name", [GROUNDING, DETECTION])
def test_no_box_gives_no_question(name: str) -> None:
    found = task(name).ask(boxed([Study("s1", told(Edema="present"))]))
    assert found.rows.is_empty()
    assert found.funnel[0] == ("boxes of abnormalities", 0, "rows")
    assert isinstance(found.rows, pl.DataFrame)
