"""The files of a split, one a report: every question becomes a row, with a code where it cannot be used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from cxdata.sources.base import Run
from cxdata.sources.rad_restruct.words import answered, asked, told
from cxdata.sources.tables import ROW

FILES_A_BATCH: Final = 256
NAME: Final = re.compile(r"(\d+)\.json")
ROWS: Final = {
    "file": pl.String(), "report": pl.String(), ROW: pl.Int64(), "question": pl.String(), "answer": pl.String(),
    "options": pl.List(pl.String()), "answer_type": pl.String(), "category": pl.String(), "code": pl.String(),
}  # fmt: skip
KINDS: Final = ("single_choice", "multi_choice", "fixed_choice")


def read_folder(folder: Path, run: Run) -> pl.DataFrame:
    """Every question of the folder's files, by file and place: the columns of `ROWS`.

    A file that is no list of questions, or cannot be read, is one row with a code. `report` is null where the file is
    not called by a number.
    """
    files = sorted(str(file) for file in folder.glob("*.json"))
    starts = range(0, len(files), FILES_A_BATCH)
    frames = list(run(read_files, ((files[start : start + FILES_A_BATCH],) for start in starts)))
    return pl.concat(frames) if frames else pl.DataFrame(schema=ROWS)


def read_files(files: Sequence[str]) -> pl.DataFrame:
    """The rows of some files."""
    rows = (row for file in files for row in _of_file(Path(file)))
    return pl.DataFrame(rows, schema=ROWS, orient="row")


def _of_file(file: Path) -> Iterator[tuple[Any, ...]]:
    match = NAME.fullmatch(file.name)
    report, questions = match and match[1], _content(file)
    if questions is None:
        yield (file.name, report, 1, *[None] * 5, "unreadable_file")
        return
    for row, question in enumerate(questions, start=1):
        values = _values(question)
        code = "bad_record" if values is None else None
        yield (file.name, report, row, *(values or [None] * 5), code)


def _content(file: Path) -> list[Any] | None:
    """The questions of a file; None where it cannot be read or holds none."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, list) and content else None


def _values(element: Any) -> tuple[Any, ...] | None:
    """Question, answer, options, kind of answer and path of `[question, answers, history, meta]`; None for another."""
    try:
        question, answers, history, meta = element
        options, kind, path = meta["options"], meta["answer_type"], meta["path"]
    except (TypeError, ValueError, KeyError):
        return None
    steps = (
        [step for step in history if isinstance(step, list) and len(step) == 2] if isinstance(history, list) else None
    )
    if steps is None or len(steps) != len(history) or kind not in KINDS or not _is_text(path):
        return None
    if not all(_is_text(earlier) and _are_texts(given) for earlier, given in [*steps, (question, answers)]):
        return None
    if not _are_texts(options):
        return None
    before = [(earlier, given) for earlier, given in steps]
    return asked(question, before), answered(answers), [told(option) for option in options], kind, path


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
