"""Arrow schemas of the formats, with the note that lets `datasets` decode the pictures."""

from __future__ import annotations

import json
from typing import Any, Final

import polars as pl

from cxdata.export.formats import PICTURES, columns_of

# `Sequence` and not `List`: releases of datasets before 4 do not know the latter, and later ones read both. Only
# `images` needs the note; the types of the other columns say what they are.
_IMAGE_FEATURE: Final = {"info": {"features": {"images": {"feature": {"_type": "Image"}, "_type": "Sequence"}}}}


def schema_of(form: str, *, embedded: bool) -> Any:
    """The pyarrow schema of a format. Raises UsageError for a format that is none.

    Pictures are `binary`, not `large_binary`: datasets (5.2.0, `Features.from_arrow_schema`) overlooks the note where
    the type of the column is not that of its Image feature to the letter. Keep a row group below 2 GB, then.
    """
    import pyarrow as pa

    types = columns_of(form, embedded=embedded)
    note = {b"huggingface": json.dumps(_IMAGE_FEATURE).encode()} if types["images"] == PICTURES else None
    return pa.schema([pa.field(name, _arrow(kind)) for name, kind in types.items()], metadata=note)


def as_table(frame: pl.DataFrame, form: str) -> Any:
    """Rows that `shaped` made, as a pyarrow table of the format's schema: what is written to Parquet."""
    kind = frame.schema["images"]
    embedded = kind == PICTURES and form != "trl"
    return frame.to_arrow().cast(schema_of(form, embedded=embedded))


def _arrow(kind: pl.DataType) -> Any:
    import pyarrow as pa

    if isinstance(kind, pl.List):
        return pa.list_(_arrow(_instance(kind.inner)))
    if isinstance(kind, pl.Struct):
        return pa.struct([pa.field(field.name, _arrow(_instance(field.dtype))) for field in kind.fields])
    plain = {
        pl.String(): pa.string(), pl.Int64(): pa.int64(), pl.Float64(): pa.float64(), pl.Boolean(): pa.bool_(),
        pl.Binary(): pa.binary(),
    }  # fmt: skip
    return plain[kind]


def _instance(kind: Any) -> pl.DataType:
    made: pl.DataType = kind() if isinstance(kind, type) else kind
    return made
