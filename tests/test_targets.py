"""Clean targets: what stays, what is left out and under which rule, and what a target never holds."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxdata.reports.sentences import sentences_expr
from cxdata.reports.targets import RULES, cues, unwrap_expr, with_targets

BANNED = ("compared to", "unchanged", "___", "prior", "previous")


def target(findings: str) -> str | None:
    """The findings target of one section."""
    told: str | None = row(findings)["findings_target"]
    return told


def row(findings: str | None, impression: str | None = None) -> dict[str, Any]:
    """One report through `with_targets`."""
    schema = {"findings": pl.String, "impression": pl.String}
    return (
        with_targets(pl.LazyFrame([(findings, impression)], schema=schema, orient="row")).collect().row(0, named=True)
    )


def sentences(text: str) -> list[str]:
    """Trimmed sentences that hold something."""
    parts = pl.DataFrame({"text": [text]}).select(sentences_expr("text")).item().to_list()
    return [part.strip() for part in parts if part.strip()]


KEPT = [
    "The lungs are clear.",
    "There are minimal degenerative changes of the spine.",
    "The left hilum is larger than the right.",
    "There is a small left pleural effusion with adjacent atelectasis.",
    "Increased interstitial markings are present.",
    "Decreased lung volumes are noted.",
    "Bibasilar opacities, left greater than right.",
    "The opacity is better seen on the lateral view.",
    "Mild degenerative change of the spine.",
    "There is degenerative change.",
    "Old healed rib fractures are noted.",
    "The tube continues into the stomach.",
    "A 3.5 cm mass lies in the right upper lobe.",
    "Remaining lungs are clear.",
    "Findings suggest mild edema.",
    "Postsurgical changes are seen.",
    "Opacity at the right base, more prominent than at the left.",
    "The tip of the catheter is 2 cm above the carina.",
    "The heart is larger than normal.",
    "Bilateral effusions, larger on the right.",
    "Opacities are larger on the right than on the left.",
    "The larger nodule measures 8 mm.",
    "Low lung volumes with subsequent bronchovascular crowding.",
    "There are postoperative changes of sternotomy and CABG.",
    "Post thoracotomy rib changes are noted.",
    "Changes post bilateral thoracotomy.",
    "Post-traumatic deformity of the right clavicle.",
    "Post obstructive pneumonia.",
]

LEFT_OUT = [
    ("prior", "Minimal interval change."),
    ("prior", "Overall, the effusion appears slightly smaller."),
    ("prior", "Pneumothorax is gone."),
    ("prior", "Left chest tube in place; the pneumothorax is smaller."),
    ("prior", "Larger right effusion."),
    ("prior", "A larger left effusion is seen."),
    ("prior", "The effusion is smaller, larger on the right."),
    ("prior", "The heart is larger than on the last film."),
    ("prior", "The pneumomediastinum is less perceptible."),
    ("prior", "Monitoring and support devices are constant in position."),
    ("prior", "The extent of the effusion is constant."),
    ("prior", "Subsequent radiograph shows a PICC."),
    ("prior", "The tube was subsequently advanced."),
    ("history", "Post CABG."),
    ("history", "The patient is post aortic valve replacement with intact wires."),
    ("history", "Postoperative chest."),
    ("history", "Post operative chest with no acute disease."),
    ("notification", "Thank you."),
    ("other_exam", "No fracture of the left knee."),
    ("pointer", "END OF REPORT."),
    ("mark", "Normal chest x-XXXX."),
    ("view_title", "PA and lateral views of the chest provided."),
    ("view_title", "Single frontal view of the chest was obtained with the patient in an upright position."),
    ("view_title", "Portable AP chest radiograph."),
    ("notification", "Findings were discussed with Dr. ___ by telephone at 9:15 a.m. on ___."),
    ("notification", "The nurse was notified."),
    ("notification", "These results were conveyed at 10 AM."),
    ("recommendation", "Recommend follow-up in 6 weeks."),
    ("recommendation", "Consider CT for further evaluation."),
    ("recommendation", "Repeat radiographs may be obtained."),
    ("recommendation", "The tube could be advanced by 3 cm."),
    ("recommendation", "Correlate clinically."),
    ("prior", "Heart size is unchanged."),
    ("prior", "No significant interval change."),
    ("prior", "No change."),
    ("prior", "The effusion has decreased in size."),
    ("prior", "Decreased left effusion."),
    ("prior", "Increasing opacity at the base."),
    ("prior", "Stable cardiomegaly."),
    ("prior", "No new consolidation."),
    ("prior", "Again seen is a right port."),
    ("prior", "Persistent left effusion."),
    ("prior", "Pulmonary edema has improved."),
    ("prior", "Opacity is more prominent."),
    ("prior", "Prior sternotomy."),
    ("prior", "A chest tube has been removed."),
    ("prior", "Compared to ___, the edema is less severe."),
    ("prior", "In comparison with the study of ___, there is little change."),
    ("prior", "As compared to the last film, the patient has received a tube."),
    ("prior", "Wires as seen on 3/12/2011."),
    ("history", "Patient with history of sarcoid."),
    ("history", "Known lung mass in the left upper lobe."),
    ("history", "The patient is status post lobectomy."),
    ("other_exam", "A nodule as per CT."),
    ("other_exam", "Ultrasound showed an effusion."),
    ("pointer", "Changes as described above."),
    ("mark", "The tube ends at ___."),
    ("mark", "There is XXXX opacity."),
]


@pytest.mark.parametrize("sentence", KEPT)
def test_a_finding_of_this_picture_stays(sentence: str) -> None:
    assert target(sentence) == sentence


@pytest.mark.parametrize(("rule", "sentence"), LEFT_OUT)
def test_a_sentence_is_left_out_by_its_rule(rule: str, sentence: str) -> None:
    got = row(f"{sentence}  The lungs are clear.")
    assert got["findings_target"] == "The lungs are clear."
    assert {name: got[f"findings_dropped_{name}"] for name in RULES} == {name: int(name == rule) for name in RULES}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Compared to ___, there is mild edema.", "There is mild edema."),
        ("In comparison with the study of ___, the heart is enlarged.", "The heart is enlarged."),
        ("AP chest compared to ___: The heart is enlarged.", "The heart is enlarged."),
        ("PA and lateral chest:  Clear lungs.", "Clear lungs."),
        ("Right: small effusion.", "Right: small effusion."),
    ],
)
def test_a_leading_clause_is_cut_off_a_present_finding(sentence: str, expected: str) -> None:
    assert target(sentence) == expected


def test_what_leans_on_a_sentence_left_out_goes_too() -> None:
    got = row("Unchanged left effusion.  Otherwise normal chest.  No pneumothorax.")
    assert (got["findings_target"], got["findings_dropped_leaning"]) == ("No pneumothorax.", 1)
    assert target("Small left effusion.  Otherwise normal chest.") == "Small left effusion. Otherwise normal chest."
    assert target("PA view of the chest.  Otherwise normal chest.") == "Otherwise normal chest."


def test_a_reading_of_what_was_left_out_goes_too() -> None:
    assert target("Unchanged opacity.  Findings may reflect atelectasis.  No effusion.") == "No effusion."
    assert target("Findings consistent with mild heart failure.") == "Findings consistent with mild heart failure."


def test_a_sentence_has_one_full_stop() -> None:
    assert target("Clear lungs ..  No effusion. .") == "Clear lungs. No effusion."


def test_lines_are_joined_and_list_numbers_taken_off() -> None:
    assert target("The lungs\n are  clear,\r\n no effusion.") == "The lungs are clear, no effusion."
    assert (
        target("1.  Left effusion, 3.5 cm\n 2.  No\n edema. \n 3. Stable heart.") == "Left effusion, 3.5 cm. No edema."
    )
    assert target("1. No edema. 2. No effusion.") == "No edema. No effusion."
    assert target("1.No edema\n2.No effusion") == "No edema. No effusion."
    assert (
        target("Fracture of the right rib\n 7. The lungs are clear.")
        == "Fracture of the right rib 7. The lungs are clear."
    )
    assert target("1. Cardiomegaly 2. No effusion 3. Clear lungs.") == "Cardiomegaly. No effusion. Clear lungs."
    assert target("1. Fracture of right rib 4. The lungs are clear.") == "Fracture of right rib 4. The lungs are clear."
    assert target("Cardiomegaly 2. No effusion.") == "Cardiomegaly 2. No effusion."
    assert target("- No edema\n - No effusion") == "No edema. No effusion."


def test_a_blank_line_ends_a_sentence() -> None:
    assert target("AP chest\n \n The lungs are clear\n \n No effusion;") == "The lungs are clear. No effusion."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Seen by Dr. Who. Clear.", ["Seen by Dr. Who.", "Clear."]),
        ("Told at 9 a.m. on Monday. Clear.", ["Told at 9 a.m. on Monday.", "Clear."]),
        ("Told at 9 a.m. The lungs are clear.", ["Told at 9 a.m.", "The lungs are clear."]),
        ("Edema vs. pneumonia? Clear!", ["Edema vs. pneumonia?", "Clear!"]),
        ("Tip 3.5 cm. above it. End.", ["Tip 3.5 cm. above it.", "End."]),
        ("Tip at 3 cm. The end.", ["Tip at 3 cm.", "The end."]),
        ("(Clear.) Next, e.g. this.", ["(Clear.)", "Next, e.g. this."]),
    ],
)
def test_sentences_end_where_they_should(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_nothing_left_is_null() -> None:
    got = row("Unchanged.", None)
    assert (got["findings_target"], got["impression_target"]) == (None, None)
    assert (got["findings_dropped_prior"], got["impression_dropped_prior"]) == (1, 0)
    assert target(" \n 1. ") is None


def test_capitals_are_read_alike() -> None:
    assert target("THE LUNGS ARE CLEAR.  HEART SIZE IS UNCHANGED.") == "THE LUNGS ARE CLEAR."


def test_unwrapped_text() -> None:
    frame = pl.DataFrame({"text": [" ___-year-old\n man  with\r\n cough. ", " \n ", None]})
    assert frame.select(unwrap_expr("text")).to_series().to_list() == ["___-year-old man with cough.", None, None]


def test_other_columns_stay_and_each_rule_has_words() -> None:
    frame = pl.LazyFrame(
        {"study_id": ["s1"], "findings": ["Clear."], "impression": [None]}, schema_overrides={"impression": pl.String}
    )
    out = with_targets(frame).collect()
    assert out.columns[:5] == ["study_id", "findings", "impression", "findings_target", "impression_target"]
    assert len(out.columns) == 5 + 2 * len(RULES)
    assert all(cues(rule).plain for rule in RULES[1:-1])


def test_an_exception_never_matches_what_its_cue_does_not() -> None:
    """Else an exception, counted against the cue, could hide another cue's words."""
    texts = pl.DataFrame({"text": [*KEPT, *(sentence for _, sentence in LEFT_OUT)]})
    pairs = [pair for rule in RULES[1:-1] for pair in cues(rule).excepted]
    assert len(pairs) >= 3
    for cue, unless in pairs:
        met, spared = (texts.select(pl.col("text").str.count_matches(each)).to_series() for each in (cue, unless))
        assert (spared <= met).all(), cue
        assert spared.sum() > 0, "an exception that no sentence of these tests needs"


WORDS = [
    "compared",
    "to",
    "Compared to ___,",
    "unchanged",
    "___",
    "_",
    "prior",
    "Previous",
    "there is",
    "edema",
    ".",
    ". ",
    ":",
    "\n",
    "\n\n",
    "PA chest",
    "Dr.",
    "a.m.",
    "1. ",
    "Otherwise",
    "PRIORITY",
    "\x1d",
    "\x1e",
    "\x01",
    "é",
    " ",
    ",",
]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=15).map(" ".join), min_size=1, max_size=20)
)
def test_a_target_never_holds_a_banned_word(texts: list[str]) -> None:
    frame = pl.LazyFrame({"findings": texts, "impression": texts})
    out = with_targets(frame).collect()
    for told in [*out["findings_target"], *out["impression_target"]]:
        assert told is None or (told and "\n" not in told and not any(word in told.lower() for word in BANNED))
