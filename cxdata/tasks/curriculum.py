"""How hard a question is, 0 easy to 1 hard: a weighted sum of what makes it so, then a rank within its answer.

The sum follows the project's rule: .30 conspicuity of what is asked about, .25 the closest distractor, .15 other
findings of the study, .15 severity words of its report, .10 view and quality, .05 doubtful neighbours. It is turned
into a rank within (source, task, what is asked about, answer), so that each answer and each finding has easy and hard
questions. Rarity and length are facts of sampling, not difficulty, and have no part in it.

The weights and words are constants of the rule: another one is another VERSION.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from cxdata.model.hashing import hash_expr
from cxdata.model.states import Effective
from cxdata.tasks.judged import STATE, askable, label_space, state_is
from cxdata.tasks.severity import SEVERITY_OF

if TYPE_CHECKING:
    from cxdata.tasks.base import Material, Task

VERSION: Final = 2
RULE: Final = f"reading v{VERSION}"
WEIGHTS: Final = {
    "conspicuity": 0.30, "distractor": 0.25, "company": 0.15, "severity": 0.15, "quality": 0.10, "doubt": 0.05,
}  # fmt: skip
"""What each piece, itself between 0 and 1, adds to the sum."""

SAME_REGION: Final = 0.5  # related options, which would be 1, never stand side by side
CROWDED: Final = 4  # so many other findings make the most of `company`
UNKNOWN: Final = 0.5
VIEW: Final = {"PA": 0.0, "AP": 0.5}
OTHER_VIEW: Final = 0.25  # a frontal of which it is not known which
POOR: Final = (
    r"(?i)\b(?:supine|portable|low lung volumes?|(?:low|poor|shallow) inspirat\w+|hypo(?:inflat|ventilat)\w+|"
    r"rotat(?:ed|ion)|lordotic|(?:under|over)-?(?:penetrat|expos)\w+|limited|motion)\b"
)
POOR_ADDS: Final = 0.5
STAGES: Final = ("sft", "closed", "open")
LEVELS: Final = ("binary", "single", "multi", "open")


def rated(drafts: pl.DataFrame, task: Task, material: Material) -> pl.DataFrame:
    """The drafts with `difficulty` and `difficulty_rule`; those of stage sft stay unrated.

    Drawn from the whole source, before any limit: a row's difficulty does not depend on what else is built.
    """
    if drafts.is_empty() or (task.stage == "sft" and "stage" not in task.by_row):
        return drafts
    if "stage" in task.by_row:
        return _rated_by_row(drafts, material)
    answer = drafts.with_columns(_answer=_answer(drafts))["_answer"].alias("answer")
    ranked = raw(drafts, material).select("raw", answer).select(_rank_within())
    return drafts.with_columns(ranked.to_series().alias("difficulty"), difficulty_rule=pl.lit(RULE))


def _rated_by_row(drafts: pl.DataFrame, material: Material) -> pl.DataFrame:
    """Native questions, each of a stage of its own: ranked within shape and answer, but for those of stage sft."""
    is_rated, labels = pl.col("stage") != "sft", pl.col("labels").fill_null([])
    rows = drafts.with_row_index("_row").filter(is_rated)
    answer = pl.concat_str("answer_type", "answer", separator="=").alias("answer")
    sums = raw(rows.with_columns(labels), material)["raw"]
    ranked = rows.select("_row", answer, raw=sums).select("_row", difficulty=_rank_within())
    whole = drafts.with_row_index("_row").join(ranked, on="_row", how="left", maintain_order="left").drop("_row")
    return whole.with_columns(difficulty_rule=pl.when(is_rated).then(pl.lit(RULE)))


def raw(drafts: pl.DataFrame, material: Material) -> pl.DataFrame:
    """The sum before it is ranked, and its pieces: a row for each draft, in order, with a column for each of WEIGHTS.

    Every piece lies between 0 and 1, and is greater where the question is harder; so is their weighted sum `raw`.
    """
    columns = [name for name in ("study_id", "asked_finding", "labels", "options") if name in drafts.columns]
    rows = (
        drafts.select(columns).lazy().join(material.features.lazy(), on="study_id", how="left", maintain_order="left")
    )
    findings = _told_of(drafts, material)
    severity = pl.lit(UNKNOWN)
    if findings and "reports" in material.facets:
        rows = rows.join(material.severities.lazy(), on="study_id", how="left", maintain_order="left")
        severity = _severity(drafts, findings)
    pieces = rows.select(
        conspicuity=_conspicuity(drafts, material), distractor=_closest(drafts, material), company=_company(drafts),
        severity=severity, quality=pl.col("_quality").fill_null(UNKNOWN), doubt=pl.col("_doubt").fill_null(0.0),
    )  # fmt: skip
    weighed = pl.sum_horizontal(weight * pl.col(name) for name, weight in WEIGHTS.items())
    return pieces.with_columns(raw=weighed.round(6)).collect()


def curriculum_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Samples in the order in which they are learnt: by stage, then level, then from easy to hard.

    Stages and levels stand in the order of STAGES and LEVELS, others behind them by name; rows that are not rated come
    last in their level; rows alike by hash of sample_id, so that no source and no finding comes first.
    """
    return frame.sort(
        _place("stage", STAGES), "stage", _place("level", LEVELS), "level", "difficulty",
        hash_expr(0, pl.col("sample_id"), "curriculum order"), "sample_id", nulls_last=True,
    )  # fmt: skip


def _place(column: str, names: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).replace_strict(names, range(len(names)), default=len(names), return_dtype=pl.Int32)


def features(material: Material) -> pl.DataFrame:
    """What a study adds to any question on it.

    Columns: study_id, _company (findings present), _doubt (1 where a finding is uncertain or in conflict), _quality (0
    a good PA, 1 a poor AP).
    """
    frame = material.cases.lazy().select("study_id", "view")
    poor = pl.lit(False)
    if "reports" in material.facets:
        told = pl.concat_str("findings", "impression", separator=" ", ignore_nulls=True)
        words = material.facets["reports"].select("study_id", _poor=told.str.contains(POOR))
        frame, poor = frame.join(words, on="study_id", how="left"), pl.col("_poor").fill_null(False)
    if "label_space" in material.facets and askable(material, "finding"):
        frame = frame.join(_labelled(material), on="study_id", how="left")
    else:
        frame = frame.with_columns(_company=pl.lit(None, pl.Float64), _doubt=pl.lit(None, pl.Float64))
    view = pl.col("view").replace_strict(VIEW, default=OTHER_VIEW, return_dtype=pl.Float64)
    return frame.select("study_id", "_company", "_doubt", _quality=view + poor.cast(pl.Float64) * POOR_ADDS).collect()


def _labelled(material: Material) -> pl.LazyFrame:
    findings = askable(material, "finding")
    present = pl.sum_horizontal(state_is(finding, Effective.PRESENT) for finding in findings)
    doubtful = pl.any_horizontal(state_is(finding, Effective.UNCERTAIN, Effective.CONFLICT) for finding in findings)
    wanted = [pl.col(STATE + finding) for finding in label_space(material)]
    frame = material.judged.lazy().select("study_id", *wanted)
    return frame.select("study_id", _company=present.cast(pl.Float64), _doubt=doubtful.cast(pl.Float64))


def _told_of(drafts: pl.DataFrame, material: Material) -> list[str]:
    """The findings of the label space that the drafts ask about or name."""
    if "asked_finding" in drafts.columns:
        found = set(drafts["asked_finding"].unique())
    elif "labels" in drafts.columns:
        found = set(drafts["labels"].explode().drop_nulls().unique())
    else:
        return []
    space = label_space(material) if "label_space" in material.facets else []
    return [name for name in space if name in found and material.vocabulary.finding(name).kind != "normal"]


def _severity(drafts: pl.DataFrame, findings: list[str]) -> pl.Expr:
    """Of the finding asked about, else the mean of the labels, else unknown."""
    if "asked_finding" in drafts.columns:
        own = [pl.when(pl.col("asked_finding") == name).then(SEVERITY_OF + name) for name in findings]
        return pl.coalesce(*own, pl.lit(UNKNOWN))
    own = [pl.when(pl.col("labels").list.contains(name)).then(pl.col(SEVERITY_OF + name)) for name in findings]
    number = pl.sum_horizontal(each.is_not_null() for each in own)
    return pl.when(number > 0).then(pl.sum_horizontal(own) / number).otherwise(UNKNOWN)


def _company(drafts: pl.DataFrame) -> pl.Expr:
    """Findings present beside the one asked about, or beside the first of the labels."""
    named = (pl.col("labels").list.len() > 0).cast(pl.Float64) if "labels" in drafts.columns else pl.lit(0.0)
    return ((pl.col("_company") - named) / CROWDED).clip(0, 1).fill_null(0.0)


def _conspicuity(drafts: pl.DataFrame, material: Material) -> pl.Expr:
    """Of the finding asked about, else the mean of the labels, else unknown."""
    names = list(material.vocabulary.names)
    values = [material.vocabulary.finding(name).conspicuity for name in names]
    if "asked_finding" in drafts.columns:
        return pl.col("asked_finding").replace_strict(names, values, default=UNKNOWN, return_dtype=pl.Float64)
    if "labels" not in drafts.columns:
        return pl.lit(UNKNOWN)
    each = pl.element().replace_strict(names, values, default=UNKNOWN, return_dtype=pl.Float64)
    return pl.col("labels").list.eval(each).list.mean().fill_null(UNKNOWN)


def _closest(drafts: pl.DataFrame, material: Material) -> pl.Expr:
    """SAME_REGION where an option that is no key lies in the region of a key, else 0."""
    if not {"options", "labels"} <= set(drafts.columns) or "asked_finding" in drafts.columns:
        return pl.lit(0.0)
    names = list(material.vocabulary.names)
    regions = [material.vocabulary.finding(name).region for name in names]
    region = pl.element().replace_strict(names, regions, default="none", return_dtype=pl.String)
    keys = pl.col("labels").list.eval(region)
    wrong = pl.col("options").list.set_difference("labels").list.eval(region)
    return pl.when(keys.list.set_intersection(wrong).list.len() > 0).then(SAME_REGION).otherwise(0.0)


def _answer(drafts: pl.DataFrame) -> pl.Expr:
    """What rows are ranked among: the finding asked about and the answer, else the first label, else the answer."""
    if "asked_finding" in drafts.columns:
        return pl.concat_str("asked_finding", "answer", separator="=")
    if "labels" in drafts.columns:
        return pl.col("labels").list.first().fill_null("")
    # texts: where no two rows have the same answer, all are ranked together
    return pl.lit("") if drafts["answer"].n_unique() == drafts.height else pl.col("answer")


def _rank_within() -> pl.Expr:
    """The place of a row among those of its answer, between 0 and 1; rows alike share a place; one alone is at .5."""
    place = (pl.col("raw").rank("average") - 0.5) / pl.len()
    return place.over("answer").round(4)
