"""Clean targets for generation questions: the sentences of a section that the picture itself can answer for.

A sentence is left out whole by the first rule it meets; the words of each rule stand with their reasons in `cues.yaml`:

* `view_title`     it only says which views were taken ("PA and lateral views of the chest were obtained.")
* `notification`   who was told, when and how
* `recommendation` what to do next
* `prior`          a comparison, a change or its lack, anything that needs an earlier picture
* `history`        what was told and not seen: "history of", "known", "status post"
* `other_exam`     what another examination saw
* `pointer`        only points at another part of the report ("as above")
* `mark`           a de-identification mark
* `leaning`        where a finding's sentence was left out by prior, history, other_exam or mark: a sentence that leans
                   on it ("Otherwise normal."), which alone would say something else

A leading clause ("Compared to ___, …", "PA and lateral chest: …") is cut off when what remains is a finding in the
present without any of these words and without a comparative; else the sentence is left out as `prior`.
The need is CheXagent's and LLaVA-Rad's observation that models trained on whole reports invent priors.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

import polars as pl

from cxdata.model.yaml_text import parsed
from cxdata.reports.sentences import sentences_expr, unwrap_expr

__all__ = ["RULES", "VERSION", "unwrap_expr", "with_targets"]

VERSION: Final = 3
"""Goes up whenever the same section may give another target."""

RULES: Final = ("view_title", "notification", "recommendation", "prior", "history", "other_exam", "pointer", "mark",
                "leaning")  # fmt: skip
"""Names of the rules, in the order they are tried."""

SECTIONS: Final = ("findings", "impression")
_LOSES_A_FINDING: Final = ("prior", "history", "other_exam", "mark")
_LEFT_OUT: Final = "\x1d"
_ROW: Final = "_row"
_LIST: Final = "_sentences of "
_VIEW: Final = r"(?:chest|thorax|radiograph(?:s|y|ic)?|x-?rays?|films?|images?|views?|projections?|portable|pa|ap)\b"
_VIEW_WORDS: Final = (
    r"(?:single|one|two|three|frontal|lateral|lat|posteroanterior|anteroposterior|upright|semi-?upright|erect|"
    r"semi-?erect|supine|sitting|standing|decubitus|oblique|bedside|mobile|digital|limited|both|left|right|of|the|and|in|"
    r"on|at|for|with|as|to|from|by|this|these|there|here|an?|is|are|was|were|has|have|been|provided|obtained|submitted|"
    r"performed|presented|acquired|taken|available|included|review|interpretation|evaluation|assessment|study|studies|"
    r"exam|examination|patient|position|technique|series|dated|\d{1,2})\b"
)
_GAP: Final = r"[\s,;/&()-]*"
_VIEW_RUN: Final = rf"(?:(?:{_VIEW}|{_VIEW_WORDS}){_GAP})*"
_VIEWS: Final = rf"[\s(]*{_VIEW_RUN}{_VIEW}{_GAP}{_VIEW_RUN}"  # words about views, one of them naming a picture
_VIEW_TITLE: Final = rf"(?i)^{_VIEWS}[.:]*$"
_TITLE_PREFIX: Final = rf"(?i)^{_VIEWS}: *"
_CLAUSE: Final = (
    rf"(?i)^(?:{_VIEWS})?(?:in comparison|as compared|when compared|compared|comparison (?:is |was )?made|comparison) "
    r"(?:to|with)\b[^,:;.]*[,:] *"
)
_PRESENT: Final = (
    r"(?i)\b(?:is|are|there|no|appears?|ends?|projects?|terminates?|lies?|shows?|demonstrates?|overl(?:ies|ie))\b"
)
_COMPARATIVE: Final = (
    r"(?i)\b(?:more|less|larger|smaller|higher|better|greater|further|denser|wider|same|little|increased|decreased|"
    r"reduced|diminished|(?:is|are|appears?|slightly|somewhat|even|much) lower)\b"
)
_LEANING: Final = (
    r"(?i)\b(?:otherwise|no other|no additional|elsewhere|remainder|remaining|the (?:latter|former))\b"
    r"|^(?:this|these|those|it|they|such|either|however|also|but|although|thus|therefore)\b"
    r"|^findings? (?:may|might|could|would)\b"
)


def with_targets(reports: pl.LazyFrame) -> pl.LazyFrame:
    """The reports with `findings_target` and `impression_target`, and what each rule left out.

    Targets are one line of whole sentences, null where none is left. `<section>_dropped_<rule>` counts the sentences
    that a rule left out, UInt32, 0 where the section is null.
    """
    rows = reports.with_row_index(_ROW)
    lists = [_lists(rows, section) for section in SECTIONS]
    for one in lists:
        rows = rows.join(one, on=_ROW, how="left", maintain_order="left")
    return (
        rows.with_columns(_judged_again(pl.col(_LIST + section)).alias(_LIST + section) for section in SECTIONS)
        .with_columns(_joined(pl.col(_LIST + section)).alias(f"{section}_target") for section in SECTIONS)
        .with_columns(
            _count(pl.col(_LIST + section), rule).alias(f"{section}_dropped_{rule}")
            for section in SECTIONS
            for rule in RULES
        )
        .drop(_ROW, *(_LIST + section for section in SECTIONS))
    )


def told_sentences(reports: pl.LazyFrame) -> pl.LazyFrame:
    """Every sentence of findings and impression, in order: the columns study_id, `sentence` and `kept`.

    `kept` is the sentence as it may stand in a target (a leading comparison cut off), null where a rule leaves it out.
    """
    rows = reports.select("study_id", *SECTIONS).with_row_index(_ROW)
    return pl.concat([_told(rows, section) for section in SECTIONS]).sort(_ROW, maintain_order=True).drop(_ROW)


class Cues(NamedTuple):
    """Regular expressions of one rule: all cues without exception as one, and pairs of a cue and its exception."""

    plain: str
    excepted: tuple[tuple[str, str], ...]

    def met(self, sentence: pl.Expr) -> pl.Expr:
        """True where a cue is met, or one with an exception more often than its exception."""
        more = [
            sentence.str.count_matches(cue) > sentence.str.count_matches(unless) for cue, unless in self.excepted
        ]  # fmt: skip
        return pl.any_horizontal(sentence.str.contains(self.plain), *more)


@cache
def cues(rule: str) -> Cues:
    """The cues of one rule, from `cues.yaml`."""
    raw = parsed(files("cxdata.reports").joinpath("cues.yaml").read_text("utf-8"))
    plain = "|".join(f"(?:{entry['cue']})" for entry in raw[rule] if "unless" not in entry)
    pairs = ((entry["cue"], entry["unless"]) for entry in raw[rule] if "unless" in entry)
    return Cues(f"(?i){plain}", tuple((f"(?i){cue}", f"(?i){unless}") for cue, unless in pairs))


def _lists(rows: pl.LazyFrame, section: str) -> pl.LazyFrame:
    """For each row the sentences of a section, each as it may stand in a target, or as `_judged` marks it."""
    told = rows.select(_ROW, _sentence=sentences_expr(section)).explode("_sentence").drop_nulls()
    # reports say the same in the same words: each sentence is judged once, however many say it
    verdicts = _judged(told.select("_sentence").unique())
    judged = told.join(verdicts, on="_sentence", how="left", maintain_order="left")
    return judged.group_by(_ROW, maintain_order=True).agg(pl.col("_judged").alias(_LIST + section))


def _told(rows: pl.LazyFrame, section: str) -> pl.LazyFrame:
    told = rows.select(_ROW, "study_id", sentence=sentences_expr(section)).explode("sentence").drop_nulls("sentence")
    verdicts = _judged(told.select(_sentence="sentence").unique())
    judged = told.join(verdicts, left_on="sentence", right_on="_sentence", how="left", maintain_order="left")
    mark = pl.when(pl.col("_judged").str.starts_with(_LEFT_OUT)).then(pl.col("_judged").str.slice(1))
    lost = mark.is_in(_LOSES_A_FINDING).any().over(_ROW)
    leans = lost & pl.col("_judged").str.contains(_LEANING)
    kept = pl.when(mark.is_null() & ~leans.fill_null(False)).then("_judged")
    return judged.select(_ROW, "study_id", sentence=pl.col("sentence").str.strip_chars(" "), kept=kept)


def _judged(sentences: pl.LazyFrame) -> pl.LazyFrame:
    """Add `_judged`: the sentence as it may stand in a target, or the mark and name of the rule that leaves it out."""
    cut = sentences.with_columns(_text=pl.col("_sentence").str.strip_chars(" "))
    cut = cut.with_columns(_untitled=pl.col("_text").str.replace(_TITLE_PREFIX, ""))
    cut = cut.with_columns(_rest=pl.col("_untitled").str.replace(_CLAUSE, ""))
    sentence, untitled, rest = pl.col("_text"), pl.col("_untitled"), pl.col("_rest")
    compared = (rest != untitled) & (~rest.str.contains(_PRESENT) | rest.str.contains(_COMPARATIVE))
    kept = _ended(rest, rest != sentence)
    return cut.select("_sentence", _judged=pl.coalesce(_code(sentence, rest, compared).pipe(_mark), kept))


def _code(sentence: pl.Expr, rest: pl.Expr, compared: pl.Expr) -> pl.Expr:
    """Name of the first rule that leaves the sentence out, empty where it holds no word; null where it may stay."""
    tests = [(~sentence.str.contains("[A-Za-z]{2}"), ""), (sentence.str.contains(_VIEW_TITLE), "view_title")]
    for rule in RULES[1:-1]:
        met = cues(rule).met(rest)
        tests.append((compared | met if rule == "prior" else met, rule))
    named = [pl.when(test).then(pl.lit(rule)) for test, rule in tests]
    return pl.coalesce(*named)


def _ended(rest: pl.Expr, cut: pl.Expr) -> pl.Expr:
    """The sentence with a full stop, and a capital where a clause was cut off before it."""
    ended = (
        rest.str.replace(r"[\s,;:]*$", "").str.replace(r"\s*\.[\s.]*$", ".").str.replace(r"([^.?!\"')\]])$", "${1}.")
    )
    capital = pl.concat_str(ended.str.slice(0, 1).str.to_uppercase(), ended.str.slice(1))
    return pl.when(cut).then(capital).otherwise(ended)


def _judged_again(judged: pl.Expr) -> pl.Expr:
    """The same, with sentences left out that lean on one that was."""
    lost = pl.any_horizontal(_count(judged, rule) > 0 for rule in _LOSES_A_FINDING)
    leaning = pl.when(pl.element().str.contains(_LEANING)).then(_mark(pl.lit("leaning"))).otherwise(pl.element())
    return pl.when(lost).then(judged.list.eval(leaning)).otherwise(judged)


def _mark(rule: pl.Expr) -> pl.Expr:
    return pl.lit(_LEFT_OUT) + rule


def _kept() -> pl.Expr:
    return pl.element().filter(~pl.element().str.starts_with(_LEFT_OUT))


def _count(judged: pl.Expr, rule: str) -> pl.Expr:
    return judged.list.count_matches(_LEFT_OUT + rule).fill_null(0)


def _joined(judged: pl.Expr) -> pl.Expr:
    text = judged.list.eval(_kept()).list.join(" ")
    return pl.when(text != "").then(text)
