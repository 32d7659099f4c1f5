"""Does every gold answer earn the maximum of its reward in `fixed` mode?

Answers alone are judged by expressions, all rows at once; traces one by one, by the functions that the trainer's
rewards stand on (`cxdata.answers`). Of golds in text and boxes, whose rewards lie in `cxmind_train`, only the form is
looked at, and the row says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import polars as pl

from cxdata.answers.boxes import read_final_boxes
from cxdata.answers.closed import closed_accuracy, closed_process
from cxdata.answers.gold import Gold, Stage, read_gold
from cxdata.answers.marks import FALSE, TRUE
from cxdata.answers.open_labels import open_f1, open_process
from cxdata.answers.thinks import has_near_equals, is_foul
from cxdata.model.errors import CxdataError
from cxdata.model.sample import LETTERS

STAGES: Final[dict[str, Stage]] = {"closed": "closed", "open_labels": "open"}
SCHEMA: Final = {
    "format": pl.Float64(), "answer": pl.Float64(), "think": pl.Float64(), "process": pl.Float64(),
    "checked": pl.String(), "code": pl.String(),
}  # fmt: skip
MESSAGES: Final = {
    "gold_kind": "gold_kind does not say what the gold is",
    "gold_form": "the gold is not well formed",
    "gold_unreadable": "the closing answer of the gold cannot be read, or its basis is not one for each step",
    "gold_answer": "the gold does not score 1 against itself",
    "gold_not_scored": "the gold names a label that the row does not score",
    "gold_process": "the judgements of the gold do not earn the process reward",
    "gold_think": "a think of the gold is empty, too long, holds marks or letters, or repeats another",
}
_TAGS: Final = r"</?(?:think|answer)>"
_CLOSED: Final = rf"^<answer>[{LETTERS}](?:, [{LETTERS}])*</answer>$"
_ENTRY: Final = rf"[^,;\s{TRUE}{FALSE}.:](?:[^,;\n{TRUE}{FALSE}]*[^,;\s{TRUE}{FALSE}.:])?"
_OPEN: Final = rf"^<answer>{_ENTRY}(?:, {_ENTRY})*</answer>$"
_NUMBERED: Final = r"(?:>|, )(?:\d{1,3}[.)]|[-*•])\s"


class _Row(NamedTuple):
    """What one trace scored against itself."""

    format: float = 0.0
    answer: float = 0.0
    think: float | None = None
    process: float | None = None
    checked: str = "reward"
    code: str | None = None


def gold_scores(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a gold, in the frame's order: `format, answer, think, process, checked, code`.

    Takes `answer`, `reward`, `gold_kind`, `scored_labels`, `ignored_labels` and, where there, `gold_basis` (the basis
    of each step). `code` is null where the gold earns the maximum, else a key of MESSAGES; think and process are null
    where the gold has none. `checked` is `reward`, or `form` where the form alone was looked at.
    """
    if "gold_basis" not in frame.columns:
        frame = frame.with_columns(gold_basis=pl.lit(None, pl.List(pl.String)))
    rows = frame.select("answer", "reward", "gold_kind", "scored_labels", "ignored_labels", "gold_basis")
    rows = rows.with_row_index("row")
    is_trace = pl.col("answer").str.contains("<think>", literal=True).fill_null(False) & _is_built()
    traced = rows.filter(is_trace)
    if traced.is_empty():
        return _answers(rows).select(*SCHEMA)
    alone = _answers(rows.join(traced.select("row"), on="row", how="anti"))
    return pl.concat([alone, _traces(traced)]).sort("row").select(*SCHEMA)


def _is_built() -> pl.Expr:
    return pl.col("reward").is_in(list(STAGES)).fill_null(False)


def _answers(rows: pl.DataFrame) -> pl.DataFrame:
    """Few answers are many rows': their form is judged once each."""
    key = ["reward", "answer"]
    forms = rows.lazy().select(key).unique().with_columns(form=_form(), is_repeated=_is_repeated())
    judged = rows.lazy().join(forms, on=key, how="left", nulls_equal=True, maintain_order="left")
    judged = judged.with_columns(code=_answer_code())
    return judged.select(
        "row", format=pl.col("form").cast(pl.Float64),
        answer=pl.when(_is_built()).then(pl.col("form") & ~pl.col("is_repeated")).cast(pl.Float64),
        think=pl.lit(None, pl.Float64), process=pl.lit(None, pl.Float64),
        checked=pl.when(_is_built()).then(pl.lit("reward")).otherwise(pl.lit("form")), code="code",
    ).collect()  # fmt: skip


def _answer_code() -> pl.Expr:
    has_space = (pl.col("reward") == "open_labels") & (pl.col("scored_labels").list.len() > 0)
    entries = _entries(pl.when(has_space & pl.col("form")).then("answer"))
    unscored = entries.list.set_difference("scored_labels").list.len() > 0
    return (
        pl.when(~pl.col("form")).then(pl.lit("gold_form"))
        .when(_is_built() & (pl.col("gold_kind") != "answer")).then(pl.lit("gold_kind"))
        .when(_is_built() & pl.col("is_repeated")).then(pl.lit("gold_answer"))
        .when(unscored).then(pl.lit("gold_not_scored"))
    )  # fmt: skip


def _entries(answer: pl.Expr) -> pl.Expr:
    return answer.str.strip_chars().str.strip_prefix("<answer>").str.strip_suffix("</answer>").str.split(", ")


def _is_repeated() -> pl.Expr:
    folded = _entries(pl.col("answer").str.to_lowercase())
    return (folded.list.n_unique() != folded.list.len()).fill_null(False)


def _form() -> pl.Expr:
    answer, reward = pl.col("answer").fill_null("").str.strip_chars(), pl.col("reward")
    is_block = answer.str.count_matches(_TAGS) == 2
    inner = answer.str.strip_prefix("<answer>").str.strip_suffix("</answer>").str.strip_chars()
    is_alone = is_block & answer.str.starts_with("<answer>") & answer.str.ends_with("</answer>") & (inner != "")
    named = answer.str.contains(_OPEN) & ~answer.str.contains(_NUMBERED)
    return (
        pl.when(reward == "closed").then(is_block & answer.str.contains(_CLOSED))
        .when(reward == "open_labels").then(is_block & named)
        .when(reward == "boxes").then(_parses(answer, is_alone) & is_box_gold())
        .otherwise(_parses(answer, is_alone))
    )  # fmt: skip


def is_box_gold() -> pl.Expr:
    """True where a gold of boxes closes with boxes that can be read; null for other rewards."""
    asked = pl.when(pl.col("reward") == "boxes").then(pl.col("answer").fill_null(""))
    return asked.map_elements(lambda text: read_final_boxes(text) is not None, return_dtype=pl.Boolean)


def _parses(answer: pl.Expr, is_alone: pl.Expr) -> pl.Expr:
    """Form of a gold in text or boxes: one block, or pairs that each hold something."""
    pair = r"<think>[^<]*[^<\s][^<]*</think>\s*<answer>[^<]*[^<\s][^<]*</answer>\s*"
    return is_alone | answer.str.contains(f"^(?:{pair})+$")


def _traces(rows: pl.DataFrame) -> pl.DataFrame:
    scored = [_trace(row) for row in rows.iter_rows(named=True)]
    found = pl.DataFrame(scored, schema=SCHEMA, orient="row")
    return pl.concat([rows.select("row"), found], how="horizontal").with_columns(
        code=pl.when(rows["gold_kind"] != "trace").then(pl.lit("gold_kind")).otherwise("code")
    )


def _trace(row: dict[str, Any]) -> _Row:
    told = (_labels(row["scored_labels"]), _labels(row["ignored_labels"]), _labels(row["gold_basis"]))
    try:
        gold = read_gold.__wrapped__(row["answer"], STAGES[row["reward"]], *told)
    except CxdataError:
        return _Row(code="gold_unreadable")
    judged = _judged(gold)
    return judged._replace(code=_code(judged, gold, told[0]))


def _labels(value: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(value or ())


def _judged(gold: Gold) -> _Row:
    is_closed = gold.stage == "closed"
    answer = (closed_accuracy if is_closed else open_f1)(gold.parsed, gold)
    process = (closed_process if is_closed else open_process)(gold.parsed, gold) if gold.has_judgements else None
    thinks = [step.think for step in gold.compared]
    is_clean = not any(map(is_foul, thinks)) and not has_near_equals(thinks)
    think = float(is_clean and len({step.subject for step in gold.judged}) == len(gold.judged)) if thinks else None
    return _Row(float(gold.parsed.is_well_formed), answer, think, process)


def _code(row: _Row, gold: Gold, scored: tuple[str, ...]) -> str | None:
    parts = (("gold_form", row.format), ("gold_answer", row.answer))
    for code, value in (*parts, ("gold_process", row.process), ("gold_think", row.think)):
        if value is not None and value < 1:
            return code
    is_unscored = gold.stage == "open" and scored and not gold.final <= {gold.space.name_of(name) for name in scored}
    return "gold_not_scored" if is_unscored else None
