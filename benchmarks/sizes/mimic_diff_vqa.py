"""MIMIC-Diff-VQA: 700,703 questions, 164,324 of them about a change, and a row for each study of MIMIC-CXR."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sizes._on_mimic import write_mimic

QUESTIONS = 700_703
PAIRS = 164_324
HEADER = ("study_id", "subject_id", "ref_id", "question_type", "question", "answer", "split")
KINDS = ("abnormality", "presence", "view", "location", "level", "type")
ANSWERS = {"abnormality": "edema, atelectasis", "presence": "no", "view": "PA view", "level": "mild"}


def write(root: Path) -> None:
    """Write MIMIC-CXR's tables, the questions and the table of studies below root."""
    films = write_mimic(root / "mimic").sort("subject_id", "StudyDate", "study_id")
    home = root / "mimic-diff-vqa"
    home.mkdir(parents=True)
    films.select("subject_id", "study_id", "dicom_id", view=pl.lit("antero-posterior")).write_csv(
        home / "mimic_all.csv"
    )
    before = films.with_columns(pl.all().shift(1).name.suffix("_before")).filter(
        pl.col("subject_id") == pl.col("subject_id_before"), pl.col("StudyDate") > pl.col("StudyDate_before")
    )  # fmt: skip
    pairs = before.select("study_id", "subject_id", "study_id_before").head(PAIRS).rows()
    rows = [
        (*pair, "difference", "what is new?", f"finding {nth % 50} is new. ", _split(nth))
        for nth, pair in enumerate(pairs)
    ]
    for nth in range(QUESTIONS - len(pairs)):
        kind = KINDS[nth % 6]
        rows.append(
            (*pairs[nth % len(pairs)], kind, f"thing {nth // len(pairs)}?", ANSWERS.get(kind, "left"), _split(nth))
        )
    pl.DataFrame(rows, schema=list(HEADER), orient="row").write_csv(home / "mimic_pair_questions.csv")


def _split(nth: int) -> str:
    return "test" if nth % 10 == 0 else "val" if nth % 10 == 1 else "train"
