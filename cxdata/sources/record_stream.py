"""Reading a large JSON file a record at a time: a list of records, or records by key; never all as objects at once.

The text is held whole (some hundred MB); the objects made of it, which would take many times as much, are not.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from cxdata.model.errors import CxdataError, Where
from cxdata.model.manifest import FileSpec
from cxdata.sources.access import readable
from cxdata.sources.records import KEY, Record
from cxdata.sources.tables import GZIP, ROW

_GAP: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()
_CLOSING: Final = {"[": "]", "{": "}"}


def each_record(source: str, spec: FileSpec, path: Path) -> Iterator[Record]:
    """The records in order, each with `row` (from 1) and, where the file is an object, `key`; as `read_records`.

    Raises CxdataError, some of it only after records were given: for an empty, damaged or cut off file, and at the end
    where no record had a key that the manifest names as a column; it names file and row.
    """
    where, again, row = Where(source, path.name), f"get it again: {spec.get}", 0
    missing = set(spec.columns)
    try:
        for row, record in enumerate(_values(_text(source, path)), start=1):
            missing -= record.keys()
            yield {**record, ROW: row}
    except ValueError as error:
        what = f"{path.name} cannot be read as JSON: {_reason(error)}"
        raise CxdataError(what, where=where._replace(row=row + 1), mend=again) from None
    if not row:
        raise CxdataError(f"{path.name} holds no record", where=where, mend=again)
    for column in (column for column in spec.columns if column in missing):
        raise CxdataError(
            f"no record of {path.name} has {column!r}", where=where._replace(column=column),
            mend=f"get the official file: {spec.get}",
        )  # fmt: skip


def parts_of(records: Iterator[Record], size: int) -> Iterator[Iterator[Record]]:
    """The records, so many in each part, which is to be taken whole before the next: none is kept here."""
    for first in records:
        yield chain((first,), islice(records, size - 1))


def _text(source: str, path: Path) -> str:
    with readable(source, path):
        content = path.read_bytes()
    try:
        content = gzip.decompress(content) if content.startswith(GZIP) else content
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise ValueError("its gzip is damaged, or the download broke off") from None
    return content.decode("utf-8-sig")


def _values(text: str) -> Iterator[Record]:
    """The records of a list or an object; a value that is no object becomes an empty record."""
    at = _after_gap(text, 0)
    opening = text[at : at + 1]
    if opening not in _CLOSING or not opening:
        raise ValueError("it is empty, or neither a list nor an object")
    at = _after_gap(text, at + 1)
    while text[at : at + 1] != _CLOSING[opening]:
        named: Record = {}
        if opening == "{":
            named[KEY], at = _DECODER.raw_decode(text, at)
            at = _past(text, at, ":")
        value, at = _DECODER.raw_decode(text, at)
        yield {**named, **_record(value)}
        at = _after_gap(text, at)
        if text[at : at + 1] != _CLOSING[opening]:
            at = _past(text, at, ",")
    if _after_gap(text, at + 1) != len(text):
        raise ValueError("something stands behind its end")


def _record(value: Any) -> Record:
    return value if isinstance(value, dict) else {}


def _after_gap(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return found.end() if found else at


def _past(text: str, at: int, sign: str) -> int:
    at = _after_gap(text, at)
    if text[at : at + 1] != sign:
        raise ValueError("it is damaged or was cut off")
    return _after_gap(text, at + 1)


def _reason(error: ValueError) -> str:
    """What is wrong in our words: the decoder's own may quote what the file holds."""
    if isinstance(error, json.JSONDecodeError):
        return "it is damaged or was cut off"
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
