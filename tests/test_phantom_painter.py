from __future__ import annotations

import pytest
from PIL import Image, ImageChops, ImageStat

from cxdata.model.errors import UsageError
from cxdata.model.vocabulary import vocabulary
from cxdata.phantom.choice import Choice
from cxdata.phantom.cohort import CASES, FOURTEEN, SALIENT, Numbers, case_states, split_of
from cxdata.phantom.contact_sheet import contact_sheet, mimic_tiles
from cxdata.phantom.jpeg import jpeg_bytes
from cxdata.phantom.radiograph import VIEWS, drawable, paint
from cxdata.phantom.reporter import narrate
from cxdata.phantom.signs import place

KEYS = ("a", "b", "c")


def brightness(image: Image.Image) -> float:
    return ImageStat.Stat(image).mean[0]


def changed_px(image: Image.Image, other: Image.Image, by: int = 14) -> int:
    histogram = ImageChops.difference(image, other).histogram()
    return sum(histogram[by:])


@pytest.mark.parametrize("view", VIEWS)
def test_same_arguments_same_bytes_and_another_key_or_shot_another_picture(view):
    first = jpeg_bytes(paint(["Edema"], view, "study", seed=3, patient="p").image)
    assert first == jpeg_bytes(paint(["Edema"], view, "study", seed=3, patient="p").image)
    others = [
        paint(["Edema"], view, "study", seed=3, patient="p", shot="2"),
        paint(["Edema"], view, "study", seed=4, patient="p"),
    ]
    assert all(jpeg_bytes(other.image) != first for other in others)


def test_pictures_are_small_grey_and_shaped_like_films():
    sizes = {view: paint([], view, "k").image.size for view in VIEWS}
    assert all(paint([], view, "k").image.mode == "L" for view in VIEWS)
    assert all(min(size) >= 240 and max(size) <= 340 for size in sizes.values())
    assert sizes["PA"][0] < sizes["PA"][1]
    assert sizes["AP"][0] > sizes["AP"][1]
    assert sizes["LATERAL"][0] < sizes["LATERAL"][1]


@pytest.mark.parametrize("view", ["PA", "AP", "LATERAL"])
def test_each_drawable_finding_changes_the_picture_where_its_box_is(view):
    plain = {key: paint([], view, key).image for key in KEYS}
    for finding in sorted(drawable(view)):
        for key in KEYS:
            film = paint([finding], view, key)
            assert changed_px(film.image, plain[key]) > 60, (finding, key)
            boxes = film.boxes[finding]
            x0, y0, x1, y1 = (f(box[i] for box in boxes) for i, f in enumerate((min, min, max, max)))
            assert 0 <= x0 < x1 <= film.image.width, (finding, key)
            assert 0 <= y0 < y1 <= film.image.height, (finding, key)
            assert changed_px(film.image.crop((x0, y0, x1, y1)), plain[key].crop((x0, y0, x1, y1))) > 40, (finding, key)


@pytest.mark.parametrize("view", ["PA", "AP", "LATERAL"])
def test_edema_lifts_the_mean_brightness_by_a_fifth(view):
    for key in map(str, range(8)):
        assert brightness(paint(["Edema"], view, key).image) >= 1.2 * brightness(paint([], view, key).image)


def test_what_is_uncertain_is_fainter_than_what_is_present():
    for finding in ("Cardiomegaly", "Edema", "Consolidation", "Pleural Effusion", "Support Devices", "Pneumothorax"):
        plain = paint([], "PA", "k").image
        difference = [
            brightness(ImageChops.difference(plain, paint(seen, "PA", "k", uncertain=unsure).image))
            for seen, unsure in (([finding], []), ([], [finding]))
        ]
        assert difference[0] > difference[1] > 0, finding


def test_unknown_findings_draw_nothing_and_an_unknown_view_is_named():
    assert jpeg_bytes(paint(["Pulmonary Embolism"], "PA", "k").image) == jpeg_bytes(paint([], "PA", "k").image)
    with pytest.raises(UsageError, match="OBLIQUE"):
        paint([], "OBLIQUE", "k")


def test_a_parent_is_not_drawn_beside_its_child():
    child = paint(["Consolidation"], "PA", "k")
    both = paint(["Consolidation", "Lung Opacity"], "PA", "k")
    assert jpeg_bytes(child.image) == jpeg_bytes(both.image)
    assert "Lung Opacity" not in both.boxes


def test_the_picture_shows_a_sign_on_the_side_that_the_report_tells():
    for key in map(str, range(12)):
        side = place(["Pneumothorax"], key)["Pneumothorax"].side
        film = paint(["Pneumothorax"], "PA", key)
        ((x0, _, x1, _),) = film.boxes["Pneumothorax"]
        # the patient's left is on the image's right
        assert ((x0 + x1) / 2 > film.image.width / 2) == (side == "left")
        assert side in " ".join(narrate({"Pneumothorax": "present"}, key).findings)


def test_reports_speak_of_what_is_mentioned_and_of_nothing_else():
    words = {"Edema": "edema", "Pneumothorax": "pneumothorax", "Pleural Effusion": "effusion", "Fracture": "fracture"}
    for number in range(40):
        states = case_states(number, Choice(0, f"{number}"))
        said = " ".join(narrate(states, f"study {number}", has_prior=True).findings).lower()
        for finding, word in words.items():
            assert (word in said) == (finding in states), (finding, said)


def test_absent_and_doubtful_findings_are_worded_as_such():
    said = narrate({"Edema": "absent", "Pneumonia": "uncertain", "Fracture": "present"}, "k")
    assert any(
        sentence.lower().startswith(("there is no", "no ")) and "edema" in sentence for sentence in said.findings
    )
    assert any(hedge in " ".join(said.findings) for hedge in ("possible", "cannot be excluded", "may be"))
    assert not any("edema" in sentence for sentence in said.impression)


def test_some_reports_hold_priors_and_most_sentences_do_not():
    marks = ("___", "previous", "prior")
    texts = [narrate({"Edema": "present"}, f"{i}", has_prior=True).findings for i in range(40)]
    with_mark = [sentence for text in texts for sentence in text if any(mark in sentence for mark in marks)]
    assert 5 < len(with_mark) < sum(map(len, texts)) / 2
    assert all(any(not any(mark in s for mark in marks) for s in text) for text in texts)


def test_cases_state_enough_absences_for_questions_with_distractors():
    for number in range(3 * len(CASES)):
        states = case_states(number, Choice(1, f"{number}"))
        absent = [finding for finding, state in states.items() if state == "absent" and finding in SALIENT]
        assert len(absent) >= 3, states
        assert set(states) <= set(FOURTEEN)
        assert states.get("No Finding") in (None, "present")


def test_names_are_canonical_and_an_absence_is_never_stated_of_a_relative_of_what_is_present_or_uncertain():
    assert drawable() | drawable("LATERAL") <= set(vocabulary().names)
    for number in range(3 * len(CASES)):
        states = case_states(number, Choice(2, f"{number}"))
        said = [finding for finding, state in states.items() if state != "absent"]
        denied = [finding for finding, state in states.items() if state == "absent"]
        assert not [(a, b) for a in said for b in denied if vocabulary().related(a, b)], states


def test_splits_are_all_there_among_eight_patients_and_near_seventy_fifteen_fifteen():
    assert {split_of(i) for i in range(8)} == {"train", "val", "test"}
    assert [sum(split_of(i) == split for i in range(100)) for split in ("train", "val", "test")] == [70, 15, 15]


def test_made_up_numbers_have_eight_digits_and_differ():
    numbers = Numbers(5, 0, "study")
    made = [numbers.next(f"{i}") for i in range(2000)]
    assert len(set(made)) == 2000
    assert all(str(n)[0] == "5" and str(n)[2:4] == "99" and len(str(n)) == 8 for n in made)


def test_the_contact_sheet_holds_a_tile_for_each_label():
    tiles = mimic_tiles()
    assert {finding for tile in tiles for finding in tile.findings} == set(FOURTEEN) - {"No Finding"}
    sheet = contact_sheet(tiles[:4], columns=2)
    assert sheet.width > 300
    assert sheet.getextrema()[1] > 200
