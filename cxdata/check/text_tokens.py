"""How many tokens the text of a prompt takes: by a tokenizer where one is given, else estimated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.check.stage_rules import TOKENS_A_PICTURE_MARK, TOKENS_OF_TEMPLATE, text_tokens
from cxdata.export.formats import MARK
from cxdata.model.errors import CxdataError, UsageError

TOKENIZER_JSON: Final = "tokenizer.json"
AT_A_TIME: Final = 4_096  # prompts


class TextTokens(NamedTuple):
    """What counts: the tokens of each row of a frame with `problem`, and how that was done, in words."""

    of: Callable[[pl.DataFrame], pl.Series]
    how: str


ESTIMATE: Final = TextTokens(lambda frame: frame.select(tokens=text_tokens()).to_series(), "text estimated")


def counted_by(place: Path | None) -> TextTokens:
    """The estimate, or the tokenizer of a folder or file.

    The text between pictures is encoded piece by piece; the marks around a picture (2) and the chat template (32) are
    added as in the estimate. Raises UsageError where there is no tokenizer.json, CxdataError where it cannot be read or
    the extra `tokens` is not installed.
    """
    if place is None:
        return ESTIMATE
    tokenizer = _loaded(place / TOKENIZER_JSON if place.is_dir() else place)
    return TextTokens(lambda frame: _counts(frame["problem"], tokenizer), f"text by the tokenizer {place}")


def _loaded(file: Path) -> Any:
    if not file.is_file():
        raise UsageError(
            "there is no tokenizer", where=str(file), mend="--tokenizer FOLDER of a model, or its tokenizer.json"
        )
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise CxdataError("the library tokenizers is not installed", mend="pip install 'cxdata[tokens]'") from None
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
        what = f"the tokenizer cannot be read: {error}"
        raise CxdataError(what, where=str(file), mend="name the tokenizer.json that the model came with") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _counts(problems: pl.Series, tokenizer: Any) -> pl.Series:
    """Null for a prompt that is null."""
    counts: list[int | None] = []
    for some in problems.to_frame().iter_slices(AT_A_TIME):
        texts = [text.split(MARK) if text is not None else None for text in some.to_series()]
        pieces = [piece for parts in texts for piece in parts or () if piece]
        lengths = iter([len(one) for one in tokenizer.encode_batch_fast(pieces, add_special_tokens=False)])
        counts += [None if parts is None else _of(parts, lengths) for parts in texts]
    return pl.Series("tokens", counts, pl.Int64)


def _of(parts: list[str], lengths: Iterator[int]) -> int:
    words = sum(next(lengths) for piece in parts if piece)
    return words + (len(parts) - 1) * TOKENS_A_PICTURE_MARK + TOKENS_OF_TEMPLATE
