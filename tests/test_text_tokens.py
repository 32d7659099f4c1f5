"""Tokens of the text of prompts: by a tokenizer made here, or estimated; and the output says which."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
import pytest
from stage_folders import BINARY, standard_rows, write_stage
from typer.testing import CliRunner

from cxdata.check.stage import validate_stage
from cxdata.check.text_tokens import ESTIMATE, counted_by
from cxdata.cli.app import app
from cxdata.model.errors import CxdataError, UsageError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a tokenizer that makes a token of each word and sign, and would cut and fill prompts if let."""
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "shown": 1}, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[UNK] $A", special_tokens=[("[UNK]", 0)]
    )  # fmt: skip
    made.enable_truncation(3)
    made.enable_padding(length=9)
    (tmp_path / "model").mkdir()
    made.save(str(tmp_path / "model" / "tokenizer.json"))
    return tmp_path / "model"


def problems(*texts: str | None) -> pl.DataFrame:
    return pl.DataFrame({"problem": texts}, schema={"problem": pl.String})


def test_the_tokenizer_counts_words_marks_and_template(model: Path) -> None:
    counted = counted_by(model)
    frame = problems("one two three", "<image>\none <image> two", "", None, "<image>")
    assert counted.of(frame).to_list() == [3 + 32, 2 + 2 * 2 + 32, 32, None, 2 + 32]
    assert counted_by(model / "tokenizer.json").of(frame).to_list() == counted.of(frame).to_list()
    assert counted.how == f"text by the tokenizer {model}"


def test_many_prompts_keep_their_order(model: Path) -> None:
    texts = ["word " * (n % 7) for n in range(10_000)]
    assert counted_by(model).of(problems(*texts)).to_list() == [n % 7 + 32 for n in range(10_000)]


def test_without_one_the_text_is_estimated() -> None:
    assert counted_by(None) is ESTIMATE
    assert ESTIMATE.of(problems("one two", None)).to_list() == [3 + 32, None]


def test_validate_counts_by_it_and_says_so(model: Path, tmp_path: Path) -> None:
    def folder(words: int) -> Path:
        rows = standard_rows()
        rows[1] = {**rows[1], "problem": BINARY + " word" * words}
        return write_stage(tmp_path / "mix", "easyr1", splits={"train": rows, "val": standard_rows("val")})

    guessed = validate_stage(folder(3_000))  # of five bytes each: 5,000 tokens by the estimate
    assert [problem.code for problem in guessed.problems] == ["prompt_tokens"]
    assert "(text estimated)" in guessed.problems[0].message
    assert all(note.endswith("text estimated)") for note in guessed.notes if "prompts of" in note)
    args = ["validate", str(tmp_path / "mix"), "--for", "easyr1", "--json", "--tokenizer", str(model)]
    told = json.loads(CliRunner().invoke(app, args).stdout)
    assert told["ok"]  # two films of 345 tokens and 3,000 words
    lengths = [note for note in told["notes"] if "prompts of" in note]
    assert len(lengths) == 2
    assert all(note.endswith(f"(pictures by their size, text by the tokenizer {model})") for note in lengths)
    assert [p.code for p in validate_stage(folder(3_400), tokens=counted_by(model)).problems] == ["prompt_tokens"]


def test_what_is_no_tokenizer_is_named(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no tokenizer"):
        counted_by(tmp_path)
    with pytest.raises(UsageError, match="no tokenizer"):
        counted_by(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(CxdataError, match="cannot be read"):
        counted_by(tmp_path / "bad.json")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(CxdataError, match="not installed") as caught:
        counted_by(model)
    assert "cxdata[tokens]" in str(caught.value.mend)


def test_a_build_has_no_prompts(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    result = CliRunner().invoke(app, ["validate", str(tmp_path), "--tokenizer", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "--tokenizer judges a stage folder" in str(result.exception)
