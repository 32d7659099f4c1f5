"""What cells of PadChest's table say: Python lists of labels, reports of word stems, and `nan` for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from cxdata.sources.cells import Cell
from cxdata.sources.native import native_labels

LABELS: Final = native_labels(__file__)
NOT_LABELLED: Final = ""
"""Stands in a list where the model found no label for a sentence."""
NORMAL: Final = "normal"
UNCLEAR: Final = (
    NOT_LABELLED, "exclude", "suboptimal study", "unchanged", "pseudonodule", "mass", "pleural mass", "abscess",
    "air fluid level", "respiratory distress", "lymphangitis carcinomatosa", "lepidic adenocarcinoma",
    "post radiotherapy changes", "surgery lung",
)  # fmt: skip
"""Labels beside which silence on a finding means nothing: what they stand for may be that finding."""
_NOTHING: Final = ("nan", "None")
_LIST: Final = r"^\[(?:'[^']*'(?:, '[^']*')*)?\]$"
_WORD: Final = r"[a-z]{2}"


def said(table: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """The table, null where a cell holds the word for nothing."""
    words = [pl.when(~pl.col(name).is_in(_NOTHING)).then(pl.col(name)).alias(name) for name in columns]
    return table.with_columns(words)


def labels(column: str) -> Cell:
    """The labels of a cell, stripped and each once; null for one that is no list of PadChest's labels.

    The model's lists hold a label with a space before it where it goes with the label before it.
    """
    known = pl.element().is_in([*LABELS.all, NOT_LABELLED])
    found = pl.col(column).str.extract_all("'[^']*'").list.eval(pl.element().str.strip_chars("'").str.strip_chars())
    is_read = pl.col(column).str.contains(_LIST) & found.list.eval(known).list.all()
    return Cell(column, pl.when(is_read).then(found.list.unique(maintain_order=True)), repeats=True)


def report(column: str) -> pl.Expr:
    """The report, trimmed; null where no word is left."""
    text = pl.col(column).str.strip_chars()
    return pl.when(text.str.contains(_WORD) & ~text.is_in(_NOTHING)).then(text)


def is_clear(column: str) -> pl.Expr:
    """True where the labels of a picture could be read and none of them leaves the rest open."""
    open_ones = pl.col(column).list.set_intersection(list(UNCLEAR)).list.len()
    return ((pl.col(column).list.len() > 0) & (open_ones == 0)).fill_null(value=False)
