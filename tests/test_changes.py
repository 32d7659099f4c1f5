"""Changes told in reports: words of change tied to a finding."""

from __future__ import annotations

import polars as pl
import pytest

from cxdata.reports.changes import read_changes, reported_changes

SENTENCES = [
    ("The left pleural effusion has increased.", "Pleural Effusion worsening"),
    ("Interval increase in the right effusion.", "Pleural Effusion worsening"),
    ("Compared to ___, the right pleural effusion is larger.", "Pleural Effusion worsening"),
    ("New right lower lobe consolidation.", "Consolidation worsening"),
    ("Pulmonary edema has improved.", "Edema improving"),
    ("Interval resolution of the right pneumothorax.", "Pneumothorax improving"),
    ("The consolidation at the right base is slightly better.", "Consolidation improving"),
    ("No significant change in the moderate left pleural effusion.", "Pleural Effusion stable"),
    ("Stable small left pneumothorax.", "Pneumothorax stable"),
    ("There is unchanged moderate pulmonary edema.", "Edema stable"),
    # lists, and two findings in one sentence
    ("Effusion and edema are unchanged.", "Edema stable; Pleural Effusion stable"),
    ("Worsening multifocal pneumonia and stable effusions.", "Pleural Effusion stable; Pneumonia worsening"),
    ("Pleural effusions have decreased and the edema has resolved.", "Edema improving; Pleural Effusion improving"),
    ("Stable cardiomegaly with new pleural effusion.", "Pleural Effusion worsening"),
    ("Decreased left effusion with unchanged atelectasis.", "Pleural Effusion improving"),
    ("Pneumonia cannot be excluded, and the effusion is unchanged.", "Pleural Effusion stable"),
    # not tied, in doubt, denied, or of both sides
    ("Unchanged appearance of the heart; small effusion.", ""),
    ("Effusion has possibly increased.", ""),
    ("No new consolidation.", ""),
    ("No pneumothorax, unchanged.", ""),
    ("Mild edema.", ""),
    ("The small apical pneumothorax is no longer seen.", ""),
    ("Right effusion has decreased while the left has increased.", ""),
    ("Right pleural effusion has decreased, left pleural effusion has increased.", ""),
    ("Stable cardiomegaly.", ""),
    # one side beside the other; what the finding that changed is taken for
    ("Bilateral pleural effusions, right larger than left.", ""),
    ("There is edema, which is worse on the right.", ""),
    ("The left effusion is larger than on the previous film.", "Pleural Effusion worsening"),
    ("Stable right middle lobe consolidation, most consistent with pneumonia.", "Consolidation stable"),
    # denied, in doubt for the way the film was taken, told of one side or film and then of another
    ("Pneumothorax has not increased.", ""),
    ("Pneumonia has not improved.", ""),
    ("The effusion has not changed.", "Pleural Effusion stable"),
    ("Apparent increase in the effusion may reflect differences in positioning.", ""),
    ("Although the effusion appears larger, this may be projectional.", ""),
    ("Pleural effusion has slightly increased, if at all.", ""),
    ("Bilateral pleural effusions are stable on the left and improved on the right.", ""),
    ("Effusion is increased from ___, but decreased from ___.", ""),
    # compared with something else than the last film
    ("Compared to the CT of ___, the left effusion has increased.", ""),
    ("The left effusion has increased since several prior studies.", ""),
    ("As compared to the older radiograph of ___, the consolidation has improved.", ""),
    ("The effusion has decreased since admission.", ""),
    ("The effusion is smaller than on the film before last.", ""),
    ("As compared to the previous radiograph, the effusion has increased.", "Pleural Effusion worsening"),
]


@pytest.mark.parametrize(("sentence", "wanted"), SENTENCES)
def test_sentences(sentence: str, wanted: str) -> None:
    assert "; ".join(sorted(f"{one.finding} {one.change}" for one in read_changes(sentence))) == wanted


def test_the_span_is_of_the_words_of_change() -> None:
    sentence = "The left pleural effusion has markedly increased."
    (change,) = read_changes(sentence)
    assert sentence[change.start : change.end] == "has markedly increased"


def test_a_report_with_two_changes_of_a_finding_tells_none() -> None:
    rows = [("s1", "The effusion has increased.", "Stable effusion."), ("s2", "The effusion has increased.", None),
            ("s3", "Normal.", None)]  # fmt: skip
    frame = pl.LazyFrame(rows, schema=["study_id", "findings", "impression"], orient="row").with_columns(
        comparison=pl.lit(None, pl.String),
        language=pl.lit("en"),
        origin_file=pl.lit("x"),
        origin_row=pl.lit(None, pl.Int64),
    )
    told = reported_changes(frame)
    assert told.select("study_id", "finding", "change").rows() == [("s2", "Pleural Effusion", "worsening")]
    assert reported_changes(frame.with_columns(language=pl.lit("es"))).is_empty()


@pytest.mark.parametrize(
    ("comparison", "tells"),
    [("Radiograph from ___.", True), (None, True), ("___.", True), ("CT of ___ and chest radiograph of ___.", True),
     ("None.", False), ("None available.", False), ("CT chest, ___.", False), ("No prior films.", False)],
)  # fmt: skip
def test_a_report_that_compares_with_no_radiograph_tells_none(comparison: str | None, tells: bool) -> None:
    row = {"study_id": "s", "language": "en", "comparison": comparison, "findings": "The effusion has increased.",
           "impression": None, "origin_file": "x", "origin_row": None}  # fmt: skip
    frame = pl.LazyFrame([row], schema_overrides={"comparison": pl.String, "impression": pl.String})
    assert (reported_changes(frame).height == 1) == tells
