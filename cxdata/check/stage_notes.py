"""What is no problem of a stage folder and good to know: prompt lengths, and how its gold was checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl

from cxdata.check.stage_gold import WORDS
from cxdata.check.stage_rules import has_options
from cxdata.export.recipes import PROMPT_TOKENS


class Tally:
    """Counts over all row groups: rows of each split, tokens of prompts, gold scored or parsed."""

    def __init__(self, how: str) -> None:
        """`how` says in words how text was counted."""
        self._how = how
        self.rows: Counter[str] = Counter()
        self._tokens: dict[str, list[pl.Series]] = {}
        self._gold: Counter[str] = Counter()
        self._form_only: Counter[str] = Counter()
        self._choices = 0
        self._unlisted = 0

    def add(self, split: str, frame: pl.DataFrame) -> None:
        """Count the rows, and the choices whose options do not stand a line each."""
        self.rows[split] += frame.height
        choices = frame.select((pl.col("reward") == "closed").sum(), listed=has_options().sum()).row(0)
        self._choices += choices[0]
        self._unlisted += choices[0] - choices[1]

    def add_tokens(self, split: str, tokens: pl.Series) -> None:
        """Take the tokens of prompts; null where a picture could not be read."""
        self._tokens.setdefault(split, []).append(tokens.drop_nulls())

    def add_gold(self, reward: pl.Series, scores: pl.DataFrame) -> None:
        """Take what `gold_scores` found."""
        good = scores.with_columns(reward).filter(pl.col("code").is_null())
        self._gold.update(dict(good["checked"].value_counts().iter_rows()))
        formed = good.filter(pl.col("checked") == "form")["reward"].fill_null("none")
        self._form_only.update(dict(formed.value_counts().iter_rows()))

    def notes(self) -> Iterator[str]:
        """Sentences, in a fixed order."""
        for split, parts in self._tokens.items():
            tokens = pl.concat(parts)
            if tokens.len():
                yield f"{split}: {_lengths(tokens)} (pictures by their size, {self._how})"
        if self._gold["reward"]:
            yield f"gold: {self._gold['reward']:,} answers earn the maximum of their reward"
        if self._gold["form"]:
            kinds = ", ".join(f"{name} {n:,}" for name, n in sorted(self._form_only.items()))
            told = f"{self._gold['form']:,} answers checked for parsing only ({kinds})"
            yield f"gold: {told}: cxmind-train check scores them"
        if self._gold[WORDS]:
            yield f"gold: {self._gold[WORDS]:,} answers in words, as plain prompts have them: read, not scored"
        if self._unlisted:
            yield f"options: {self._unlisted:,} of {self._choices:,} choices do not list them a line each: not judged"


def _lengths(tokens: pl.Series) -> str:
    middle, high = (_whole(tokens.quantile(share, "nearest")) for share in (0.5, 0.99))
    over = int((tokens > PROMPT_TOKENS).sum())
    most = _whole(tokens.max())
    told = f"{tokens.len():,} prompts of {middle:,} tokens in the middle, {high:,} at 99 %, {most:,} at most"
    return f"{told}; {over:,} over {PROMPT_TOKENS:,}"


def _whole(value: object) -> int:
    return round(float(str(value)))
