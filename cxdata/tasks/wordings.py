"""Question wordings: our own, several for each task, chosen by hash and named in each row's `wording_id`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cxdata.model.errors import CxdataError
from cxdata.model.hashing import hash_expr, pick_expr
from cxdata.model.vocabulary import Finding, Vocabulary
from cxdata.model.yaml_text import parsed

ANY: Final = "any"
FINDING: Final = "{finding}"
BLANKS: Final = (FINDING, "{phrase}", "{place}")
"""What a text may leave blank: the phrase of a finding, or words that a row brings in its column `told`."""
SEEN: Final = "seen"
LABELLED: Final = "labelled"
CHILD: Final = "+child."
"""Begins the end of a `wording_id` whose question says that the patient is a child, before the place in CHILDREN."""
CHILDREN: Final = (
    "The patient is a child.",
    "This patient is a child.",
    "The patient on the film is a child.",
    "The chest is that of a child.",
)
"""Sentences that go before every question about a source of children."""

_FOLDER: Final = Path(__file__).with_name("wording")
_CODE: Final = "wording_code"
_NOTE: Final = "note_code"


class Wording(BaseModel):
    """One way to ask: `one` for a single picture (or text alone), `two` for two pictures of one study."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    id: str = Field(pattern=r"^\d\d$")
    group: str = Field(default=ANY, alias="for", pattern=r"^[a-z]+$")
    one: str
    two: str | None = None

    @property
    def forms(self) -> tuple[str, ...]:
        """The texts that it has, for one picture first."""
        return (self.one,) if self.two is None else (self.one, self.two)


class Note(BaseModel):
    """One way to say what No Finding means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^\d\d$")
    text: str


class Wordings(BaseModel):
    """The wordings of one task in one language; checked: ids unique in a group, placeholders known and alike."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    language: str
    version: int = Field(ge=1)
    wordings: tuple[Wording, ...] = Field(min_length=1)
    no_finding_note: tuple[Note, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups, in the order of the file."""
        return tuple(dict.fromkeys(wording.group for wording in self.wordings))

    @property
    def blank(self) -> str | None:
        """The blank that every text holds once; None where the texts are whole."""
        return next((blank for blank in BLANKS if blank in self.wordings[0].one), None)

    @property
    def has_finding(self) -> bool:
        """Whether the texts name the asked finding."""
        return self.blank == FINDING

    def of(self, group: str) -> tuple[Wording, ...]:
        """The wordings of a group, in the order of the file."""
        return tuple(wording for wording in self.wordings if wording.group == group)

    def wording_id(self, wording: Wording) -> str:
        """`disease_binary.en.v1.visible.03`."""
        return f"{self.task}.{self.language}.v{self.version}.{wording.group}.{wording.id}"

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Wordings:
        keys = [(wording.group, wording.id) for wording in self.wordings]
        keys += [("no_finding_note", note.id) for note in self.no_finding_note]
        if repeated := sorted({f"{group}.{key}" for group, key in keys if keys.count((group, key)) > 1}):
            raise ValueError(f"ids stand twice: {', '.join(repeated)}")
        return self

    @model_validator(mode="after")
    def _forms_are_alike(self) -> Wordings:
        if len({len(wording.forms) for wording in self.wordings}) > 1:
            raise ValueError("either every wording has a form for two pictures or none has")
        texts = [text for wording in self.wordings for text in wording.forms]
        blank = self.blank or FINDING
        if len({text.count(blank) for text in texts}) > 1 or texts[0].count(blank) > 1:
            raise ValueError(f"either every text holds {blank} once or none does")
        return self

    @model_validator(mode="after")
    def _placeholders_are_known(self) -> Wordings:
        texts = [text for wording in self.wordings for text in wording.forms]
        texts += [note.text for note in self.no_finding_note]
        if stray := sorted(
            {mark for text in texts for mark in re.findall(r"\{[^}]*\}?|\}", text.replace(self.blank or FINDING, ""))}
        ):
            raise ValueError(f"unknown placeholders: {', '.join(stray)}")
        if any(text.startswith(FINDING) for text in texts):
            raise ValueError(f"{FINDING} cannot begin a text: phrases are written small")
        return self


def of_children(frame: pl.LazyFrame, seed: int) -> pl.LazyFrame:
    """The frame whose every `question` says first that the patient is a child, and whose `wording_id` tells how."""
    places = list(range(len(CHILDREN)))
    picked = pick_expr(seed, pl.col("sample_id"), "child", len(CHILDREN))
    told = picked.replace_strict(places, list(CHILDREN), return_dtype=pl.String)
    ids = picked.replace_strict(places, [f"{CHILD}{place + 1:02}" for place in places], return_dtype=pl.String)
    return frame.with_columns(
        question=pl.concat_str(told, pl.lit(" "), "question"), wording_id=pl.concat_str("wording_id", ids)
    )


@cache
def wordings(task: str, language: str = "en", manner: str = SEEN) -> Wordings:
    """The wordings of a task: what is seen, or (`manner` labelled, also their group) how a picture is labelled.

    Raises CxdataError when there are none or the file is wrong.
    """
    pieces = [task, *([manner] if manner != SEEN else []), *([language] if language != "en" else []), "yaml"]
    return load_wordings(_FOLDER / ".".join(pieces))


def load_wordings(path: Path) -> Wordings:
    """Read and check a wording file. Raises CxdataError that names it and what is wrong."""
    try:
        table: Any = parsed(path.read_text(encoding="utf-8"))
        return Wordings.model_validate(table)
    except FileNotFoundError:
        raise CxdataError("no wordings for this task", where=path.name, mend="add the file to tasks/wording") from None
    except (ValidationError, yaml.YAMLError) as error:
        what = f"wordings cannot be read: {error}"
        raise CxdataError(what, where=path.name, mend="mend what is named above") from None


def asked_group(finding: Finding) -> str | None:
    """The group of wordings that asks about one finding; None for what is never asked in that way.

    Those are findings that no radiograph can show, and No Finding, which is an option but no question.
    """
    if finding.kind == "device":
        return "device"
    if finding.kind == "normal" or finding.visible == "no":
        return None
    return "visible" if finding.visible == "yes" else "suggestive"


def asked_group_expr(finding: pl.Expr, vocabulary: Vocabulary) -> pl.Expr:
    """`asked_group` of each row's canonical finding, as strings."""
    names = list(vocabulary.names)
    groups = [asked_group(vocabulary.finding(name)) for name in names]
    return finding.replace_strict(names, groups, return_dtype=pl.String)


def worded(
    frame: pl.LazyFrame,
    task: str,
    seed: int,
    *,
    pictures: pl.Expr,
    vocabulary: Vocabulary,
    group: pl.Expr | None = None,
    finding: pl.Expr | None = None,
    note: pl.Expr | None = None,
    phrase: pl.Expr | None = None,
    language: str = "en",
    manner: str = SEEN,
) -> pl.LazyFrame:
    """The frame with `question` and `wording_id`, each row's wording chosen by the hash of seed and its `sample_id`.

    `pictures` is the number of pictures of each row: 2 takes the form for two, else the other. `group` names the group
    of wordings (None: `any`), `finding` the canonical finding that the texts ask about, or `phrase` its words, or those
    that fill another blank. Where `note` is true, a sentence that says what No Finding means ends the question, and
    `+note.NN` the id.

    A row whose group, or form for two pictures, the task does not have is an error of polars when the frame is
    collected. Raises CxdataError when the texts need a finding or a note that is not there.
    """
    table = wordings(task, language, manner)
    if table.has_finding and finding is not None:
        names = list(vocabulary.names)
        phrases = [vocabulary.finding(name).phrase for name in names]
        phrase = finding.replace_strict(names, phrases, return_dtype=pl.String)
    if table.has_finding and phrase is None:
        raise CxdataError(f"the wordings of {task} ask about a finding", mend="pass `finding`")
    if table.blank and phrase is None:
        raise CxdataError(f"the wordings of {task} hold {table.blank}", mend="pass `phrase`")
    if note is not None and not table.no_finding_note:
        raise CxdataError(
            f"the wordings of {task} do not say what No Finding means", mend="add no_finding_note to them"
        )
    code = _code(table, seed, group if group is not None else pl.lit(ANY), pictures)
    out = frame.with_columns(code.alias(_CODE)).with_columns(_texts(table, phrase)).drop(_CODE)
    return out if note is None else _noted(out, table, seed, note)


class _Row(NamedTuple):
    code: int
    head: str
    tail: str
    wording_id: str


def _rows(table: Wordings) -> list[_Row]:
    """Every text of a task, coded as twice the wording's place (by groups) plus its form; no tail without a blank."""
    ordered = [wording for group in table.groups for wording in table.of(group)]
    return [
        _Row(2 * place + form, *_split(text, table.blank or FINDING), table.wording_id(wording))
        for place, wording in enumerate(ordered)
        for form, text in enumerate(wording.forms)
    ]


def _split(text: str, blank: str) -> tuple[str, str]:
    head, _, tail = text.partition(blank)
    return head, tail


def _code(table: Wordings, seed: int, group: pl.Expr, pictures: pl.Expr) -> pl.Expr:
    """The code of each row's text: where its group begins, plus the wording picked, plus the form."""
    groups, sizes = list(table.groups), [len(table.of(name)) for name in table.groups]
    begins = [sum(sizes[:at]) for at in range(len(sizes))]
    size = group.replace_strict(groups, sizes, return_dtype=pl.UInt64)
    picked = hash_expr(seed, pl.col("sample_id"), "wording") % size
    at = group.replace_strict(groups, begins, return_dtype=pl.UInt64) + picked
    return 2 * at.cast(pl.Int32) + (pictures == 2).cast(pl.Int32)


def _texts(table: Wordings, phrase: pl.Expr | None) -> list[pl.Expr]:
    rows = _rows(table)
    codes = [row.code for row in rows]

    def column(values: list[str]) -> pl.Expr:
        return pl.col(_CODE).replace_strict(codes, values, return_dtype=pl.String)

    question = column([row.head for row in rows])
    if table.blank and phrase is not None:
        question = pl.concat_str(question, phrase, column([row.tail for row in rows]))
    return [question.alias("question"), column([row.wording_id for row in rows]).alias("wording_id")]


def _noted(frame: pl.LazyFrame, table: Wordings, seed: int, note: pl.Expr) -> pl.LazyFrame:
    picked = pick_expr(seed, pl.col("sample_id"), "no_finding_note", len(table.no_finding_note))
    places = list(range(len(table.no_finding_note)))

    def ending(values: list[str]) -> pl.Expr:
        text = pl.col(_NOTE).replace_strict(places, values, return_dtype=pl.String)
        return pl.when(note).then(text).otherwise(pl.lit(""))

    texts = ending([f" {each.text}" for each in table.no_finding_note])
    ids = ending([f"+note.{each.id}" for each in table.no_finding_note])
    return (
        frame.with_columns(picked.alias(_NOTE))
        .with_columns(pl.concat_str("question", texts), pl.concat_str("wording_id", ids))
        .drop(_NOTE)
    )
