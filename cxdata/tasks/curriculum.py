"""How hard a question is, 0 easy to 1 hard: a weighted sum of what makes it so, then a rank within its answer.

The sum follows the project's rule: .30 conspicuity of what is asked about, .25 the closest distractor, .15 other
findings of the study, .15 severity words of its report, .10 view and quality, .05 doubtful neighbours. It is turned
into a rank within (source, task, what is asked about, answer), so that each answer and each finding has easy and hard
questions. Rarity and length are facts of sampling, not difficulty, and have no part in it.

The weights are constants of the rule: another weight is another VERSION.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from cxdata.model.states import Effective
from cxdata.tasks.judged import STATE, askable, label_space, state_is

if TYPE_CHECKING:
    from cxdata.tasks.base import Material, Task

VERSION: Final = 1
RULE: Final = f"reading v{VERSION}"
CONSPICUITY: Final = 0.30
DISTRACTOR: Final = 0.25
COMPANY: Final = 0.15
SEVERITY: Final = 0.15
QUALITY: Final = 0.10
DOUBT: Final = 0.05
SAME_REGION: Final = 0.5  # related options, which would be 1, never stand side by side
CROWDED: Final = 4  # so many other findings make the most of COMPANY
UNKNOWN: Final = 0.5
FAINT: Final = r"(?i)\b(?:tiny|trace|subtle|minimal|minimally|small|slight|slightly|faint|mild|mildly|early|possible)\b"
PLAIN: Final = r"(?i)\b(?:large|massive|severe|marked|markedly|extensive|gross|complete)\b"
POOR: Final = r"(?i)\b(?:supine|low lung volumes?|rotat(?:ed|ion)|underpenetrat\w*|limited|motion|portable)\b"


def rated(drafts: pl.DataFrame, task: Task, material: Material) -> pl.DataFrame:
    """The drafts with `difficulty` and `difficulty_rule`; those of stage sft stay unrated.

    Drawn from the whole source, before any limit: a row's difficulty does not depend on what else is built.
    """
    if task.stage == "sft" or drafts.is_empty():
        return drafts
    features = study_features(material)
    rows = drafts.lazy().join(features.lazy(), on="study_id", how="left", maintain_order="left")
    raw = (
        CONSPICUITY * _conspicuity(drafts, material)
        + DISTRACTOR * _closest(drafts, material)
        + COMPANY * (pl.col("_company") / CROWDED).clip(0, 1).fill_null(0.0)
        + SEVERITY * pl.col("_severity").fill_null(UNKNOWN)
        + QUALITY * pl.col("_quality").fill_null(UNKNOWN)
        + DOUBT * pl.col("_doubt").fill_null(0.0)
    )
    ranked = rows.with_columns(_raw=raw.round(6), _answer=_answer(drafts)).with_columns(difficulty=_rank_within())
    return ranked.select(*drafts.columns, "difficulty", difficulty_rule=pl.lit(RULE)).collect()


def study_features(material: Material) -> pl.DataFrame:
    """What a study adds to the difficulty of any question on it.

    Columns: study_id, _company (findings present), _doubt (share of findings that are uncertain or in conflict),
    _quality (0 a good PA, 1 a poor AP), _severity (0 plain words, 1 faint ones, .5 neither or both).
    """
    frame = material.cases.lazy().select("study_id", "view")
    words = _words(material)
    if words is not None:
        frame = frame.join(words, on="study_id", how="left")
    else:
        frame = frame.with_columns(_severity=pl.lit(None, pl.Float64), _poor=pl.lit(None, pl.Boolean))
    if "label_space" in material.facets and askable(material, "finding"):
        frame = frame.join(_labelled(material), on="study_id", how="left")
    else:
        frame = frame.with_columns(_company=pl.lit(None, pl.Float64), _doubt=pl.lit(None, pl.Float64))
    ap = pl.when(pl.col("view") == "PA").then(0.0).when(pl.col("view") == "AP").then(0.5).otherwise(0.25)
    quality = ap + pl.col("_poor").fill_null(False).cast(pl.Float64) * 0.5
    return frame.select("study_id", "_company", "_doubt", "_severity", _quality=quality).collect()


def _words(material: Material) -> pl.LazyFrame | None:
    if "reports" not in material.facets:
        return None
    told = pl.concat_str("findings", "impression", separator=" ", ignore_nulls=True)
    faint, plain = told.str.contains(FAINT), told.str.contains(PLAIN)
    severity = pl.when(faint & ~plain).then(1.0).when(plain & ~faint).then(0.0).otherwise(UNKNOWN)
    return material.facets["reports"].select("study_id", _severity=severity, _poor=told.str.contains(POOR))


def _labelled(material: Material) -> pl.LazyFrame:
    findings = askable(material, "finding")
    space = label_space(material)
    present = [state_is(finding, Effective.PRESENT) for finding in findings]
    doubtful = [state_is(finding, Effective.UNCERTAIN, Effective.CONFLICT) for finding in findings]
    wanted = [pl.col(STATE + finding) for finding in space]
    frame = material.judged.lazy().select("study_id", *wanted)
    company, doubt = pl.sum_horizontal(present or pl.lit(0)), pl.any_horizontal(doubtful or pl.lit(False))
    return frame.select("study_id", _company=company.cast(pl.Float64), _doubt=doubt.cast(pl.Float64))


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
    place = (pl.col("_raw").rank("average") - 0.5) / pl.len()
    return place.over("_answer").round(4)
