"""View, sex, age and devices of what each row shows, as the sources state them: by these an evaluation is parted.

A row that shows several pictures or studies has a value where all of them have it, and `several` where two differ. Null
is unknown: not stated of one of them, or the facets of the build are gone. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import polars as pl

from cxdata.build.builds import Build
from cxdata.build.used import STUDY, states_of, study_of
from cxdata.mix.behind import age_band
from cxdata.model.states import Effective
from cxdata.model.vocabulary import vocabulary
from cxdata.sources.base import Source

STRATA: Final = ("view", "sex", "age_band", "support_devices")
SEVERAL: Final = "several"
DEVICES: Final = "Support Devices"
_KIND: Final = "device"
_PICTURES: Final = {
    "source": pl.String(), "image_id": pl.String(), "picture_study": pl.String(), "view": pl.String(),
}  # fmt: skip
_STUDIES: Final = {
    "source": pl.String(), STUDY: pl.String(), "sex": pl.String(), "age_band": pl.String(),
    "support_devices": pl.String(),
}  # fmt: skip


class Strata(NamedTuple):
    """source, image_id, picture_study and view of pictures; source, study_id and the other STRATA of studies."""

    pictures: pl.DataFrame
    studies: pl.DataFrame


def strata_of(found: Sequence[Build], sources: Mapping[str, Source], image_ids: pl.Series) -> Strata:
    """What the builds state of these pictures and of every study."""
    wanted = image_ids.unique().to_frame("image_id").lazy()
    pictures = [_pictures(build, path, wanted) for build in found for path in build.shards("images")]
    shown = pl.concat([pl.LazyFrame(schema=_PICTURES), *pictures]).unique(["source", "image_id"])
    studies = pl.concat([pl.DataFrame(schema=_STUDIES), *(_studies(build, sources) for build in found)])
    return Strata(shown.collect(), studies.unique(["source", STUDY]))


def with_strata(rows: pl.DataFrame, known: Strata) -> pl.DataFrame:
    """The rows, in order, with STRATA; `rows` has source, study_key and image_ids.

    A row without pictures is about its own study and has no view.
    """
    each = rows.select("source", own_study=study_of(), image_id="image_ids").with_row_index("_row")
    each = each.explode("image_id", empty_as_null=True)
    seen = each.join(known.pictures, on=["source", "image_id"], how="left").with_columns(
        study_id=pl.when(pl.col("image_id").is_null()).then("own_study").otherwise("picture_study")
    )
    told = seen.join(known.studies, on=["source", STUDY], how="left")
    by_row = told.group_by("_row").agg(_agreed(name).alias(name) for name in STRATA).sort("_row")
    return rows.hstack(by_row.drop("_row"))


def _agreed(name: str) -> pl.Expr:
    """What all have, `several` where two differ, null where one is unknown."""
    value = pl.col(name)
    differ = value.drop_nulls().n_unique() > 1
    return pl.when(differ).then(pl.lit(SEVERAL)).when(value.null_count() == 0).then(value.first())


def _pictures(build: Build, path: object, wanted: pl.LazyFrame) -> pl.LazyFrame:
    scan = pl.scan_parquet(str(path), glob=False).join(wanted, on="image_id", how="semi")
    view = pl.when(pl.col("view") != "UNKNOWN").then("view")
    return scan.select(_source(build), "image_id", picture_study=study_of(), view=view)


def _studies(build: Build, sources: Mapping[str, Source]) -> pl.DataFrame:
    path = build.home / "facets/studies.parquet"
    if not path.is_file():
        return pl.DataFrame(schema=_STUDIES)
    told = pl.scan_parquet(path, glob=False).select(STUDY, "sex", age_band=age_band())
    joined = told.join(_devices(build, sources), on=STUDY, how="left")
    return joined.select(_source(build), STUDY, "sex", "age_band", "support_devices").collect()


def _devices(build: Build, sources: Mapping[str, Source]) -> pl.LazyFrame:
    """study_id and `support_devices`: present (any device is), uncertain or absent; null where it is not stated.

    Wires and osteosynthesis are devices of the vocabulary too. Silence about devices says nothing: of 100 studies whose
    labels do not mention them, 25 show some. Absent is what is stated of Support Devices as such.
    """
    slug = str((build.record() or {}).get("source"))
    names = tuple(finding.name for finding in vocabulary().findings if finding.kind == _KIND)
    states = states_of(build, sources[slug].manifest, names) if slug in sources else None
    if states is None:
        return pl.LazyFrame(schema={STUDY: pl.String, "support_devices": pl.String})
    whole = pl.col("state").filter(pl.col("finding") == DEVICES).first()
    present = pl.col("state").is_in([int(Effective.PRESENT), int(Effective.IMPLIED_PRESENT)]).any()
    open_states = (Effective.UNCERTAIN, Effective.IMPLIED_UNCERTAIN, Effective.CONFLICT)
    uncertain = pl.col("state").is_in([int(state) for state in open_states]).any()
    word = (
        pl.when(whole == int(Effective.CONFLICT)).then(pl.lit("uncertain")).when(present).then(pl.lit("present"))
        .when(uncertain).then(pl.lit("uncertain")).when(whole == int(Effective.ABSENT)).then(pl.lit("absent"))
    )  # fmt: skip
    return states.group_by(STUDY).agg(word.alias("support_devices"))


def _source(build: Build) -> pl.Expr:
    return pl.lit(str((build.record() or {}).get("source"))).alias("source")
