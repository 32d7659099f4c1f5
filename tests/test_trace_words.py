"""What the evidence writer may say: phrases of every finding, and the features of a sentence."""

from __future__ import annotations

import pytest

from cxdata.answers.thinks import denies, has_sign, is_foul
from cxdata.model.hashing import stable_hash
from cxdata.model.vocabulary import vocabulary
from cxdata.reasoning.checks.words import BANNED
from cxdata.reasoning.evidence import thinks
from cxdata.reasoning.evidence.choices import Choices
from cxdata.reasoning.evidence.features import Features, features, said
from cxdata.reasoning.evidence.phrases import covered, frames, phrases
from cxdata.reasoning.evidence.places import Frame, box_place
from cxdata.reasoning.study import denied_with, kinds
from cxdata.reports.reader import read_sentence

ASKABLE = [one.name for one in vocabulary().findings if one.visible != "no" and one.kind != "normal"]
SALIENT = [name for name in ASKABLE if vocabulary().is_salient(name)]
NAMED_AS_A_PLACE = {"Azygos Lobe", "Bronchiectasis", "Bronchiolitis", "Bronchitis", "Bronchopneumonia"}
"""Their names are no sign to the reward: it takes `azygos`, `lobe` and what begins with `bronch` for a place."""
TOLD = Features("left", ("base",), ("moderate",), ("patchy",))


def variants(finding: str, n: int = 40) -> list[Choices]:
    return [Choices(stable_hash(0, finding, str(number))) for number in range(n)]


def test_every_askable_finding_has_phrases() -> None:
    assert covered() >= set(ASKABLE)
    assert all(phrases(name).look for name in SALIENT)


@pytest.mark.parametrize("finding", ASKABLE)
def test_what_is_affirmed_speaks_of_it_and_denies_nothing(finding: str) -> None:
    kinds_of_frames = ("affirmed", "against_absence", "against_normal")
    for told in (Features(), TOLD, Features("both", many=True)):
        for choose in variants(finding):
            for kind in kinds_of_frames:
                text = thinks.affirmed(finding, finding, told, kind, choose)
                assert has_sign(text) or finding in NAMED_AS_A_PLACE, text
                assert not denies(text), text
                sound(text)
                assert all(one.state != "absent" for one in read_sentence(text) if one.finding in denied_with(finding))


@pytest.mark.parametrize("finding", ASKABLE)
def test_what_is_denied_is_read_as_denied(finding: str) -> None:
    for choose in variants(finding):
        for text in (thinks.denied(finding, choose), thinks.against_presence(finding, choose)):
            assert denies(text), text
            assert has_sign(text) or finding in NAMED_AS_A_PLACE, text
            sound(text)
            plain = text.replace(" other than effusion or pneumothorax", "")  # what names of findings say of others
            assert not [one for one in read_sentence(plain) if one.finding in kinds(finding) and one.state == "present"]
            assert not said(text, "side") & {"left", "right"} or "both" in said(text, "side"), text


@pytest.mark.parametrize("finding", SALIENT)
def test_silence_names_a_place_and_nothing_else(finding: str) -> None:
    for kind in ("silent", "silent_other"):
        for choose in variants(finding):
            text = thinks.silent(finding, kind, choose)
            assert not has_sign(text), text
            sound(text)


@pytest.mark.parametrize("kind", ["label_only", "label_only_other"])
def test_a_label_alone_names_nothing(kind: str) -> None:
    for text in frames(kind):
        assert not has_sign(text)
        assert not said(text, "side")
        sound(text)


def sound(text: str) -> None:
    assert not BANNED.search(text), text
    assert not is_foul(text), text
    assert "{" not in text, text
    assert "  " not in text, text
    assert text[0].isupper(), text
    assert text.endswith("."), text


def test_a_tail_does_not_say_the_same_again() -> None:
    texts = {thinks.affirmed("Rib Fracture", "Rib Fracture", Features(), "affirmed", one) for one in variants("x", 80)}
    assert texts
    assert not any("which is a rib fracture" in text or "that is a rib fracture" in text for text in texts)


def test_texts_are_many() -> None:
    denied = {thinks.denied("Pneumothorax", one) for one in variants("many", 400)}
    affirmed = {
        thinks.affirmed("Pleural Effusion", "Pleural Effusion", TOLD, "affirmed", one) for one in variants("m", 400)
    }
    assert len(denied) > 300
    assert len(affirmed) > 200


@pytest.mark.parametrize(
    ("sentence", "mention", "others", "wanted"),
    [
        ("Small left pleural effusion.", "pleural effusion", (), Features("left", (), ("small",))),
        ("Left effusion and right basal atelectasis.", "effusion", ("atelectasis",), Features("left")),
        ("Left effusion and right basal atelectasis.", "atelectasis", ("effusion",), Features("right", ("base",))),
        ("Right effusion causing left atelectasis.", "effusion", ("atelectasis",), Features("right")),
        ("Right effusion causing left atelectasis.", "atelectasis", ("effusion",), Features()),
        ("Mild cardiomegaly but a large effusion.", "cardiomegaly", ("effusion",), Features(None, (), ("mild",))),
        ("Aortic calcification and mild ectasia.", "Aortic calcification", (), Features()),
        ("Patchy opacity in the right middle and lower lobes.", "opacity", (),
         Features("right", ("lower lobe",), (), ("patchy",))),
        ("Effusion seen on the left lateral decubitus film.", "Effusion", (), Features()),
        ("Atelectasis at the left and right bases.", "Atelectasis", (), Features("both", ("base",))),
        ("Bibasilar atelectasis.", "atelectasis", (), Features("both", ("base",))),
        ("Several nodules in the left upper lobe.", "nodules", (), Features("left", ("upper lobe",), many=True)),
        ("Small to moderate effusion.", "effusion", (), Features(None, (), ("small", "moderate"))),
    ],
)  # fmt: skip
def test_features_are_those_of_the_mention(
    sentence: str, mention: str, others: tuple[str, ...], wanted: Features
) -> None:
    def span(text: str) -> tuple[int, int]:
        start = sentence.index(text)
        return start, start + len(text)

    assert features(sentence, *span(mention), [span(one) for one in others]) == wanted


def test_a_box_lies_on_the_patients_side() -> None:
    choose = Choices(stable_hash(0, "box", "x"))
    upper_left_of_picture = box_place(Frame(0.1, 0.1, 0.3, 0.3), choose)
    assert "upper" in upper_left_of_picture
    assert "patient's right" in upper_left_of_picture
    assert "midline" in box_place(Frame(0.4, 0.4, 0.6, 0.6), choose)
    assert "both sides" in box_place(Frame(0.1, 0.7, 0.9, 0.9), choose)


def test_a_loose_heading_denies_airspace_disease_alone() -> None:
    assert "Lung Opacity" in denied_with("Consolidation")
    assert all("Lung Opacity" not in denied_with(name) for name in ("Edema", "Nodule", "Mass", "Atelectasis"))
    assert "Enlarged Cardiomediastinum" not in denied_with("Cardiomegaly")
    assert "Fracture" in denied_with("Rib Fracture")
