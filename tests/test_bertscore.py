"""BERTScore by the package itself, with a tiny random BERT made from a config."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from cxdata.model.errors import CxdataError
from cxmind_train.evaluate import bertscore as module
from cxmind_train.evaluate.bertscore import NO_MODEL, NOT_INSTALLED, bertscore, is_installed, with_bertscore

WORDS = ("there", "is", "no", "edema", "effusion", "small", "left", ".")
PLACES = 24
needs_it = pytest.mark.skipif(not is_installed(), reason="pip install 'cxdata[bertscore]'")
pytestmark = pytest.mark.filterwarnings("default")


def predictions(reward: str = "free_text") -> pl.DataFrame:
    return pl.DataFrame({
        "view": ["sighted", "blank", "sighted"], "sample_id": ["a", "a", "b"], "reward": [reward] * 3,
        "said": ["there is edema .", "no edema .", None],
        "gold": ["there is edema .", "there is edema .", "no effusion ."],
    })  # fmt: skip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    home = tmp_path_factory.mktemp("bert")
    (home / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]) + "\n")
    BertTokenizerFast(str(home / "vocab.txt")).save_pretrained(home)
    torch.manual_seed(0)
    BertModel(BertConfig(
        vocab_size=5 + len(WORDS), hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=PLACES,
    )).save_pretrained(home)  # fmt: skip
    return str(home)


@needs_it
def test_equal_texts_score_one_and_empty_ones_nothing(tiny: str) -> None:
    told = bertscore(
        [("there is edema .", "there is edema ."), ("no effusion .", "small left edema ."), ("", "edema")], tiny
    )
    same, other, empty = told.f1
    assert (same, empty, told.layer) == (pytest.approx(1, abs=1e-5), 0, 3)
    assert 0 < other < 0.99
    assert bertscore([("no effusion .", "small left edema .")], tiny, 1).f1[0] != pytest.approx(other, abs=1e-4)


@needs_it
def test_long_texts_are_cut_at_the_model_s_places(tiny: str) -> None:
    long = "there is no edema . " * 40
    assert bertscore([(long, long)], tiny).f1 == [pytest.approx(1, abs=1e-5)]


@needs_it
def test_answers_in_words_as_they_are_get_it(tiny: str) -> None:
    told, about = with_bertscore(predictions(), (tiny, 2), lambda _: None)
    assert told["bertscore"].to_list() == [pytest.approx(1, abs=1e-5), None, 0]
    assert about == {"bertscore_model": tiny, "bertscore_layer": 2}
    assert with_bertscore(predictions(), None, lambda _: None)[1] == {"bertscore": NO_MODEL}


@needs_it
def test_a_model_that_cannot_be_used_is_told(tiny: str, tmp_path: Path) -> None:
    with pytest.raises(CxdataError, match="cannot be read, or has no layers"):
        bertscore([("a", "b")], str(tmp_path))
    with pytest.raises(CxdataError, match="BERTScore cannot be used: Invalid num_layers"):
        bertscore([("a", "b")], tiny, 4)


def test_absent_it_is_told_and_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "missing", lambda *names: list(names))
    lines: list[str] = []
    told, about = with_bertscore(predictions(), ("m", None), lines.append)
    assert about == {"bertscore": NOT_INSTALLED}
    assert "bertscore" not in told.columns
    assert "pip install 'cxdata[bertscore]'" in lines[0]
    assert with_bertscore(predictions("closed"), ("m", None), lines.append)[1] == {}
