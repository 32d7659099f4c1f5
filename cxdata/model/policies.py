"""Label policies: what a finding in a given effective state may be used for. One table; code and docs read it."""

from __future__ import annotations

import typing
from collections.abc import Collection, Mapping, Sequence
from enum import IntFlag
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import polars as pl

from cxdata.model.errors import UsageError
from cxdata.model.manifest import Labels, PolicyName
from cxdata.model.states import BLOCKED, Effective
from cxdata.model.vocabulary import Finding, Vocabulary

VERSION: Final = 1
READ: Final = "read"
"""As `stated`, after what the reader finds in the reports was taken in (`read_states.py`); for train only."""
POLICIES: Final[tuple[str, ...]] = typing.get_args(PolicyName)
UNREAD: Final = "none"
"""The `label_policy` of rows for which no label was read."""

Column = Literal["stated", "strict", "listed", "closed-world", "u-ones", "u-zeros"]
COLUMNS: Final[tuple[Column, ...]] = typing.get_args(Column)

# Findings whose doubtful mentions lean one way: of CheXpert's test studies that a report labeller called uncertain,
# five radiologists saw Atelectasis in 54 %, Edema in 52 %, Enlarged Cardiomediastinum in 53 %, Consolidation in 3 %,
# and Pneumonia seldom. The rest stays as stated.
U_MIXED: Final[Mapping[str, Column]] = MappingProxyType({
    "Atelectasis": "u-ones", "Edema": "u-ones", "Enlarged Cardiomediastinum": "u-ones",
    "Consolidation": "u-zeros", "Pneumonia": "u-zeros",
})  # fmt: skip


class Use(IntFlag):
    """What a finding of a study may be: flags, none of them means that it is not asked about."""

    YES = 1  # a binary question answered Yes
    KEY = 2  # the right option, an open label, a step judged right
    NO = 4  # a binary question answered No
    WRONG = 8  # a distractor, an option that is no key, a step judged wrong
    SECOND = 16  # with WRONG: taken only where findings stated absent do not suffice


class Cell(NamedTuple):
    """The uses in train, and in val and test; `salient_only` leaves them to salient findings."""

    train: Use
    evaluation: Use
    salient_only: bool = False


class Row(NamedTuple):
    """A row of the table: an effective state, whether it holds for salient findings or the rest (None: both), words."""

    state: Effective
    salient: bool | None
    words: str


_NONE: Final = Cell(Use(0), Use(0))
_KEY: Final = Cell(Use.YES | Use.KEY, Use.YES | Use.KEY)
_NOT: Final = Cell(Use.NO | Use.WRONG, Use.NO | Use.WRONG)
_NOT_TRAIN: Final = Cell(Use.NO | Use.WRONG, Use(0))
_WRONG: Final = Cell(Use.WRONG, Use.WRONG)
_WRONG_TRAIN: Final = Cell(Use.WRONG, Use(0))
_WRONG_TRAIN_SALIENT: Final = Cell(Use.WRONG, Use(0), salient_only=True)
_SECOND_TRAIN: Final = Cell(Use.WRONG | Use.SECOND, Use(0))

# `blocked` is no row: it takes NO and WRONG from every cell. The column `listed` holds no NO and no WRONG in val and
# test, not even for stated absences: sources that list positives only leave absences out without a rule.
TABLE: Final[Mapping[Row, tuple[Cell, ...]]] = MappingProxyType({
    # columns:                                                stated, strict, listed, closed-world, u-ones, u-zeros
    Row(Effective.PRESENT, None, "present"): (_KEY, _KEY, _KEY, _KEY, _KEY, _KEY),
    Row(Effective.ABSENT, None, "absent"): (_NOT, _NOT, _NOT_TRAIN, _NOT, _NOT, _NOT),
    Row(Effective.UNCERTAIN, None, "uncertain"): (_NONE, _NONE, _NONE, _NONE, _KEY, _NOT),
    Row(Effective.CONFLICT, None, "conflict"): (_NONE,) * 6,
    Row(Effective.NOT_MENTIONED, True, "not mentioned, salient"):
        (_SECOND_TRAIN, _NONE, _WRONG_TRAIN, _NOT, _SECOND_TRAIN, _SECOND_TRAIN),
    Row(Effective.NOT_MENTIONED, False, "not mentioned, not salient"): (_NONE, _NONE, _NONE, _NOT, _NONE, _NONE),
    Row(Effective.IMPLIED_PRESENT, None, "implied present by a child"): (_NONE,) * 6,
    Row(Effective.IMPLIED_UNCERTAIN, None, "implied uncertain by a child"): (_NONE,) * 6,
    Row(Effective.IMPLIED_ABSENT_PARENT, None, "implied absent by a parent"):
        (_WRONG, _NONE, _NONE, _NOT, _WRONG, _WRONG),
    Row(Effective.IMPLIED_ABSENT_NO_FINDING, None, "implied absent by No Finding"):
        (_WRONG_TRAIN_SALIENT, _NONE, _NOT_TRAIN, _NOT, _WRONG_TRAIN_SALIENT, _WRONG_TRAIN_SALIENT),
    Row(Effective.OUTSIDE, None, "outside the source's label space"): (_NONE,) * 6,
})  # fmt: skip


def allowed(state: Effective, *, salient: bool, blocked: bool, column: Column, train: bool) -> Use:
    """What one finding may be used for, straight from the table. Raises KeyError for a state without a row."""
    cell = next(cells for row, cells in TABLE.items() if row.state == state and row.salient in (None, salient))[
        COLUMNS.index(column)
    ]
    use = cell.train if train else cell.evaluation
    if cell.salient_only and not salient:
        return Use(0)
    return use & (Use.YES | Use.KEY) if blocked else use


def uses(
    frame: pl.LazyFrame,
    space: Sequence[str],
    vocabulary: Vocabulary,
    policy: str,
    train: bool,
    closed_world: Collection[str] | None = None,
) -> pl.LazyFrame:
    """The frame of `states.effective` with UInt8 flags of `Use` in place of each code; `blocked:` columns are gone.

    `train` is true for rows of the train split. `closed_world` names the findings for which silence means absent, by
    the manifest's evidence: under the policy of that name the others are read as `stated`; None means all. A finding
    that no radiograph can show (`visible: no`) gets no flag at all. Other columns are kept.

    Raises UsageError for an unknown policy, and for a u- policy outside train: it makes labels of doubts.
    """
    _check_policy(policy, train)
    blocked = [BLOCKED + name for name in space]
    columns = {name: _column(name, policy, closed_world) for name in space}
    flags = (_flags(vocabulary.finding(name), vocabulary, columns[name], train) for name in space)
    return frame.with_columns(flags).drop(blocked)


def policies_of(labels: Labels | None, asked: str | None) -> tuple[str, str]:
    """The policies of train, and of val and test: the manifest's, unless one was asked for.

    `strict` and `closed-world` hold for every split when asked for; the others for train alone. Raises UsageError for
    `closed-world` where the manifest has no evidence that silence means absent.
    """
    train = asked or (labels.policy_train if labels else "stated")
    if train == "closed-world" and not (labels and labels.closed_world):
        raise UsageError(
            "label policy closed-world: nothing shows that this source's silence means absent",
            mend="use the source's own policy (no --label-policy), or strict",
        )
    if train in ("strict", "closed-world"):
        return train, train
    return train, labels.policy_eval if labels else "strict"


def policy_table_markdown() -> str:
    """The table as Markdown, with the rules that stand beside it; for the docs."""
    head = ["effective state", *COLUMNS]
    rows = [[row.words, *(_words(cell) for cell in cells)] for row, cells in TABLE.items()]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([*("| " + " | ".join(line) + " |" for line in lines), "", *_footnotes()]) + "\n"


def _check_policy(policy: str, train: bool) -> None:
    if policy not in POLICIES:
        raise UsageError(f"unknown label policy {policy!r}", mend=f"one of: {', '.join(POLICIES)}")
    if policy == READ and not train:
        raise UsageError(
            "label policy read is for train only: no person has looked at what the reader of reports adds",
            mend="use stated, strict or closed-world for val and test",
        )
    if policy.startswith("u-") and not train:
        raise UsageError(
            f"label policy {policy} is for train only: it reads doubts as answers",
            mend="use stated, strict or closed-world for val and test",
        )


def _column(name: str, policy: str, closed_world: Collection[str] | None) -> Column:
    """The column of the table that reads this finding under the policy."""
    if policy == READ:
        return "stated"
    if policy == "u-mixed":
        return U_MIXED.get(name, "stated")
    if policy == "closed-world" and closed_world is not None and name not in closed_world:
        return "stated"
    return next(column for column in COLUMNS if column == policy)


def _flags(finding: Finding, vocabulary: Vocabulary, column: Column, train: bool) -> pl.Expr:
    """The uses of one finding as a chain of comparisons, which is faster on long columns than a lookup per row."""
    salient, flags = vocabulary.is_salient(finding.name), _literal(Use(0))
    for state in Effective if finding.visible != "no" else ():
        free = allowed(state, salient=salient, blocked=False, column=column, train=train)
        held = allowed(state, salient=salient, blocked=True, column=column, train=train)
        if free:
            use = pl.when(BLOCKED + finding.name).then(_literal(held)).otherwise(_literal(free))
            flags = pl.when(pl.col(finding.name) == int(state)).then(use).otherwise(flags)
    return flags.alias(finding.name)


def _literal(use: Use) -> pl.Expr:
    return pl.lit(int(use), pl.UInt8)


def _words(cell: Cell) -> str:
    names = {Use.YES: "Yes", Use.KEY: "key", Use.NO: "No", Use.WRONG: "wrong"}
    words = [word for use, word in names.items() if use in cell.train]
    words += ["if salient"] if cell.salient_only else []
    words += ["train only"] if cell.train != cell.evaluation else []
    words += ["after stated absences"] if Use.SECOND in cell.train else []
    return ", ".join(words) or "–"


def _footnotes() -> list[str]:
    ones = ", ".join(sorted(name for name, column in U_MIXED.items() if column == "u-ones"))
    zeros = ", ".join(sorted(name for name, column in U_MIXED.items() if column == "u-zeros"))
    key = "the answer, an open label, a step judged right"
    wrong = "a distractor, an option that is no key, a step judged wrong"
    blocking = "A finding related (is_a either way, or overlapping) to one that is present, uncertain or in conflict"
    closed = "`closed-world` reads findings without evidence that silence means absent as `stated`; a build with it is"
    closed += " refused where no finding of the source has such evidence."
    return [
        f"- Key: {key}. Wrong: {wrong}. – is not asked.",
        f"- {blocking} is blocked: never No, never wrong.",
        f"- {closed}",
        f"- `u-mixed` reads {ones} as `u-ones`, {zeros} as `u-zeros`, the rest as `stated`.",
        "- All `u-` policies are for train only.",
        "- What no radiograph can show (`visible: no` in the vocabulary) is never asked.",
    ]
