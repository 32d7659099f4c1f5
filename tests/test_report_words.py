"""Indications as context, texts that tell only what the chest shows, and words that speak of a finding."""

from __future__ import annotations

import polars as pl
import pytest
from facets_for_tests import Study, asked, material

from cxdata.model.errors import CxdataError
from cxdata.model.vocabulary import vocabulary
from cxdata.reports.indications import with_clean_indication
from cxdata.reports.mentions import speaks_of_expr
from cxdata.reports.neutral import TARGETS, same_text_expr, with_neutral_text


def cleaned(*texts: str | None) -> list[str | None]:
    frame = pl.LazyFrame({"indication": list(texts)}, schema={"indication": pl.String})
    return with_clean_indication(frame, "context").collect()["context"].to_list()


@pytest.mark.parametrize(("raw", "wanted"), [
    ("___-year-old woman with cough.  // Evaluate for\n pneumonia", "Woman with cough. Evaluate for pneumonia."),
    ("History: ___F with cough  // cough", "History: woman with cough."),  # the question says it again
    ("Pneumonia // ___ year old man with pneumonia, fever", "Man with pneumonia, fever."),
    ("EVALUATE THE CHEST.  // EVALUATE THE CHEST", "EVALUATE THE CHEST."),
    ("Line placement // ETT? // fever", "Line placement. ETT? fever."),
    ("___F with chest pain", "Woman with chest pain."),
    ("M w/ fever", "Man w/ fever."),
    ("F/U nodule", "F/U nodule."),
    ("___ year old man s/p fall on ___ with rib pain // ? fracture", "Man s/p fall with rib pain. ? fracture."),
    ("woman s/p CABG ___, fever", "Woman s/p CABG, fever."),
    ("Dr. ___ asked for line placement", "Asked for line placement."),
    ("___-year-old man with ___'s disease, fever", "Fever."),
    ("The patient is a XXXX-year-old male with fever", "The patient is a male with fever."),
    ("XXXX-year-old XXXX with chest pain.", "Patient with chest pain."),
    ("a XXXX-year-old with cough", "Patient with cough."),
    ("XXXX-year-old male with XXXX and COPD", "Male with COPD."),
    ("Seizure and XXXX", "Seizure."),
    ("Cough, XXXX", "Cough."),
    ("Foreign body sensation after attempting to XXXX pills. Cough", "Cough."),
    ("XXXX-year-old female, XXXX", None),  # says no more than the sex
    ("<Clinical Indication><Reason For Exam>", None),
    ("<Reason For Exam> Cough..", "Cough."),
    ("___", None), ("___ // ___", None), ("XXXX.", None), (" ", None), ("", None), (None, None), ("?", None),
])  # fmt: skip
def test_an_indication_is_one_line_without_marks_that_says_things_once(raw: str | None, wanted: str | None) -> None:
    assert cleaned(raw) == [wanted]


def test_cleaning_an_indication_keeps_the_rows_and_columns() -> None:
    frame = pl.LazyFrame({"study": ["a", "b"], "indication": ["Cough", None]})
    found = with_clean_indication(frame, "context").collect()
    assert found.columns == ["study", "indication", "context"]
    assert found["indication"].to_list() == ["Cough", None]


# -- generation with the indication ------------------------------------------------------------------------------------

REPORT = {
    "indication": "___-year-old woman with cough. // cough", "findings": "The lungs are clear. Unchanged effusion.",
    "impression": "No acute cardiopulmonary process.",
}  # fmt: skip


@pytest.mark.parametrize("section", ["findings", "impression"])
def test_the_indication_is_the_context_of_the_same_question(section: str) -> None:
    of = material([Study("s1", report=REPORT, views=("PA", "LATERAL")), Study("s2", report=REPORT, views=("LATERAL",))])
    plain = asked(f"{section}_generation", of)
    row = asked(f"{section}_generation_indication", of).row(0, named=True)
    assert row["context"] == "Woman with cough."
    assert (row["answer"], row["image_ids"]) == (plain["answer"][0], plain["image_ids"][0].to_list())
    assert row["sample_id"] == f"made/{section}_generation_indication/s1"
    assert (row["stage"], row["reward"], row["level"]) == ("sft", "free_text", "generation")
    assert plain["context"].to_list() == [None]


@pytest.mark.parametrize("indication", [None, "___", "  "])
def test_without_an_indication_there_is_no_such_question(indication: str | None) -> None:
    of = material(
        [Study("s1", report={**REPORT, "indication": indication} if indication else {"findings": "Clear lungs seen."})]
    )
    assert asked("findings_generation_indication", of).is_empty()
    assert asked("findings_generation", of).height == 1


# -- neutral texts -----------------------------------------------------------------------------------------------------


def neutral(findings: str | None, impression: str | None = None) -> str | None:
    frame = pl.LazyFrame([[findings, impression]], schema=dict.fromkeys(TARGETS, pl.String), orient="row")
    text: str | None = with_neutral_text(frame, "text").collect()["text"].item()
    return text


@pytest.mark.parametrize("sentence", [
    "Frontal and lateral views show clear lungs.", "Portable AP chest.", "The nodule is seen on the lateral.",
    "It is seen only on the lateral exam.", "Upright positioning.", "Normal PA chest film.",
    "Clear on both radiographs.",
    "The study is limited by rotation.", "Evaluation limited due to habitus.",
    "Patient rotation limits the study slightly.",
    "The chin projects over the apices.", "Well penetrated.", "Within the limits of this study, no nodule.",
    "Normal for age.", "A 70-year-old patient.", "The man has sternal wires.", "Her heart is large.",
    "Surgical clips in the left breast.", "Mastectomy on the left.", "Seen in children.", "Wires since ___.",
    "Clear XXXX.",
    "Heart size is normal for technique.",
])  # fmt: skip
def test_sentences_on_view_technique_age_and_sex_are_left_out(sentence: str) -> None:
    assert neutral(sentence) is None
    assert neutral(f"No effusion. {sentence} No nodule.") == "No effusion. No nodule."


@pytest.mark.parametrize("sentence", [
    "The heart is at the upper limits of normal for size.", "Old rib fractures on the left.",
    "Pleural thickening laterally.",
    "There is a lateral rib fracture.", "Age-indeterminate fracture.", "No radiographic evidence of pneumonia.",
    "Chronic changes at the apex.", "Heart size is within normal limits for contour.",
])  # fmt: skip
def test_sentences_on_the_chest_are_kept(sentence: str) -> None:
    assert neutral(sentence) == sentence


def test_findings_come_first_and_an_impression_that_they_hold_is_left_out() -> None:
    assert neutral("No effusion. Large heart.", "Cardiomegaly.") == "No effusion. Large heart. Cardiomegaly."
    assert neutral("No effusion. Large heart.", "Large heart.") == "No effusion. Large heart."
    assert neutral("No effusion. Portable. Large heart.", "Large heart. AP.") == "No effusion. Large heart."
    assert neutral(None, "Clear.") == neutral(None, "Clear. Supine.") == neutral("Supine.", "Clear.") == "Clear."
    assert neutral("Clear.") == neutral("Clear. Supine.") == neutral("Clear.", "Supine.") == "Clear."
    assert neutral(None, None) is neutral("Supine.", None) is neutral("Supine.", "AP.") is None


def test_texts_in_the_same_words_are_the_same() -> None:
    frame = pl.DataFrame({"t": ["No effusion, no  NODULE.", "no effusion; no nodule", "No effusion or nodule."]})
    first, second, third = frame.select(same_text_expr("t"))["t"]
    assert first == second != third


# -- words that speak of a finding -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("finding", "text", "speaks"), [
    ("Pleural Effusion", "No pleural effusions are seen.", True),
    ("Pleural Effusion", "Blunted costophrenic angle.", True),
    ("Pleural Effusion", "The lungs are clear.", False), ("Cardiomegaly", "HEART SIZE IS NORMAL.", True),
    ("Cardiomegaly", "No edema.", False), ("Fracture", "Vertebral compression fractures.", True),
    ("Fracture", "The bones are whole.", False), ("Support Devices", "An endotracheal tube is in place.", True),
    ("Support Devices", "A Swan-Ganz is in place.", True), ("Support Devices", "Important outlines.", False),
    ("Lung Opacity", "There is a patchy pneumonia.", True), ("Pneumonia", "There is a patchy opacity.", False),
    ("Nodule", "Mildly thick walls.", False), ("Pneumothorax", "Bilateral pneumothoraces.", True),
    ("Interstitial Lung Disease", "There is mild scarring.", False),
])  # fmt: skip
def test_a_text_speaks_of_a_finding_by_name_kind_synonym_or_cue(finding: str, text: str, speaks: bool) -> None:
    frame = pl.DataFrame({"t": [text, None]})
    found = frame.select(speaks_of_expr("t", finding, vocabulary()))["t"]
    assert found.to_list() == [speaks, None]


def test_every_finding_is_spoken_of_by_its_own_name() -> None:
    for finding in vocabulary().findings:
        text = pl.DataFrame({"t": [f"There may be {name.lower()} here." for name in (finding.name, *finding.synonyms)]})
        assert text.select(speaks_of_expr("t", finding.name, vocabulary()))["t"].all(), finding.name


def test_an_unknown_finding_is_an_error() -> None:
    with pytest.raises(CxdataError, match="no finding 'Palm Lines'"):
        speaks_of_expr("t", "Palm Lines", vocabulary())
