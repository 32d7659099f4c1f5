"""BERTScore of answers in words, by the package `bert_score` and a model that the user names (Zhang et al., ICLR 2020).

It is told beside the counted numbers and is part of none: a text that denies what the gold affirms scores high.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.model.errors import CxdataError
from cxmind_train.requirements import missing

PACKAGE: Final = "bert_score"
NOT_INSTALLED: Final = "not installed"
NO_MODEL: Final = "no model named"
BATCH: Final = 32
SPECIAL_PLACES: Final = 2  # RoBERTa counts its places from 2


class BertScores(NamedTuple):
    """F of each pair, without rescaling, and the layer whose states were compared."""

    f1: list[float]
    layer: int


def is_installed() -> bool:
    """Whether `bert_score` can be imported."""
    return not missing(PACKAGE)


def with_bertscore(
    predictions: pl.DataFrame, wanted: tuple[str, int | None] | None, say: Callable[[str], None]
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Predictions with `bertscore` for the answers in words as they are, and what a summary says of it.

    That is `not installed` or `no model named` where nothing was scored, and nothing where no answer is in words.
    """
    told = predictions.filter((pl.col("view") == "sighted") & (pl.col("reward") == "free_text"))
    if told.is_empty():
        return predictions, {}
    if not is_installed():
        if wanted:
            say("BERTScore is left out: pip install 'cxdata[bertscore]', then the same command again")
        return predictions, {"bertscore": NOT_INSTALLED}
    if wanted is None:
        return predictions, {"bertscore": NO_MODEL}
    made = bertscore(list(zip(told["said"].fill_null(""), told["gold"], strict=True)), *wanted)
    scores = told.select("view", "sample_id").with_columns(bertscore=pl.Series(made.f1, dtype=pl.Float64))
    joined = predictions.join(scores, on=["view", "sample_id"], how="left", maintain_order="left")
    return joined, {"bertscore_model": wanted[0], "bertscore_layer": made.layer}


def bertscore(pairs: Sequence[tuple[str, str]], model: str, layer: int | None = None) -> BertScores:
    """F of each (answer, gold); 0 where one of the two is empty.

    `layer` counts from 1; without it the one that the package recommends for the model's name, else the last. Texts
    longer than the model's places are cut. Raises CxdataError where the model cannot be loaded or has no such layer.
    """
    from bert_score import BERTScorer

    layer = layer or _layer(model)
    try:
        scorer = BERTScorer(model_type=model, num_layers=layer, batch_size=BATCH, use_fast_tokenizer=True)
    except (OSError, ValueError, KeyError, AssertionError) as error:
        what = f"the model of BERTScore cannot be used: {(str(error) or repr(error)).splitlines()[0]}"
        raise CxdataError(what, where=model, mend="name a folder with a BERT and its tokenizer") from None
    _limit(scorer)
    told = [place for place, pair in enumerate(pairs) if all(text.strip() for text in pair)]
    found = [0.0] * len(pairs)
    if told:
        said, gold = zip(*(pairs[place] for place in told), strict=True)
        for place, value in zip(told, scorer.score(list(said), list(gold), batch_size=BATCH)[2].tolist(), strict=True):
            found[place] = value
    return BertScores(found, layer)


def _layer(model: str) -> int:
    from bert_score.utils import model2layers
    from transformers import AutoConfig

    known: dict[str, int] = model2layers
    for name in (model, Path(model).name):
        if name in known:
            return known[name]
    try:
        return int(AutoConfig.from_pretrained(model).num_hidden_layers)
    except (OSError, ValueError, AttributeError):
        what = "the model of BERTScore cannot be read, or has no layers"
        raise CxdataError(what, where=model, mend="name a folder with a BERT and its tokenizer") from None


def _limit(scorer: Any) -> None:
    """A tokenizer that does not say how long a text may be takes the places of its model."""
    tokenizer, places = scorer._tokenizer, getattr(scorer._model.config, "max_position_embeddings", None)
    if places:
        tokenizer.model_max_length = min(tokenizer.model_max_length, int(places) - SPECIAL_PLACES)
