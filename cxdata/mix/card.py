"""The card of a stage folder (README.md), made from the rows; what it shall tell: medicine, section 10."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final

import polars as pl

from cxdata.mix import card_findings as on
from cxdata.mix.behind import BANDS
from cxdata.mix.dropped import in_words
from cxdata.mix.facts import Facts
from cxdata.mix.markdown import folded, table
from cxdata.mix.patients import Resolved
from cxdata.sources.base import Source

HEADER: Final = (
    "This folder was written by `cxdata mix`. It is for research on models of chest radiographs, not for clinical use."
)
USE: Final = (
    "Intended use: to train and evaluate research models that answer questions about chest radiographs. Not for "
    "clinical use: neither the answers nor a model trained on them may guide the care of a patient. Labels are those "
    "of the sources, with their errors; what no source states is not absent here unless the kind of negative says so."
)


def card(content: Mapping[str, Any], sources: Mapping[str, Source], facts: Facts, people: Resolved) -> str:
    """The text of README.md. `content` is that of mix.json."""
    rows = content["rows"]
    parts: list[tuple[str, list[str]]] = [
        ("Sources", _sources(content, sources)),
        ("Tasks", table(["task", "rows"], content["by_task"].items())),
        ("Findings", on.findings(facts)),
        ("Negatives", on.negatives(facts)),
        ("Guessed without the picture", _baseline(content["text_only"])),
        ("Error of labels read from reports", on.label_error(facts)),
        ("Traces", _traces(content["traces"])),
        ("Views, age and sex", _people(facts)),
        ("Overlap of patients", [*_overlap(content, people), *_unknown(content["unknown"])]),
        ("Rows left out", _dropped(content["dropped"])),
        ("Findings left out", on.left_out(facts)),
        ("What the findings mean", on.definitions(facts)),
        ("To cite", _papers(content, sources)),
    ]  # fmt: skip
    lines = [
        f"# Stage `{content['stage']}`, format `{content['format']}`", "", HEADER, "", USE, "",
        f"{rows['train']:,} rows of train, {rows['val']:,} of val, {rows['test']:,} of test. `mix.json` holds the",
        "config, every count and the sha256 of every file; `cxdata validate` and `cxdata split-check` check it.",
        *(line for title, body in parts if body for line in ("", f"## {title}", "", *body)), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _sources(content: Mapping[str, Any], sources: Mapping[str, Source]) -> list[str]:
    rows, terms = [], []
    for slug, n in content["by_source"].items():
        manifest = sources[slug].manifest
        shared = "no" if manifest.restricted else "see its licence"
        version = content["versions"].get(slug) or "not told"
        rows.append((f"{manifest.title} (`{slug}`)", version, n, manifest.licence, shared))
        if manifest.restricted:
            terms.append(f"- `{slug}`: {manifest.terms}")
    told = ["", "What may not be shared, may not be shared from here either, nor anything derived from it:", "", *terms]
    return [*table(["source", "version", "rows", "licence", "may be shared"], rows), *(told if terms else [])]


def _papers(content: Mapping[str, Any], sources: Mapping[str, Source]) -> list[str]:
    return folded("Papers", [f"- {one}" for slug in content["by_source"] for one in sources[slug].manifest.citations])


def _traces(told: Mapping[str, Any]) -> list[str]:
    if not told["rows"]:
        return ["No gold is a trace."]
    words = (
        f"The golds of {told['rows']:,} rows are traces of the writer `{told['writer']}`: rationales composed from "
        f"reports and boxes, no record of how anyone looked. Of their steps, {told['silent_share']:.1%} rest on "
        "silence or a label alone. Nobody has read these very traces: `docs/traces.md` tells what reading some found."
    )
    return [words, "", *table(["basis", "steps"], told["steps"].items())]


def _baseline(told: Mapping[str, Mapping[str, Any]]) -> list[str]:
    if not told:
        return ["No task with options has rows enough to be judged."]
    rows = [
        (task, one["n"], f"{one['accuracy']:.3f}", f"{one['chance']:.3f}", f"{one['majority']:.3f}")
        for task, one in told.items()
    ]  # fmt: skip
    return table(["task", "rows judged", "guessed", "chance", "commonest answer"], rows)


def _people(facts: Facts) -> list[str]:
    age, sex, view = facts.behind
    return [
        "Studies and pictures behind the rows, each once; what a source does not state is not guessed.", "",
        *_crossed(view, "pictures by view", ()), "", *_crossed(age, "studies by age", BANDS), "",
        *_crossed(sex, "studies by sex", ()),
    ]  # fmt: skip


def _crossed(counts: pl.DataFrame, title: str, order: tuple[str, ...]) -> list[str]:
    found = counts["is"].unique().sort().to_list()
    columns = sorted(found, key=lambda name: (order.index(name) if name in order else len(order), name))
    cells = {(source, name): n for source, name, n in counts.iter_rows()}
    rows = [
        (source, *(cells.get((source, name), 0) for name in columns)) for source in counts["source"].unique().sort()
    ]
    return table([title, *columns], rows) or ["There is none."]


def _overlap(content: Mapping[str, Any], people: Resolved) -> list[str]:
    told = ["Every patient has one split over all sources, the strictest that any gives."]
    here = set(content["by_source"])
    counts: Counter[tuple[str, str]] = Counter()
    shared = people.patients.filter(pl.col("sources").list.len() > 1)
    groups = shared.group_by("sources").agg(pl.col("person").n_unique()).iter_rows()
    for slugs, n in groups:
        for pair in combinations(sorted(here & set(slugs)), 2):
            counts[pair] += n
    rows = [(one, other, n) for (one, other), n in sorted(counts.items())]
    told += ["", *table(["source", "and", "patients in both builds"], rows)] if rows else []
    alike = content["duplicates"]
    if alike is not None:
        told += ["", f"{alike['pairs']:,} pairs of pictures that look alike were found."]
    return told


def _unknown(pairs: list[list[str]]) -> list[str]:
    if not pairs:
        return []
    return [
        "",
        "Whether these share patients is not known:",
        "",
        *(f"- {one} and {other}: {why}" for one, other, why in pairs),
    ]


def _dropped(dropped: Mapping[str, int]) -> list[str]:
    return table(
        ["code", "rows", "because", "how to get them back"], [(f"`{code}`", *rest) for code, *rest in in_words(dropped)]
    ) or ["None."]
