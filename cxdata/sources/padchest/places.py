"""Where PadChest says that a finding lies: lists of labels and locations, sentence by sentence.

Physicians' lists hold a list a sentence. The model's are flat: a label without a space before it begins a sentence,
one with a space goes on with it, and the locations behind belong to all of them. `locations.yaml` maps them to side and
site. Some labels of sentences name a side themselves (`pleural effusion left side`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from cxdata.model.errors import CxdataError
from cxdata.model.facets import SIDES, SITES
from cxdata.model.yaml_text import parsed
from cxdata.sources.cells import Cell
from cxdata.sources.padchest.words import LABELS, NORMAL, NOT_LABELLED
from cxdata.sources.tables import ROW

FILE: Final = Path(__file__).with_name("locations.yaml")
LOC: Final = "loc "
SIDED: Final = {"left side": "left", "right side": "right", "both sides": "both", "both side": "both",
                "bilateral": "both"}  # fmt: skip
"""Words behind a label of a sentence, and the side that they name."""
_SIDED: Final = rf" ({'|'.join(SIDED)})$"
_ITEMS: Final = r"(?:'[^']*'(?:, '[^']*')*)?"
_ONE: Final = rf"(?:nan|\[{_ITEMS}\])"
_LISTS: Final = rf"^\[(?:{_ITEMS}|{_ONE}(?:, {_ONE})*)\]$"
_KEPT: Final = ("study_id", ROW, "method")


class Place(BaseModel):
    """What a location says of side and site; null where it says nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side: str | None = None
    site: str | None = None

    @model_validator(mode="after")
    def _is_known(self) -> Place:
        if self.side not in (None, *SIDES) or self.site not in (None, *SITES) or self == Place.model_construct():
            raise ValueError(f"no side of {SIDES} or site of {SITES}: {self.side}, {self.site}")
        return self


class Locations(BaseModel):
    """Every location of the source: `places` with what each says, `kept` those that no site names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    places: dict[str, Place]
    kept: tuple[str, ...]

    @property
    def all(self) -> list[str]:
        """Every location, the mapped ones first."""
        return [*self.places, *self.kept]


@cache
def locations() -> Locations:
    """The reviewed table. Raises CxdataError that names what is wrong."""
    try:
        return Locations.model_validate(parsed(FILE.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise CxdataError(f"{FILE.name} cannot be read: {error}", where=str(FILE), mend="mend what is named") from None


def sentences(column: str) -> Cell:
    """The lists of a cell as they stand; null for one that is no such list, or that holds a word that is not known."""
    known = [*LABELS.all, NOT_LABELLED, *(f"{LOC}{one}" for one in locations().all)]
    word = pl.element().str.strip_chars("'").str.strip_chars()
    is_known = word.is_in(known) | (~word.str.starts_with(LOC) & word.str.replace(_SIDED, "").is_in(LABELS.all))
    words = pl.col(column).str.extract_all("'[^']*'").list.eval(is_known)
    is_read = pl.col(column).str.contains(_LISTS) & words.list.all()
    return Cell(column, pl.when(is_read).then(pl.col(column)), repeats=True)


def places(rows: pl.DataFrame, column: str = "sentences") -> pl.DataFrame:
    """One row a location of a label in a sentence: study_id, row, method, native_label, location, side, site, sentence.

    And `shared`, true where the sentence names other labels too: whose place it is, is not said then.
    """
    words = _words(rows.unique("study_id", keep="first", maintain_order=True), column)
    labels = words.filter(~pl.col("is_location") & ~pl.col("word").is_in([NOT_LABELLED])).with_columns(
        native_label=pl.col("word").str.replace(_SIDED, ""), own=pl.col("word").str.extract(_SIDED)
    )
    labels = labels.with_columns(shared=pl.col("native_label").n_unique().over("key") > 1)
    stated = words.filter("is_location").select("key", location="word")
    kept = [*_KEPT, "sentence", "native_label"]
    said = labels.select(*kept, "shared", "key").join(stated, on="key").drop("key")
    own = labels.filter(pl.col("own").is_not_null()).select(*kept, shared=pl.lit(value=False), location="own")
    found = pl.concat([said, own]).filter(pl.col("native_label") != NORMAL).unique(maintain_order=True)
    return found.with_columns(side=_said("side"), site=_said("site"), sentence=pl.col("sentence").cast(pl.Int32))


def _words(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Each word of the lists, stripped, with the number of its sentence in its study; `key` is its number in all."""
    tokens = rows.select(*_KEPT, nested=pl.col(column).str.count_matches("[", literal=True) > 1,
                         word=pl.col(column).str.extract_all(r"'[^']*'|\["))  # fmt: skip
    tokens = tokens.filter(pl.col("word").list.len() > 0).explode("word")
    is_list = pl.col("word") == "["
    is_location = pl.col("word").str.starts_with(f"'{LOC}")
    begins = is_list | (~pl.col("nested") & ~is_location & ~pl.col("word").str.starts_with("' "))
    is_first = pl.col(ROW).ne_missing(pl.col(ROW).shift())
    numbered = tokens.with_columns(
        sentence=begins.cast(pl.Int32).cum_sum().over(ROW), key=(begins | is_first).cum_sum(), is_location=is_location
    ).filter(~is_list)  # fmt: skip
    return numbered.with_columns(pl.col("word").str.strip_chars("'").str.strip_chars())


def _said(name: str) -> pl.Expr:
    told = {f"{LOC}{words}": getattr(place, name) for words, place in locations().places.items()}
    told |= SIDED if name == "side" else {}
    return pl.col("location").replace_strict(told, default=None, return_dtype=pl.String)
