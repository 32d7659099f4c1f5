"""Cells of a table as values: each says which column it reads, so that what cannot be read is counted, not guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import polars as pl

SEXES: Final = {"f": "F", "m": "M", "female": "F", "male": "M"}
VIEWS: Final = {"pa": "PA", "ap": "AP", "l": "LATERAL", "ll": "LATERAL", "lateral": "LATERAL"}
"""Spellings of views that mean one thing in every source; a source adds its own, and what it leaves out is unknown."""
OLDEST: Final = 120.0
_YEARS: Final = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


class Cell(NamedTuple):
    """A value out of a column: null where the cell is blank, and where it cannot be read (which is counted).

    What `repeats` stands in many rows word for word, and each unlike text is read once.
    """

    column: str
    value: pl.Expr
    repeats: bool = False

    def valued(self, table: pl.DataFrame, name: str) -> pl.DataFrame:
        """The table, rows in order, with the values as column `name`, each unlike text read once."""
        unlike = table.select(self.column).unique().drop_nulls().with_columns(self.value.alias(name))
        return table.join(unlike, on=self.column, how="left", maintain_order="left")

    def unread(self, value: pl.Expr) -> pl.Expr:
        """True where the cell holds something and its `value`, as it was read, is null."""
        return pl.col(self.column).is_not_null() & value.is_null()


def text(column: str) -> Cell:
    """The cell as it stands."""
    return Cell(column, pl.col(column))


def matched(column: str, pattern: str) -> Cell:
    """The first group of a pattern that the whole cell must match: ids, stems of file names."""
    return Cell(column, pl.col(column).str.extract(f"^(?:{pattern})$"))


def one_of(column: str, values: Iterable[str] | Mapping[str, str]) -> Cell:
    """One of some values, whatever the case; a mapping holds spellings and the value of each."""
    spelt = dict(values) if isinstance(values, Mapping) else {value: value for value in values}
    spelt = {spelling.lower(): value for spelling, value in spelt.items()}
    return Cell(column, pl.col(column).str.to_lowercase().replace_strict(spelt, default=None, return_dtype=pl.String))


def sex(column: str, spellings: Mapping[str, str] | None = None) -> Cell:
    """F or M."""
    return one_of(column, {**SEXES, **(spellings or {})})


def view(column: str, spellings: Mapping[str, str] | None = None) -> Cell:
    """A view of `facets.VIEWS`; null means that it is not known: say UNKNOWN in the facet."""
    return one_of(column, {**VIEWS, **(spellings or {})})


def number(column: str, low: float | None = None, high: float | None = None) -> Cell:
    """A finite number, within the bounds where they are given."""
    value = pl.col(column).cast(pl.Float64, strict=False)
    is_good = value.is_finite()
    is_good = is_good if low is None else is_good & (value >= low)
    is_good = is_good if high is None else is_good & (value <= high)
    return Cell(column, pl.when(is_good).then(value))


def whole(column: str, low: int, high: int) -> Cell:
    """A whole number within the bounds; `3` and `3.0` alike."""
    value = number(column, low, high).value
    return Cell(column, pl.when(value == value.round()).then(value).cast(pl.Int64))


def years(column: str, oldest: float = OLDEST) -> Cell:
    """An age in years, from `63`, `63.5`, `063Y`, `006M`, `012W` or `365D` (DICOM's age string)."""
    parts = pl.col(column).str.to_uppercase().str.extract_groups(r"^(?<n>\d{1,3}(?:\.\d+)?)(?<unit>[YMWD]?)$")
    unit = parts.struct.field("unit").replace_strict(_YEARS, default=1.0, return_dtype=pl.Float64)
    age = parts.struct.field("n").cast(pl.Float64) * unit
    return Cell(column, pl.when(age <= oldest).then(age))


def born(column: str, at: str) -> Cell:
    """An age in years, from a year of birth and the year of the study, both four digits at the start of their cells."""
    first, then = (pl.col(name).str.extract(r"^(\d{4})").cast(pl.Int64) for name in (column, at))
    age = (then - first).cast(pl.Float64)
    return Cell(column, pl.when(age.is_between(0, OLDEST)).then(age))


def corners(x0: str, y0: str, x1: str, y1: str) -> dict[str, Cell]:
    """A box by its corners, as `x0`, `y0`, `x1`, `y1`."""
    return {name: number(column) for name, column in zip(("x0", "y0", "x1", "y1"), (x0, y0, x1, y1), strict=True)}


def sized_box(left: str, top: str, width: str, height: str) -> dict[str, Cell]:
    """A box by its left and top edge, width and height, as `x0`, `y0`, `x1`, `y1`."""
    x, y, across, down = (number(column).value for column in (left, top, width, height))
    return {
        "x0": Cell(left, x), "y0": Cell(top, y), "x1": Cell(width, x + across), "y1": Cell(height, y + down),
    }  # fmt: skip


def is_bad_box(width: pl.Expr | float | None = None, height: pl.Expr | float | None = None) -> pl.Expr:
    """True for corners that are no box with an area, or that lie outside a picture of that size in pixels.

    Reads `x0`, `y0`, `x1`, `y1`; where the size is not known, only what lies above or left of the picture is outside.
    """
    x0, y0, x1, y1 = map(pl.col, ("x0", "y0", "x1", "y1"))
    is_box = (x0 >= 0) & (y0 >= 0) & (x1 > x0) & (y1 > y0)
    is_box = is_box if width is None else is_box & (x1 <= width).fill_null(value=True)
    is_box = is_box if height is None else is_box & (y1 <= height).fill_null(value=True)
    return ~is_box.fill_null(value=False)
