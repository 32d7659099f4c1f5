"""Facet tables for tasks on texts, boxes and native questions, beside those of `facets_for_tests`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from facets_for_tests import FOURTEEN, Study

from cxdata.model.facets import FACETS, conform
from cxdata.model.hashing import stable_hash
from cxdata.tasks.base import Material

# How a made-up report tells each state; no word of these tells view, age or sex.
TOLD = {
    "Pleural Effusion": ("There is a {} pleural effusion on the left.", "There is no pleural effusion."),
    "Pneumothorax": ("A {} pneumothorax is seen at the right apex.", "No pneumothorax is seen."),
    "Edema": ("There is {} pulmonary edema in both lungs.", "There is no pulmonary edema."),
    "Consolidation": ("A {} consolidation fills the right lower lobe.", "There is no focal consolidation."),
    "Cardiomegaly": ("The heart is enlarged to a {} degree.", "Heart size is normal."),
    "Fracture": ("A {} fracture of a left rib is seen.", "No fracture is seen."),
}
DEGREES = (
    "small",
    "mild",
    "moderate",
    "large",
    "faint",
    "marked",
    "subtle",
    "patchy",
    "vague",
    "dense",
    "slight",
    "wide",
)


def chance(key: str, n: int) -> int:
    """A number below n that depends on the key alone."""
    return stable_hash(0, key, "test") % n


def report_of(name: str, states: Mapping[str, str]) -> str:
    """A text that says what the states say, in words that vary with the name."""
    told = []
    for finding, state in states.items():
        if finding in TOLD and state != "uncertain":
            text = TOLD[finding][state == "absent"]
            told.append(text.format(DEGREES[chance(f"{name} {finding}", len(DEGREES))]))
    return " ".join(
        [*told, f"The spine shows {DEGREES[chance(name, len(DEGREES))]} changes at level {chance(name, 997)}."]
    )


def labelled_study(name: str, **kinds: Any) -> Study:
    """A study with states by hash, and a report that tells them."""
    draws = {finding: chance(f"{name}/{finding}", 4) for finding in TOLD}
    states = {finding: ("present", "absent", "absent", "")[draw] for finding, draw in draws.items()}
    states = {finding: state for finding, state in states.items() if state}
    return Study(name, {"tool": states}, report={"findings": report_of(name, states)}, **kinds)


def cohort(n: int) -> list[Study]:
    """Studies of patients with two studies each, in three splits, two views and two age bands."""
    return [
        labelled_study(
            f"s{i}", patient=f"p{i // 2}", split=("train", "train", "train", "val", "test")[i // 2 % 5],
            views=("PA", "LATERAL") if chance(f"view {i}", 2) else ("AP",),
            age=(30.0, 70.0)[chance(f"age {i // 2}", 2)],
        )
        for i in range(n)
    ]  # fmt: skip


def with_facet(of: Material, name: str, rows: Sequence[Mapping[str, Any]]) -> Material:
    """The material with one more facet; what a row lacks is null."""
    schema = FACETS[name]
    full = [[row.get(column) for column in schema] for row in rows]
    frame = conform(name, pl.DataFrame(full, schema=schema, orient="row"))
    return dataclasses.replace(of, facets={**of.facets, name: frame.lazy()})


def with_sizes(of: Material, width: int, height: int) -> Material:
    """The material with pictures of that size."""
    images = of.facets["images"].with_columns(
        pl.lit(width, pl.Int32).alias("width"), pl.lit(height, pl.Int32).alias("height")
    )
    return dataclasses.replace(of, facets={**of.facets, "images": images})


def reversed_rows(of: Material) -> Material:
    """The same facets with their rows in the opposite order."""
    turned = {name: frame.collect().reverse().lazy() for name, frame in of.facets.items()}
    return dataclasses.replace(of, facets=turned)


assert set(TOLD) <= set(FOURTEEN)
