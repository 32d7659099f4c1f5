"""Near-duplicate pictures: found by bands of their fingerprints, and resolved toward the stricter split.

Fingerprints that differ in at most eight bits agree in one of nine bands, so only pictures that share a band are
compared, and of those that share it only neighbours: the cost grows with the pictures, not with their pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from cxdata.images.perceptual import BANDS, MIN_QUALITY
from cxdata.mix.components import components
from cxdata.mix.fingerprints import BAND_COLUMNS
from cxdata.mix.patients import Resolved
from cxdata.mix.splits import DROP_CODE
from cxdata.model.patients import split_rank

MAX_DISTANCE: Final = BANDS - 1
"""Bits in which near-duplicates may differ. Measured (docs/patients.md): copies of a real radiograph, encoded anew or
made smaller, differ in up to 8 bits, those of different patients in 80 and more; painted ones of different patients in
10 and more."""
NEIGHBOURS: Final = 32
"""With how many others of its band a fingerprint is compared at most."""
DUPLICATE: Final = "near_duplicate"
"""Code of rows that show a near-duplicate of a picture in a stricter split."""


class Duplicates(NamedTuple):
    """Pairs of pictures that look alike, and how many fingerprints were not compared with all that share a band.

    `pairs`: image_id, other_image_id, distance (bits), source, other_source, split, other_split, same_person. Of many
    pictures with one fingerprint each is paired with the first. `too_plain`: pictures that hold too little to be known
    by (or cannot be read), which are in no pair.
    """

    pairs: pl.DataFrame
    crowded: int
    too_plain: int


def duplicates(pictures: pl.DataFrame, resolved: Resolved, max_distance: int = MAX_DISTANCE) -> Duplicates:
    """Pairs among pictures (`fingerprints.fingerprints` of all builds); `max_distance` is at most 8."""
    patients = resolved.patients.select("patient_key", "person", "split")
    shown = pictures.filter(pl.col("quality") >= MIN_QUALITY).sort("image_id")
    looks = shown.unique(BAND_COLUMNS, keep="first", maintain_order=True).with_row_index("look")
    near, crowded = _near(looks.select("look", *BAND_COLUMNS), max_distance)
    found = pl.concat([_same(shown, looks), _named(near, looks)])
    about = shown.select("image_id", "source", "patient_key").join(patients, on="patient_key", how="left")
    return Duplicates(_told(found, about), crowded, pictures.height - shown.height)


def looser(pairs: pl.DataFrame) -> pl.Series:
    """The image ids that a mix without near-duplicates leaves out: each that looks like a picture in a stricter split.

    Likeness is followed through all pairs, so that copies of copies go too.
    """
    ends = [
        pairs.select("image_id", "split"),
        pairs.select(image_id="other_image_id", split="other_split"),
    ]
    pictures = pl.concat(ends).unique().with_columns(rank=split_rank("split")).sort("image_id")
    clusters = components(pictures["image_id"].unique(maintain_order=True), pairs.select("image_id", "other_image_id"))
    named = pictures.join(clusters, left_on="image_id", right_on="node")
    return named.filter(pl.col("rank") < pl.col("rank").max().over("name"))["image_id"]


def without(samples: pl.LazyFrame, image_ids: pl.Series) -> pl.LazyFrame:
    """The samples with the drop code of near-duplicates where a row shows one of the pictures and has no code yet."""
    gone = image_ids.rename("image_id").to_frame().lazy()
    shows = samples.select("sample_id", image_id="image_ids").explode("image_id").join(gone, on="image_id", how="semi")
    hit = shows.select("sample_id", _hit=pl.lit(DUPLICATE)).unique("sample_id")
    rows = samples.join(hit, on="sample_id", how="left", maintain_order="left")
    return rows.with_columns(pl.coalesce(DROP_CODE, "_hit").alias(DROP_CODE)).drop("_hit")


def _near(looks: pl.DataFrame, max_distance: int) -> tuple[pl.DataFrame, int]:
    """Pairs of looks (a < b) with their distance, and how many looks share a band with more than are compared."""
    parts = [pl.DataFrame(schema={"a": pl.UInt32, "b": pl.UInt32, "distance": pl.UInt32})]
    crowded = [pl.DataFrame(schema={"look": pl.UInt32})]
    for band in BAND_COLUMNS:
        crowd = looks.filter(pl.col(band).is_duplicated()).sort(band, *BAND_COLUMNS)
        # Only near pairs are kept of each step, so that memory does not grow with what is compared.
        parts += [pairs.filter(pl.col("distance") <= max_distance) for pairs in _neighbours(crowd, band)]
        crowded.append(crowd.filter(pl.len().over(band) > NEIGHBOURS + 1).select("look"))
    return pl.concat(parts).unique(), pl.concat(crowded)["look"].n_unique()


def _neighbours(crowd: pl.DataFrame, band: str) -> Iterator[pl.DataFrame]:
    """The pairs of one band, whose looks stand side by side: first each with the next, then with the one after."""
    for shift in range(1, min(NEIGHBOURS, crowd.height - 1) + 1):
        later = crowd.slice(shift).select(pl.all().name.prefix("next_"))
        pairs = pl.concat([crowd.head(later.height), later], how="horizontal")
        alike = pairs.filter(pl.col(band) == pl.col(f"next_{band}"))
        if alike.is_empty():
            return
        bits = [(pl.col(name) ^ pl.col(f"next_{name}")).bitwise_count_ones() for name in BAND_COLUMNS]
        yield alike.select(
            a=pl.min_horizontal("look", "next_look"), b=pl.max_horizontal("look", "next_look"),
            distance=pl.sum_horizontal(bits),
        )  # fmt: skip


def _same(shown: pl.DataFrame, looks: pl.DataFrame) -> pl.DataFrame:
    """Each further picture of a fingerprint beside the first one."""
    firsts = looks.select(*BAND_COLUMNS, first="image_id")
    rows = shown.join(firsts, on=BAND_COLUMNS).filter(pl.col("image_id") != pl.col("first"))
    return rows.select(image_id="first", other_image_id="image_id", distance=pl.lit(0, pl.UInt32))


def _named(pairs: pl.DataFrame, looks: pl.DataFrame) -> pl.DataFrame:
    ids = looks["image_id"]
    return pairs.select(
        image_id=ids.gather(pairs["a"]),
        other_image_id=ids.gather(pairs["b"]),
        distance="distance",
    )


def _told(found: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    other = about.select(pl.all().name.prefix("other_"))
    rows = found.join(about, on="image_id").join(other, on="other_image_id")
    return rows.select(
        "image_id", "other_image_id", "distance", "source", "other_source", "split", "other_split",
        same_person=pl.col("person").eq_missing(pl.col("other_person")),
    ).sort("image_id", "other_image_id")  # fmt: skip
