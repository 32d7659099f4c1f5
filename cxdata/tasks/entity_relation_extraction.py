"""Entities and relations of a report: the text in, a line for each entity out. Text alone.

The answer has a line for each entity in the order of the text: its number, its words as they stand, its kind (anatomy,
or an observation that is present, uncertain or absent), and its relations (modify, located at, suggestive of), each
with the number of the other entity:

    1 | Small | present | modify 4
    2 | left | anatomy | modify 3
    3 | pleural | anatomy
    4 | effusion | present | located at 3
    5 | pneumothorax | absent

Several relations of one entity stand behind a comma. An entity whose words hold an upright stroke would break the form:
its text is left out.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.tasks.base import Asked, Material, Task
from cxdata.tasks.visual_question_answering import MARKS

NAME: Final = "entity_relation_extraction"
BAR: Final = " | "


def ask(material: Material) -> Asked:
    """One row a text with entities, of a study that has a split."""
    told = material.facets["statements"].filter(pl.col("entities").list.len() > 0)
    cases = material.cases.lazy().select("study_id")
    texts = told.join(cases, on="study_id").with_row_index("text").collect()
    broken = pl.col("entities").list.eval(pl.element().struct.field("words").str.contains("|", literal=True)).list.any()
    sound = texts.filter(~broken, ~pl.col("sentence").str.contains(MARKS))
    lines = _lines(sound)
    rows = sound.join(lines, on="text", maintain_order="left").select(
        "study_id", "origin_file", "origin_row", "reference", "answer", context="sentence",
        image_ids=pl.lit([], pl.List(pl.String)), sample_id=material.sample_id(NAME, pl.col("statement_id")),
        wording_group=pl.lit("any"),
    )  # fmt: skip
    steps = (("texts with entities", told.select(pl.len()).collect().item()), ("of a study with a split", texts.height),
             ("that fit the form", rows.height))  # fmt: skip
    return Asked(rows, [(step, int(count), "questions") for step, count in steps])


def _lines(texts: pl.DataFrame) -> pl.DataFrame:
    """The answer of each text: `text` and `answer`."""
    entities = texts.select("text", entity="entities", place=pl.int_ranges(pl.col("entities").list.len()))
    entities = entities.explode("entity", "place").unnest("entity")
    relations = texts.select("text", relation="relations").filter(pl.col("relation").list.len() > 0)
    relations = relations.explode("relation").unnest("relation").rename({"kind": "how"})
    of_entity = relations.sort("text", "subject", "object", "how").group_by(
        "text", place=pl.col("subject").cast(pl.Int64), maintain_order=True
    ).agg(relations=pl.format("{} {}", "how", pl.col("object") + 1).str.join(", "))  # fmt: skip
    lines = entities.join(of_entity, on=["text", "place"], how="left").sort("text", "place")
    parts = [pl.format("{}", pl.col("place") + 1), pl.col("words"), pl.col("kind"), pl.col("relations")]
    line = pl.concat_str(parts, separator=BAR, ignore_nulls=True)
    return lines.with_columns(line=line).group_by("text", maintain_order=True).agg(answer=pl.col("line").str.join("\n"))


TASKS: Final = (
    Task(
        name=NAME, version=1, domain="language", answer_type="free_text", stage="sft", level="extraction",
        reward="free_text", facets=("studies", "images", "statements"), ask=ask,
    ),
)  # fmt: skip
