"""Words of an earlier picture in a text: "unchanged", "compared to", "has resolved".

The same words that keep a sentence out of a target (`cxdata.reports.targets`, rule `prior`): a model that is shown one
study and writes one has invented the other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import polars as pl

from cxdata.reports.targets import cues
from cxmind_train.rewards.free_text import told

RULE: Final = "prior"


@lru_cache(maxsize=4096)
def speaks_of_prior(text: str) -> bool:
    """Whether one of its sentences compares with an earlier picture, or tells a change or its lack.

    >>> speaks_of_prior("The effusion is unchanged."), speaks_of_prior("There is a small effusion.")
    (True, False)
    """
    sentences = pl.DataFrame({"sentence": told(text).sentences}, schema={"sentence": pl.String})
    return bool(sentences.select(cues(RULE).met(pl.col("sentence")).any()).item())
