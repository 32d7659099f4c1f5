"""What every reader does alike: take a table by name, put rows aside with a code, count, put the parts together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.facets import REJECTS, conform, empty
from cxdata.model.manifest import Annotator
from cxdata.sources.base import InputCount, ReadContext, Reading
from cxdata.sources.cells import Cell
from cxdata.sources.record_stream import each_record, parts_of
from cxdata.sources.records import Record, read_records
from cxdata.sources.tables import ROW, keep_first, read_table

RECORDS_A_PART: Final = 20_000

MESSAGES: Final = {
    "bad_id": "the id is not of the form that the source uses",
    "duplicate_row": "the same row stands earlier in the file",
    "conflicting_rows": "several rows have this id and contradict each other; none is taken",
    "bad_record": "the record lacks what the source's records hold, or holds it in another form",
    "picture_not_in_table": "the table of pictures has no such picture that can be used",
    "picture_not_in_parent": "the source that this one stands on has no such picture",
    "study_not_in_parent": "the source that this one stands on has no such study of that patient",
    "unknown_finding": "the label is none that the source knows",
    "bad_box": "the box has no size, or does not lie within the picture",
    "picture_in_part": "another row of the picture cannot be read, so that what it shows is known in part",
}
"""Codes that every source may use; a reader adds its own."""


class Rows(NamedTuple):
    """The rows of one table that reach a facet, those put aside (`put_aside`), and the count of unreadable cells."""

    used: pl.DataFrame
    aside: pl.DataFrame
    cells_nulled: int = 0


class Part(NamedTuple):
    """What one input gave: facet frames by name, its rejects (columns of `REJECTS`) and its count."""

    facets: Mapping[str, pl.DataFrame]
    rejects: pl.DataFrame
    tally: InputCount


class Desk:
    """Reads the inputs of one source; `messages` says what each reject code of the source means."""

    def __init__(self, context: ReadContext, messages: Mapping[str, str]) -> None:
        self.context = context
        self._messages = {**MESSAGES, **messages}

    def has(self, name: str) -> bool:
        """Whether the input is there."""
        return self.context.files.get(name) is not None

    def path(self, name: str) -> Path:
        """Where the input lies. KeyError for one that is not there: ask `has` first where it may be missing."""
        path = self.context.files[name]
        if path is None:
            raise KeyError(name)
        return path

    def origin(self, name: str) -> pl.Expr:
        """The `origin_file` of the input's rows."""
        return pl.lit(self.path(name).name)

    def table(self, name: str) -> pl.DataFrame:
        """The input's columns as text, and `row`: see `read_table`."""
        return read_table(self.context.manifest.slug, self.context.manifest.file(name), self.path(name))

    def records(self, name: str) -> list[Record]:
        """The input's records, each with `row`: see `read_records`."""
        return read_records(self.context.manifest.slug, self.context.manifest.file(name), self.path(name))

    def record_parts(self, name: str, size: int = RECORDS_A_PART) -> Iterator[Iterator[Record]]:
        """The same of a large file, `size` records in each part: see `each_record` and `parts_of`."""
        return parts_of(
            each_record(self.context.manifest.slug, self.context.manifest.file(name), self.path(name)), size
        )

    def of_parent(self, slug: str, image_ids: pl.Series) -> dict[str, pl.DataFrame]:
        """The facets of a source that this one stands on, as far as they are about these pictures or their studies."""
        facets = self.context.parents[slug]
        images = facets["images"].filter(pl.col("image_id").is_in(image_ids.implode()))
        given = dict(facets) | {"images": images}
        for name in facets.keys() - {"images"}:
            key = next((key for key in ("study_id", "image_id") if key in facets[name].columns), None)
            if key is not None:
                given[name] = facets[name].filter(pl.col(key).is_in(images[key].unique().implode()))
        return given

    def part(self, name: str, rows: Rows, facets: Mapping[str, pl.DataFrame] | None = None) -> Part:
        """What the input gave, with its rejects and its count."""
        file, used, aside = self.context.display(name), rows.used.height, rows.aside.height
        count = InputCount(file, used + aside, used, aside, rows.cells_nulled)
        return Part(facets or {}, self._rejects(rows.aside, file), count)

    def annotators(self) -> list[Annotator]:
        """The manifest's annotators that the options choose, in its order."""
        declared = self.context.manifest.labels.annotators if self.context.manifest.labels else ()
        options = self.context.options
        return [one for one in declared if all(options[key] == value for key, value in one.when.items())]

    def reading(self, parts: Iterable[Part], annotators: Iterable[Annotator] = ()) -> Reading:
        """All parts together: each facet of the manifest, empty where no part fills it, and the label space."""
        parts = [*parts, Part({"label_space": _label_space(annotators)}, pl.DataFrame(schema=REJECTS), _NO_COUNT)]
        facets = {name: _together(name, parts) for name in self.context.manifest.facets}
        rejects = pl.concat([part.rejects for part in parts])
        return Reading(facets, rejects, [part.tally for part in parts if part.tally is not _NO_COUNT])

    def _rejects(self, aside: pl.DataFrame, file: str) -> pl.DataFrame:
        message = pl.col("message") if "message" in aside.columns else self._message()
        return aside.select(
            source=pl.lit(self.context.manifest.slug), file=pl.lit(file), key=pl.col("key").fill_null(""),
            stage=pl.lit("reader"), code=pl.col("code"), message=message,
        ).select(pl.col(list(REJECTS)).cast(pl.String))  # fmt: skip

    def _message(self) -> pl.Expr:
        words = pl.col("code").replace_strict(self._messages, return_dtype=pl.String)
        return pl.format("row {}: {}", pl.col(ROW), words)


def put_aside(key: str, *frames: pl.DataFrame) -> pl.DataFrame:
    """Rows put aside, as `key` (the cell of that column), `row` and `code`."""
    return pl.concat([frame.select(pl.col(key).alias("key"), ROW, "code") for frame in frames])


def sort_rows(rows: pl.DataFrame, key: str, cell: str, code: pl.Expr) -> Rows:
    """The rows that can be used, one a key, and those that cannot: by `code` (null: good), or as repeated rows.

    `key` is the column that must be unique, `cell` the column that names a row that was put aside.
    """
    judged = rows.with_columns(code=code)
    good = judged.filter(pl.col("code").is_null()).drop("code")
    kept, repeated = keep_first(good, key)
    return Rows(kept, put_aside(cell, judged.filter(pl.col("code").is_not_null()), repeated))


def rows_of(
    table: pl.DataFrame,
    cells: Mapping[str, Cell],
    refused: Mapping[str, pl.Expr] | None = None,
    *,
    named: str,
    key: Sequence[str] = ("stem",),
) -> Rows:
    """The rows of a table as values, `cells` by name; put aside are `bad_id` and the codes of `refused`.

    The first code that holds counts; `bad_id` is where the first of `key` is null. No two rows that are used have the
    same `key`; `named` is the column of the file that names a row put aside. Cells of used rows that hold something and
    could not be read are counted.
    """
    values = {f"_value {name}": cell for name, cell in cells.items()}
    unread = {f"_unread {name}": cell.unread(pl.col(f"_value {name}")) for name, cell in cells.items()}
    found = {name: pl.col(f"_value {name}") for name in cells}
    rows = table.with_columns(**{name: cell.value for name, cell in values.items() if not cell.repeats})
    for name, cell in values.items():
        rows = cell.valued(rows, name) if cell.repeats else rows
    rows = rows.with_columns(**unread).with_columns(**found).drop(*values)
    rows = rows.with_columns(_key=pl.concat_str(pl.col(key).cast(pl.String).fill_null(""), separator="\x1f"))
    codes = {"bad_id": pl.col(key[0]).is_null(), **(refused or {})}
    code = pl.coalesce(pl.when(condition).then(pl.lit(name)) for name, condition in codes.items())
    kept, aside, _ = sort_rows(rows, "_key", named, code)
    nulled = kept.select(pl.sum_horizontal(pl.lit(0), *(pl.col(name).sum() for name in unread))).item()
    return Rows(kept.drop("_key", *unread), aside, int(nulled))


_NO_COUNT: Final = InputCount("", 0, 0, 0)


def _label_space(annotators: Iterable[Annotator]) -> pl.DataFrame:
    rows = [(one.name, finding, one.how) for one in annotators for finding in one.findings]
    return pl.DataFrame(rows, schema={"annotator": pl.String, "finding": pl.String, "how": pl.String}, orient="row")


def _together(name: str, parts: Iterable[Part]) -> pl.DataFrame:
    frames = [conform(name, part.facets[name]) for part in parts if name in part.facets]
    return conform(name, pl.concat(frames)) if frames else empty(name)
