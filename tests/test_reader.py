"""The reader of negation and uncertainty: its test set of sentences, and what it must keep to."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml

from cxdata.model.vocabulary import vocabulary
from cxdata.reports.reader import read_sentence, read_sentences

SENTENCES = Path(__file__).with_name("reader_sentences")
STATES = {"+": "present", "-": "absent", "?": "uncertain"}


def told(name: str) -> list[tuple[str, str, dict[str, str]]]:
    """Kind, sentence and the state of each finding of a file of sentences."""
    table = yaml.safe_load((SENTENCES / f"{name}.yaml").read_text("utf-8"))
    return [(kind, sentence, states(text)) for kind, rows in table.items() for sentence, text in rows]


def states(text: str) -> dict[str, str]:
    """`+Edema; -Pneumothorax` as a dictionary."""
    marks = [mark.strip() for mark in text.split(";") if mark.strip()]
    return {mark[1:]: STATES[mark[0]] for mark in marks}


def read(sentence: str) -> dict[str, str]:
    """The states that the reader gives."""
    return {reading.finding: reading.state for reading in read_sentence(sentence)}


@pytest.mark.parametrize(("kind", "sentence", "wanted"), told("before_the_rules"))
def test_sentences(kind: str, sentence: str, wanted: dict[str, str]) -> None:
    assert read(sentence) == wanted, kind


def test_spans_and_cues_are_words_of_the_sentence() -> None:
    (reading,) = read_sentence("Pneumonia cannot be entirely excluded.")
    assert "Pneumonia cannot be entirely excluded."[reading.start : reading.end] == "Pneumonia"
    assert reading.cue == "cannot be entirely excluded"


def test_many_sentences_are_read_as_one_is() -> None:
    sentences = [sentence for _, sentence, _ in told("before_the_rules")]
    table = read_sentences(pl.Series("sentence", [*sentences, sentences[0], None]))
    one_by_one = [(text, *reading) for text in sorted(set(sentences)) for reading in read_sentence(text)]
    assert table.rows() == one_by_one


def test_sentences_name_findings_of_the_vocabulary() -> None:
    assert {finding for _, _, wanted in told("before_the_rules") for finding in wanted} <= {*vocabulary().names}
