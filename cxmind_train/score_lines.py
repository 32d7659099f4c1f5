"""JSON lines of completions and their gold, read, checked and scored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cxdata.model.errors import CxdataError, ProblemsError
from cxmind_train.rewards import Mode, Scores, Stage, score

SHOWN: Final = 20


class Line(BaseModel):
    """One line: an id, a completion and its gold; labels and basis of the gold's row where the caller has them."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    id: str | int
    completion: str
    gold: str = Field(min_length=1)
    scored_labels: list[str] | None = None
    ignored_labels: list[str] | None = None
    basis: list[str | None] | None = None


class Scored(NamedTuple):
    """A line as it was read, and its scores."""

    given: dict[str, Any]
    scores: Scores

    def as_json(self) -> str:
        """The line with `scores`, as one line of ASCII JSON."""
        return json.dumps({**self.given, "scores": self.scores.as_json()})


def score_lines(lines: Sequence[bytes], file: str, stage: Stage, mode: Mode) -> list[Scored]:
    """Score every line; empty ones are passed over. Raises ProblemsError for all bad lines, CxdataError for no line."""
    found = list(_each(lines, file, stage, mode))
    problems = [one for one in found if isinstance(one, CxdataError)]
    if problems:
        raise _LinesError(problems)
    if not found:
        raise CxdataError("there is no line to score", where=file, mend='give lines of {"id", "completion", "gold"}')
    return [one for one in found if isinstance(one, Scored)]


class _LinesError(ProblemsError):
    """The first problems, by line; the rest are counted."""

    def __init__(self, problems: list[CxdataError]) -> None:
        super().__init__(problems)
        self.problems = problems[:SHOWN]
        more = len(problems) - SHOWN
        self.what += f", the first {SHOWN} of them" if more > 0 else ""


def _each(lines: Sequence[bytes], file: str, stage: Stage, mode: Mode) -> Iterator[Scored | CxdataError]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _scored(line, stage, mode)
        except CxdataError as error:
            yield CxdataError(error.what, where=f"{file}, line {number}", mend=error.mend)


def _scored(line: bytes, stage: Stage, mode: Mode) -> Scored:
    given = _object(line)
    try:
        read = Line.model_validate(given)
    except ValidationError as error:
        # pydantic's own words would quote the text.
        wrong = sorted({".".join(map(str, one["loc"][:1])) for one in error.errors(include_input=False)})
        mend = "completion and gold are strings, gold is not empty, labels and basis are lists of strings"
        raise CxdataError(f"missing or of another type: {', '.join(wrong)}", mend=mend) from None
    scores = score(
        read.completion, read.gold, stage, mode, scored_labels=read.scored_labels or (),
        ignored_labels=read.ignored_labels or (), basis=read.basis or (), is_gold_form=True,
    )  # fmt: skip
    return Scored(given, scores)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise CxdataError("not a line of JSON in UTF-8", mend="write one JSON object a line") from None
    if not isinstance(value, dict):
        raise CxdataError("not a JSON object", mend='write {"id": …, "completion": …, "gold": …}')
    return value
