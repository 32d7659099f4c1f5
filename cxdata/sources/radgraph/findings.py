"""Findings from graphs: what the marked observations state of the whole film, and what they leave open.

An observation states a finding where its words name one (`labels.yaml`) and its place does not make it another thing:
the emphysema of soft tissue is none of the lung. A denial is of the film as a whole only where nothing narrows it: "no
large effusion" and "no effusion on the right" leave open whether there is one, so that the finding is in conflict and
never asked about, unless it is stated present elsewhere. What is said to be gone states nothing.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from cxdata.sources.native import native_labels
from cxdata.sources.tables import ROW

LABELS: Final = native_labels(__file__)
LUNG: Final = frozenset({
    "lung", "lungs", "pulmonary", "lobe", "lobes", "base", "bases", "basilar", "bibasilar", "apex", "apices", "apical",
    "lingula", "lingular", "parenchymal",
})  # fmt: skip
ELSEWHERE: Final = {  # the places that make another thing of the finding
    "Pleural Effusion": frozenset({"pericardial", "pericardium", "joint"}),
    "Edema": frozenset({"subcutaneous", "soft", "tissue", "tissues", "wall", "laryngeal", "bowel"}),
    "Emphysema": frozenset({"subcutaneous", "soft", "tissue", "tissues", "wall", "mediastinal", "neck"}),
    "Fibrosis": frozenset({"pleural"}),
}  # fmt: skip
NEEDS_LUNG: Final = ("Nodule", "Mass")
WHOLE: Final = (
    "lung", "lungs", "pulmonary", "parenchymal", "parenchyma", "interstitial", "alveolar", "airspace", "air", "space",
    "spaces", "pleural", "pleura", "chest", "thorax", "thoracic", "cardiopulmonary", "bony", "osseous", "both",
    "bilateral", "bilaterally", "focal",
)  # fmt: skip
"""Words beside a denial that do not narrow it."""
GONE: Final = frozenset({"resolved", "removed", "cleared", "prior", "previous", "previously", "resolution"})


def stated(entities: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """One row a report and finding that it speaks of: row, native_label, state (null: in conflict).

    Present before uncertain before a denial of something narrower before absent.
    """
    told = _mentions(entities, links).with_columns(finding=LABELS.finding())
    words, beside = pl.col("beside"), pl.col("beside").list
    elsewhere = pl.any_horizontal(
        (pl.col("finding") == name) & words.list.set_intersection(list(places)).list.len().gt(0)
        for name, places in ELSEWHERE.items()
    )
    no_lung = pl.col("finding").is_in(NEEDS_LUNG) & beside.set_intersection(sorted(LUNG)).list.len().eq(0)
    gone = beside.set_intersection(sorted(GONE)).list.len() > 0
    is_narrow = (pl.col("kind") == "absent") & (beside.set_difference(list(WHOLE)).list.len() > 0)
    said = told.filter(~elsewhere, ~(no_lung & (pl.col("kind") != "absent"))).with_columns(
        rank=pl.when(gone | is_narrow).then(1)
        .otherwise(pl.col("kind").replace_strict({"present": 3, "uncertain": 2, "absent": 0}, return_dtype=pl.Int32))
    )  # fmt: skip
    first = said.sort(ROW, "finding", pl.col("rank").neg(), "native_label").unique(
        [ROW, "finding"], keep="first", maintain_order=True
    )
    state = pl.col("rank").replace_strict({0: "absent", 2: "uncertain", 3: "present"}, default=None)
    return first.select(ROW, "native_label", "finding", state=state.cast(pl.String))


def agreed(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """What two labellers state alike; where they differ, or one says nothing, the state is null."""
    both = one.join(other, on=[ROW, "finding"], how="full", coalesce=True)
    state = pl.when(pl.col("state") == pl.col("state_right")).then("state")
    return both.select(
        ROW, "finding", native_label=pl.coalesce("native_label", "native_label_right"), state=state
    ).sort(ROW, "finding")  # fmt: skip


def _mentions(entities: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """One row an observation that names a finding: row, native_label, kind, `beside` (words that belong to it)."""
    told = entities.with_columns(native_label=pl.col("words").str.to_lowercase())
    named = told.filter(pl.col("native_label").is_in(LABELS.all), pl.col("kind") != "anatomy")
    near = links.filter(pl.col("relation") != "suggestive of")
    at = near.filter(pl.col("relation") == "located at").select(ROW, place="subject", near="object")
    modifying = near.filter(pl.col("relation") == "modify").select(ROW, place="object", near="subject")
    place_words = at.join(modifying.rename({"place": "near", "near": "far"}), on=[ROW, "near"]).select(
        ROW, "place", near="far"
    )
    pairs = pl.concat([at, modifying, place_words]).unique()
    words = pairs.join(told.select(ROW, near="place", word="native_label"), on=[ROW, "near"])
    beside = words.with_columns(pl.col("word").str.split(" ")).explode("word").group_by(ROW, "place").agg(
        beside=pl.col("word").unique().sort()
    )  # fmt: skip
    nothing = pl.lit([], pl.List(pl.String))
    return named.join(beside, on=[ROW, "place"], how="left").select(
        ROW, "native_label", "kind", beside=pl.coalesce("beside", nothing)
    )
