"""MIMIC-NLE: labels by place, sentences cut at the wrong places, one sentence once, the strictest split of a study."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import KNOWN, build_source, write_phantom
from test_contract import read

from cxdata.model.errors import CxdataError
from cxdata.sources.mimic_nle.phantom import FAULTS
from cxdata.sources.mimic_nle.reader import LABELS

SOURCE = KNOWN["mimic-nle"]
FOLDER = Path("mimic-nle/MIMIC-NLE/mimic-nle")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom(SOURCE, tmp_path_factory.mktemp("nle"), 12)


def rows_of(root: Path, part: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / FOLDER / f"mimic-nle-{part}.json").read_text().splitlines()]


def rewritten(both: Path, folder: Path, **parts: list[dict[str, Any]]) -> Path:
    (folder / FOLDER).mkdir(parents=True)
    (folder / "mimic").symlink_to(both / "mimic")
    for part in ("train", "dev", "test"):
        lines = [json.dumps(row) for row in parts.get(part, rows_of(both, part))]
        (folder / FOLDER / f"mimic-nle-{part}.json").write_text("\n".join(lines))
    return folder


def test_planted_faults_have_their_codes(both: Path) -> None:
    reading = read(SOURCE, both)
    assert Counter(reading.rejects["code"]) == {
        "bad_id": 1, "study_not_in_parent": 1, "no_sentence": 1, "bad_record": 1, "no_diagnosis": 1, "same_sentence": 1,
    }  # fmt: skip
    assert len(FAULTS) == reading.rejects.height


def test_labels_are_named_by_their_place(both: Path) -> None:
    told = read(SOURCE, both).facets["statements"].select("statement_id", "diagnosis", "evidence")
    found = {key: (diagnosis, evidence) for key, diagnosis, evidence in told.iter_rows()}
    for row in rows_of(both, "test"):
        named = [
            ", ".join(name for name, mark in zip(LABELS, row[key], strict=True) if mark)
            for key in ("diagnosis_label", "evidence_label")
        ]
        assert list(found[row["sentence_ID"].replace("#", ":")]) == named


def test_sentences_that_explain_nothing_are_an_error(both: Path, tmp_path: Path) -> None:
    train = [
        {**row, "nle": f"The heart is normal in size {nth}."} for nth, row in enumerate(rows_of(both, "train") * 3)
    ]
    with pytest.raises(CxdataError, match=r"0% of the sentences of mimic-nle-train\.json") as error:
        read(SOURCE, rewritten(both, tmp_path, train=train))
    assert "spaCy" in str(error.value)
    assert "heart" not in str(error.value)


def test_of_a_sentence_in_two_files_that_of_test_is_taken(both: Path, tmp_path: Path) -> None:
    again = rows_of(both, "test")[0]
    twice = {**again, "sentence_ID": again["sentence_ID"] + "7", "nle": again["nle"].upper()}
    reading = read(SOURCE, rewritten(both, tmp_path, train=[*rows_of(both, "train"), twice]))
    assert Counter(reading.rejects["code"])["same_sentence"] == 2
    assert reading.facets["studies"].filter(study_id=again["report_ID"])["split_official"].to_list() == ["test"]


def test_a_study_in_two_files_is_of_the_strictest(both: Path, tmp_path: Path) -> None:
    moved = {
        **rows_of(both, "dev")[0],
        "sentence_ID": rows_of(both, "dev")[0]["sentence_ID"] + "8",
        "nle": "May be a clot.",
    }
    reading = read(SOURCE, rewritten(both, tmp_path, train=[*rows_of(both, "train"), moved]))
    split = reading.facets["studies"].filter(study_id=moved["report_ID"])["split_official"].to_list()
    assert split == ["val"]


def test_what_needs_an_earlier_picture_is_not_asked_for(both: Path, tmp_path: Path) -> None:
    sound = rows_of(both, "train")[0]
    prior = {**sound, "sentence_ID": sound["sentence_ID"] + "9", "nle": "Unchanged opacity is likely atelectasis."}
    root = rewritten(both, tmp_path / "d", train=[*rows_of(both, "train"), prior])
    result = build_source(SOURCE, root, tmp_path / "b")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet")
    assert not rows["answer"].str.contains("(?i)unchanged|___|compared").any()
    assert result["samples"]["total"] == rows.height > 0


def test_several_diagnoses_stand_in_one_question(both: Path, tmp_path: Path) -> None:
    sound = rows_of(both, "train")[0]
    several = {**sound, "sentence_ID": sound["sentence_ID"] + "6", "nle": "The opacity may be edema or infection.",
               "diagnosis_label": [1, 0, 1, 0, 0, 0, 0, 0, 1, 0]}  # fmt: skip
    root = rewritten(both, tmp_path / "d", train=[*rows_of(both, "train"), several])
    build_source(SOURCE, root, tmp_path / "b")
    rows = pl.read_parquet(tmp_path / "b" / "samples" / "*.parquet").filter(pl.col("answer").str.contains("infection"))
    assert "atelectasis, pulmonary edema or pneumonia" in rows["question"].item()
