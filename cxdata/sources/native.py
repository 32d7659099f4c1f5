"""The labels of a source in its own spelling, and what each means: `labels.yaml` beside the manifest, a reviewed table.

    findings: {Effusion: Pleural Effusion, …}     native spelling: canonical name
    kept:     {Tube: why it is no finding, …}     native spelling: why it has no canonical name

A label is one or the other; anything else in a download is unknown, and put aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from cxdata.model.errors import CxdataError
from cxdata.model.manifest import Annotator
from cxdata.model.vocabulary import vocabulary
from cxdata.model.yaml_text import parsed
from cxdata.sources.facets import facet

FILE: Final = "labels.yaml"
STATES: Final = {
    "1": "present",
    "1.0": "present",
    "0": "absent",
    "0.0": "absent",
    "-1": "uncertain",
    "-1.0": "uncertain",
}


class NativeLabels(BaseModel):
    """Every label of a source: `findings` to its canonical name, `kept` to the reason why it has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    findings: dict[str, str]
    kept: dict[str, str] = {}

    @model_validator(mode="after")
    def _each_means_one_thing(self) -> NativeLabels:
        unknown = sorted(set(self.findings.values()) - set(vocabulary().names))
        twice = sorted(self.findings.keys() & self.kept.keys())
        if unknown or twice:
            raise ValueError(f"no finding of the vocabulary: {unknown}; both mapped and kept: {twice}")
        return self

    @property
    def all(self) -> list[str]:
        """Every native label, the mapped ones first."""
        return [*self.findings, *self.kept]

    @property
    def canonical(self) -> list[str]:
        """The canonical names, each once."""
        return list(dict.fromkeys(self.findings.values()))

    def finding(self, label: pl.Expr | None = None) -> pl.Expr:
        """The canonical name of a label (by default of `native_label`); null for one that is kept."""
        label = pl.col("native_label") if label is None else label
        return label.replace_strict(self.findings, default=None, return_dtype=pl.String)

    def is_unknown(self, column: str) -> pl.Expr:
        """True for a cell that is no label of the source, and for a blank one."""
        return ~pl.col(column).is_in(self.all).fill_null(value=False)

    def listed(self, column: str, separator: str = "|") -> pl.Expr:
        """The labels of a cell, each once; null for a blank cell and for one that holds a word that is no label.

        Silence on a finding may become a wrong option, so a cell that was read in part would make false ones.
        """
        labels = pl.col(column).str.split(separator).list.eval(pl.element().str.strip_chars())
        labels = labels.list.unique(maintain_order=True)
        return pl.when(labels.list.eval(pl.element().is_in(self.all)).list.all()).then(labels)


def native_labels(module_file: str) -> NativeLabels:
    """The table in the folder of a source's module, `native_labels(__file__)`. CxdataError that names what is wrong."""
    path = Path(module_file).with_name(FILE)
    try:
        return NativeLabels.model_validate(parsed(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise CxdataError(f"{FILE} cannot be read: {error}", where=str(path), mend="mend what is named above") from None


def from_lists(rows: pl.DataFrame, labels: str = "labels") -> pl.DataFrame:
    """One row a label of a picture whose labels could be read: `native_label` and `state`, which is present."""
    told = rows.filter(pl.col(labels).is_not_null()).explode(labels, empty_as_null=False)
    return told.rename({labels: "native_label"}).with_columns(state=pl.lit("present"))


def from_columns(
    rows: pl.DataFrame, labels: Iterable[str], states: Mapping[str, str] = STATES, keep: Iterable[str] = ("stem", "row")
) -> tuple[pl.DataFrame, int]:
    """One row a label and picture, from a column for each label: `keep`, `native_label`, `state`.

    Blank cells state nothing. And the number of cells that hold neither nothing nor a state.
    """
    long = rows.unpivot(list(labels), index=list(keep), variable_name="native_label", value_name="cell").drop_nulls(
        "cell"
    )
    long = long.with_columns(state=pl.col("cell").replace_strict(states, default=None, return_dtype=pl.String))
    return long.drop("cell").drop_nulls("state"), int(long["state"].null_count())


def findings_facet(told: pl.DataFrame, labels: NativeLabels, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """The `findings` facet from `native_label`, `state` and the ids; without `study_id` each picture is a study."""
    return facet("findings", told, origin, finding=labels.finding(), **said_by(annotator))


def readings_facet(rows: pl.DataFrame, annotator: Annotator, origin: pl.Expr) -> pl.DataFrame:
    """The `readings` facet: one row a study that the annotator has read, whatever was found."""
    return facet("readings", rows, origin, annotator=pl.lit(annotator.name), image_id=pl.lit(None, pl.String))


def said_by(annotator: Annotator) -> dict[str, pl.Expr]:
    """The columns that say who stated a finding, of a whole study."""
    return {
        "annotator": pl.lit(annotator.name), "reference": pl.lit(annotator.reference),
        "image_id": pl.lit(None, pl.String),
    }  # fmt: skip
